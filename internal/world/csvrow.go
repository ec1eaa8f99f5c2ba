package world

import (
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// table is a kind of CSV file: the columns that it may have, and the one that it must.
type table struct {
	columns  []string
	required string
}

var simTable = table{required: "iccid", columns: []string{
	"iccid", "id", "imsi", "msisdn", "eid", "workspace", "issuer", "reseller", "status", "production_date",
	"activation_date", "device", "model", "bic",
}}

// row is one line of a list.
type row struct {
	line     int
	problems *problems
}

func (r *row) fault(column string, code fleet.Code, format string, args ...any) {
	r.problems.add(r.line, code, "%s: %s", column, fmt.Sprintf(format, args...))
}

// sim reads the values of one line; both slices have the same length.
func (r *row) sim(columns, record []string) fleet.SIM {
	var s fleet.SIM
	for i, column := range columns {
		value := tablefile.Value(record[i])
		switch {
		case value != "":
			if err := set(&s, column, value); err != nil {
				r.fault(column, fleet.InvalidFormat, "%v", err)
			}
		case column == "iccid":
			r.fault(column, fleet.Required, "it is empty: fill it in or remove the line")
		}
	}
	return s
}

// set puts one value into its field; columns are the known ones.
func set(s *fleet.SIM, column, value string) (err error) {
	switch column {
	case "iccid":
		s.ICCID, err = parseICCID(value)
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
		s.BIC, err = fleet.ParseBIC(value)
	}
	return err
}

func parseID[T ~int64](s string) (T, error) {
	n, ok := wholeNumber(s)
	if !ok {
		return 0, fmt.Errorf("%q is no id: write a whole number from 1", clip(s))
	}
	return T(n), nil
}

// parseStatus also takes the name that the API gives a status, as exports have it.
func parseStatus(s string) (fleet.SIMStatus, error) {
	word := strings.ReplaceAll(strings.ToLower(s), " ", "_")
	status, ok := fleet.ByKeyword(fleet.SIMStatuses, word)
	if !ok {
		return 0, fmt.Errorf("%q is unknown: write one of %s", clip(s), fleet.Keywords(fleet.SIMStatuses))
	}
	return status, nil
}
