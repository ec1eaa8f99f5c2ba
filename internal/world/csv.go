package world

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// maxBadLines is how many bad lines of a SIM list are named at once.
const maxBadLines = 1000

// SIMList is what a CSV file of SIMs holds, in the file's order.
type SIMList struct {
	// SIMs have zero for whatever the file leaves out: ID, Workspace and Issuer are then
	// the reader's to choose.
	SIMs  []fleet.SIM
	lines []int
}

// Line is the physical line of the file, from 1, on which SIMs[i] stands.
func (l *SIMList) Line(i int) int { return l.lines[i] }

// ReadSIMs reads a CSV file of SIMs. Its first line names the columns, in any order and
// case: iccid is required; id, imsi, msisdn, eid, workspace, issuer, reseller, status and
// production_date may be left out, as may their values. An ICCID has 19 digits, or 20 of
// which the last is the right check digit; status is a word as in the world file, or as
// the API says it (factory_test or Factory Test); dates are RFC 3339 or 2021-11-18. The
// columns are separated by commas, semicolons or tabs.
//
// It returns every SIM or none. Errors are a *fleet.Error ValidationFailed with one of
// Problems per bad value, up to 1000; a failure of r itself is returned as it is.
func ReadSIMs(r io.Reader) (*SIMList, error) {
	p := &problems{limit: maxBadLines}
	in, header, err := openCSV(r, p)
	if err != nil {
		return nil, err
	}
	if p.total > 0 {
		return nil, p.err()
	}
	reader := simReader{in: in, columns: header, problems: p, iccids: map[fleet.ICCID]int{}, ids: map[fleet.SIMID]int{}}
	if err := reader.all(); err != nil {
		return nil, err
	}
	if p.total > 0 {
		return nil, p.err()
	}
	return &reader.list, nil
}

// simReader reads the lines below the header. iccids and ids tell the line on which each
// was first seen.
type simReader struct {
	in       *csv.Reader
	columns  []string
	problems *problems
	list     SIMList
	iccids   map[fleet.ICCID]int
	ids      map[fleet.SIMID]int
}

func (r *simReader) all() error {
	for {
		record, err := r.in.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			r.malformed(bad, record)
		case err != nil:
			return fmt.Errorf("read the SIM list: %w", err)
		case !blank(record):
			r.record(record)
		}
	}
}

// blank tells whether a line has no values: spreadsheets leave such behind.
func blank(record []string) bool { return strings.TrimSpace(strings.Join(record, "")) == "" }

// malformed reports a line that is no CSV; encoding/csv goes on with the next one.
func (r *simReader) malformed(bad *csv.ParseError, record []string) {
	if errors.Is(bad.Err, csv.ErrFieldCount) {
		if blank(record) {
			return
		}
		r.problems.add(bad.StartLine, fleet.InvalidFormat, "it has %d values, the header names %d columns: add or remove separators", len(record), len(r.columns))
		return
	}
	r.problems.add(bad.StartLine, fleet.InvalidFormat, "its quotes are not balanced: put the whole value in quotes, and double each quote inside")
}

func (r *simReader) record(record []string) {
	line, _ := r.in.FieldPos(0)
	before := r.problems.total
	row := row{line: line, problems: r.problems}
	sim := row.sim(r.columns, record)
	firstOf(&row, r.iccids, "iccid", sim.ICCID)
	firstOf(&row, r.ids, "id", sim.ID)
	if r.problems.total == before {
		r.list.SIMs = append(r.list.SIMs, sim)
		r.list.lines = append(r.list.lines, line)
	}
}

// firstOf reports a key that an earlier line has.
func firstOf[K comparable](row *row, seen map[K]int, column string, key K) {
	var none K
	if key == none {
		return
	}
	if line, taken := seen[key]; taken {
		row.fault(column, fleet.Duplicated, "%v is on line %d already: remove one of the two", key, line)
		return
	}
	seen[key] = row.line
}
