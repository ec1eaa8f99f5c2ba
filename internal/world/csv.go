package world

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// maxBadLines is how many bad lines of a list are named at once.
const maxBadLines = 1000

// Source opens a file anew, at its beginning.
type Source func() (io.Reader, error)

// SIMList is a CSV file of SIMs without a fault. It holds none of them: they are read
// again when they are asked for, so that a million need no more memory than ten.
type SIMList struct {
	Count int
	MaxID fleet.SIMID // that the file names; 0 where it names none
	open  Source
}

// SIMLine is a SIM and the physical line of the file, from 1, on which it stands. It has
// zero for whatever the file leaves out: ID, Workspace and Issuer are then the reader's to
// choose.
type SIMLine struct {
	fleet.SIM
	Line int
}

var errChanged = errors.New("the file has changed while it was read: leave it alone, and try again")

// SIMs reads the SIMs in the file's order. It ends with the first error: a failure to
// read, or a file that is another than it was.
func (l *SIMList) SIMs() iter.Seq2[SIMLine, error] { return again(l.open, l.Count, readSIMs) }

// again reads the lines of a file that was read before and had so many.
func again[T any](open Source, count int, read func(Source, *problems, func(T, bool) bool) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		n, stopped := 0, false
		p := &problems{limit: 1}
		err := read(open, p, func(line T, sound bool) bool {
			n++
			stopped = sound && !yield(line, nil)
			return sound && !stopped
		})
		switch {
		case stopped:
		case err != nil:
			yield(none, err)
		case p.total > 0 || n != count:
			yield(none, errChanged)
		}
	}
}

// ReadSIMs reads a CSV file of SIMs. Its first line names the columns, in any order and
// case: iccid is required; the others that simTable lists may be left out, as may their
// values. An ICCID has 19 digits, or 20 of which the last is the right check digit; status
// is a word as in the world file, or as the API says it (factory_test or Factory Test);
// dates are RFC 3339 or 2021-11-18. The columns are separated by commas, semicolons or tabs.
//
// Errors are a *fleet.Error ValidationFailed with one of Problems per bad value, up to
// 1000; a failure to open or to read is returned as it is.
func ReadSIMs(open Source) (*SIMList, error) {
	p := &problems{limit: maxBadLines}
	list := &SIMList{open: open}
	d := newDoubles()
	err := readSIMs(open, p, func(s SIMLine, sound bool) bool {
		d.see(iccidKey(s.ICCID), idKey(s.ID))
		if sound {
			list.Count++
			list.MaxID = max(list.MaxID, s.ID)
		}
		return true
	})
	if err == nil && d.any() {
		err = readSIMs(open, &problems{}, func(s SIMLine, _ bool) bool {
			r := row{line: s.Line, problems: p}
			d.name(&r, "iccid", iccidKey(s.ICCID), s.ICCID)
			d.name(&r, "id", idKey(s.ID), s.ID)
			return true
		})
	}
	if err != nil {
		return nil, err
	}
	if p.total > 0 {
		return nil, p.err()
	}
	return list, nil
}

// readSIMs reads the file once. take gets each SIM that could be made out; sound tells
// whether its line had no fault. It ends where take says so.
func readSIMs(open Source, p *problems, take func(s SIMLine, sound bool) bool) error {
	return readCSV(open, simTable, p, func(r row, columns, record []string) bool {
		before := p.total
		sim := r.sim(columns, record)
		return take(SIMLine{sim, r.line}, p.total == before)
	})
}

// readCSV reads a file once. take gets each line below the header that could be made out,
// and tells whether to go on.
func readCSV(open Source, what table, p *problems, take func(r row, columns, record []string) bool) error {
	text, err := open()
	if err != nil {
		return err
	}
	in, header, err := openCSV(text, what, p)
	if err != nil || p.total > 0 || in == nil {
		return err
	}
	r := csvReader{in: in, columns: header, problems: p, take: take}
	return r.all()
}

// csvReader reads the lines below the header.
type csvReader struct {
	in       *csv.Reader
	columns  []string
	problems *problems
	take     func(r row, columns, record []string) bool
}

func (r *csvReader) all() error {
	for {
		record, err := r.in.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			r.malformed(bad, record)
		case err != nil:
			return fmt.Errorf("read the list: %w", err)
		case blank(record):
		case !r.record(record):
			return nil
		}
	}
}

// blank tells whether a line has no values: spreadsheets leave such behind.
func blank(record []string) bool {
	for _, value := range record {
		if strings.TrimSpace(value) != "" {
			return false
		}
	}
	return true
}

// malformed reports a line that is no CSV; encoding/csv goes on with the next one.
func (r *csvReader) malformed(bad *csv.ParseError, record []string) {
	if errors.Is(bad.Err, csv.ErrFieldCount) {
		if blank(record) {
			return
		}
		r.problems.add(bad.StartLine, fleet.InvalidFormat, "it has %d values, the header names %d columns: add or remove separators", len(record), len(r.columns))
		return
	}
	r.problems.add(bad.StartLine, fleet.InvalidFormat, "its quotes are not balanced: put the whole value in quotes, and double each quote inside")
}

func (r *csvReader) record(record []string) (more bool) {
	line, _ := r.in.FieldPos(0)
	return r.take(row{line: line, problems: r.problems}, r.columns, record)
}
