package world

import (
	"fmt"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// simColumns are the columns of a list of SIMs.
var simColumns = tablefile.Columns{
	Names: []string{
		"iccid", "id", "imsi", "msisdn", "eid", "workspace", "issuer", "reseller", "status", "production_date",
		"activation_date", "device", "model", "bic",
	},
	Aliases:  map[string][]string{"iccid": {"sim iccid", "iccid 19", "iccid number", "iccids", "ccid", "iccid with luhn", "iccid 20", "iccid luhn"}},
	Required: []string{"iccid"}, Singular: "a SIM",
}

// row is one row of a list.
type row struct {
	tablefile.Row
	line     int
	table    *tablefile.Table
	problems *fleet.Problems
}

func (r *row) fault(column string, code fleet.Code, format string, args ...any) {
	r.problems.AddAt(r.line, code, "%s: %s", column, fmt.Sprintf(format, args...))
}

// dates are the columns in which a workbook may hold a day as a number.
var dates = []string{"production_date", "activation_date", "created"}

// texts are the columns with free text; in all others quotation marks around values are
// ignored.
var texts = []string{"name", "tags"}

// value returns the value of a cell, "" for none.
func (r *row) value(i int) (string, error) {
	column, cell := r.table.Columns[i], r.Cells[i]
	if slices.Contains(texts, column) {
		return tablefile.Value(cell), nil
	}
	value := tablefile.Digits(cell)
	const exact = 15 // digits that a spreadsheet preserves
	switch {
	case value == "" || !r.Number(i):
	case slices.Contains(dates, column):
		return r.table.Date(value)
	case column == "iccid" || len(value) > exact:
		return "", tablefile.RoundedNumber(value)
	}
	return value, nil
}

// sim reads the values of one row.
func (r *row) sim() fleet.SIM {
	var s fleet.SIM
	for i, column := range r.table.Columns {
		value, err := r.value(i)
		if err == nil && value != "" {
			err = set(&s, column, value)
		}
		switch {
		case err != nil:
			r.fault(column, fleet.InvalidFormat, "%v", err)
		case value == "" && column == "iccid":
			r.fault(column, fleet.Required, "it is empty: fill it in or remove the line")
		}
	}
	return s
}

// written returns the ICCID as written in the file.
func (r *row) written() string { return r.Cells[slices.Index(r.table.Columns, "iccid")] }

// set puts one value into its field; columns are the known ones.
func set(s *fleet.SIM, column, value string) (err error) {
	switch column {
	case "iccid":
		s.ICCID, err = tablefile.ICCID(value)
	case "id":
		s.ID, err = parseID[fleet.SIMID](value)
	case "imsi":
		s.IMSI, err = parseIMSI(value)
	case "msisdn":
		s.MSISDN, err = parseMSISDN(value)
	case "eid":
		s.EID, err = parseEID(value)
	case "workspace":
		s.Workspace, err = parseID[fleet.WorkspaceID](value)
	case "issuer":
		s.Issuer, err = parseID[fleet.WorkspaceID](value)
	case "reseller":
		s.Reseller, err = parseID[fleet.WorkspaceID](value)
	case "status":
		s.Status, err = parseStatus(value)
	case "production_date":
		s.Produced, err = parseDate(value)
	case "activation_date":
		s.Activated, err = parseDate(value)
	case "device":
		s.Device, err = parseID[fleet.DeviceID](value)
	case "model":
		s.Model, err = parseID[fleet.ModelID](value)
	case "bic":
		s.BIC, err = parseBIC(value)
	}
	return err
}

func parseID[T ~int64](s string) (T, error) {
	n, ok := wholeNumber(s)
	if !ok {
		return 0, fmt.Errorf("%q is not a valid id: write a whole number from 1", clip(s))
	}
	return T(n), nil
}

// parseStatus also accepts the API's name of a status, which exports contain.
func parseStatus(s string) (fleet.SIMStatus, error) {
	word := strings.ReplaceAll(strings.ToLower(s), " ", "_")
	status, ok := fleet.ByKeyword(fleet.SIMStatuses, word)
	if !ok {
		return 0, fmt.Errorf("%q is unknown: write one of %s", clip(s), fleet.Keywords(fleet.SIMStatuses))
	}
	return status, nil
}
