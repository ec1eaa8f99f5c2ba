package world

import (
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// Source opens a file again, at its beginning.
type Source func() (io.Reader, error)

// SIMList is a valid CSV file of SIMs. It does not keep them in memory: they are read again on
// demand.
type SIMList struct {
	Count int
	MaxID fleet.SIMID // that the file names; 0 if it names none
	open  Source
}

// SIMLine is a SIM and the physical line of the file, from 1, of it. Fields that the file
// leaves out are zero: the caller then chooses ID, Workspace and Issuer.
type SIMLine struct {
	fleet.SIM
	Line int

	written string // the ICCID as written in the file
}

var errChanged = tablefile.ErrChanged

// SIMs reads the SIMs in the file's order. It ends with the first error: a read error, or a
// file that has changed.
func (l *SIMList) SIMs() iter.Seq2[SIMLine, error] { return again(l.open, l.Count, readSIMs) }

// again reads a file again and checks that the number of lines has not changed.
func again[T any](open Source, count int, read func(Source, *fleet.Problems, func(T, bool) bool) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		n, stopped := 0, false
		p := &fleet.Problems{Limit: 1}
		err := read(open, p, func(line T, sound bool) bool {
			n++
			stopped = sound && !yield(line, nil)
			return sound && !stopped
		})
		switch {
		case stopped:
		case err != nil:
			yield(none, err)
		case p.Total() > 0 || n != count:
			yield(none, errChanged)
		}
	}
}

// ReadSIMs reads a CSV file of SIMs. Its first line names the columns, in any order and case:
// iccid is required; the others that simTable lists may be left out, as may their values. An
// ICCID has 19 digits, or 20 of which the last is the right check digit; status is a word as in
// the world file, or as in the API (factory_test or Factory Test); dates are RFC 3339 or
// 2021-11-18. The columns are separated by commas, semicolons or tabs.
//
// Errors are a *fleet.Error ValidationFailed with one of Problems per bad value, up to 1000; a
// failure to open or to read is returned unchanged.
func ReadSIMs(open Source) (*SIMList, error) {
	p := &fleet.Problems{}
	list := &SIMList{open: open}
	d := newDuplicateFinder()
	var precision tablefile.Precision
	err := readSIMs(open, p, func(s SIMLine, sound bool) bool {
		d.see(iccidKey(s.ICCID), idKey(s.ID))
		if s.ICCID != "" {
			precision.Note(s.written, s.ICCID)
		}
		if sound {
			list.Count++
			list.MaxID = max(list.MaxID, s.ID)
		}
		return true
	})
	if err == nil && d.any() {
		err = readSIMs(open, &fleet.Problems{}, func(s SIMLine, _ bool) bool {
			r := row{line: s.Line, problems: p}
			if s.ICCID != "" && precision.Repeated(s.ICCID) {
				r.fault("iccid", fleet.InvalidFormat, "%v", tablefile.RepeatedShort(s.ICCID))
				return true
			}
			d.name(&r, "iccid", iccidKey(s.ICCID), s.ICCID)
			d.name(&r, "id", idKey(s.ID), s.ID)
			return true
		})
	}
	if err != nil {
		return nil, err
	}
	if err := precision.File(); err != nil && p.Total() == 0 {
		p.AddAt(1, fleet.InvalidFormat, "iccid: %v", err)
	}
	if p.Total() > 0 {
		return nil, p.Err()
	}
	return list, nil
}

// readSIMs reads the file once. take gets each SIM that could be parsed; sound reports whether
// its line had no fault. It ends when take returns false.
func readSIMs(open Source, p *fleet.Problems, take func(s SIMLine, sound bool) bool) error {
	return readTable(open, simColumns, p, func(r *row) bool {
		before := p.Total()
		sim := r.sim()
		return take(SIMLine{sim, r.line, r.written()}, p.Total() == before)
	})
}

// readTable reads a file once. take gets each row below the header that could be parsed, and
// reports whether to continue.
func readTable(open Source, columns tablefile.Columns, p *fleet.Problems, take func(r *row) bool) error {
	table, err := tablefile.Open(tablefile.Source(open), columns)
	var faults tablefile.Faults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults {
			p.AddAt(max(1, f.Line), fleet.InvalidFormat, "%s", f.Message)
		}
		return nil
	case errors.Is(err, tablefile.ErrNoHeader):
		return noHeader(table, columns, p)
	case err != nil:
		return err
	}
	r := row{table: table, problems: p}
	return table.Rows(func(cells tablefile.Row, fault *tablefile.Fault) bool {
		if r.Row, r.line = cells, cells.Line; fault != nil {
			p.AddAt(fault.Line, fleet.InvalidFormat, "%s", fault.Message)
			return true
		}
		if !r.fits() {
			p.AddAt(r.line, fleet.InvalidFormat, "it has %d values, the header names %d columns: add or remove separators", len(cells.Cells), table.Width)
			return true
		}
		return take(&r)
	})
}

// noHeader returns the error for a file without a header.
func noHeader(table *tablefile.Table, columns tablefile.Columns, p *fleet.Problems) error {
	empty := true
	err := table.Rows(func(row tablefile.Row, _ *tablefile.Fault) bool {
		empty = false
		p.AddAt(max(1, row.Line), fleet.Required, "no line names the columns%s: write one above the rows; known are %s", needed(columns), strings.Join(columns.Names, ", "))
		return false
	})
	if empty && err == nil {
		p.AddAt(1, fleet.Required, "the file is empty: its first line must name the columns, such as %s", strings.Join(columns.Names, ","))
	}
	return err
}

func needed(columns tablefile.Columns) string {
	if len(columns.Required) == 0 {
		return ""
	}
	return ", with " + strings.Join(columns.Required, " or ") + " among them"
}

// fits makes a row as long as the header: a workbook omits empty cells at the end, and empty
// cells beyond the header are ignored.
func (r *row) fits() bool {
	width := r.table.Width
	for len(r.Cells) > width && strings.TrimSpace(r.Cells[len(r.Cells)-1]) == "" {
		r.Cells = r.Cells[:len(r.Cells)-1]
	}
	for r.table.Workbook() && len(r.Cells) < width {
		r.Cells = append(r.Cells, "")
	}
	return len(r.Cells) == width
}
