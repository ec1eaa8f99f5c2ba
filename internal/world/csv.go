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

// maxBadLines is how many bad lines of a SIM list are named at once.
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
func (l *SIMList) SIMs() iter.Seq2[SIMLine, error] {
	return func(yield func(SIMLine, error) bool) {
		n, stopped := 0, false
		p := &problems{limit: 1}
		err := readSIMs(l.open, p, func(s SIMLine, sound bool) bool {
			n++
			stopped = sound && !yield(s, nil)
			return sound && !stopped
		})
		switch {
		case stopped:
		case err != nil:
			yield(SIMLine{}, err)
		case p.total > 0 || n != l.Count:
			yield(SIMLine{}, errChanged)
		}
	}
}

// ReadSIMs reads a CSV file of SIMs. Its first line names the columns, in any order and
// case: iccid is required; the others that knownColumns lists may be left out, as may their
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
		d.see(s)
		if sound {
			list.Count++
			list.MaxID = max(list.MaxID, s.ID)
		}
		return true
	})
	if err == nil && d.any() {
		err = readSIMs(open, &problems{}, func(s SIMLine, _ bool) bool { d.name(s, p); return true })
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
	text, err := open()
	if err != nil {
		return err
	}
	in, header, err := openCSV(text, p)
	if err != nil || p.total > 0 || in == nil {
		return err
	}
	r := simReader{in: in, columns: header, problems: p, take: take}
	return r.all()
}

// simReader reads the lines below the header.
type simReader struct {
	in       *csv.Reader
	columns  []string
	problems *problems
	take     func(SIMLine, bool) bool
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

func (r *simReader) record(record []string) (more bool) {
	line, _ := r.in.FieldPos(0)
	before := r.problems.total
	row := row{line: line, problems: r.problems}
	sim := row.sim(r.columns, record)
	return r.take(SIMLine{sim, line}, r.problems.total == before)
}
