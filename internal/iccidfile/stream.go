package iccidfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// mostNumbers is how many ICCIDs a job may have. Tests change it.
var mostNumbers = fleet.MaxJobSIMs

// MaxFaults is how many faults Stream reports: it reads no further.
const MaxFaults = 1000

// Stream reads a file that a caller of the server has sent. One of more than a megabyte is read
// piece by piece, so it needs 12 bytes for each ICCID: without a line that names columns, it must
// contain nothing but ICCIDs. A smaller one may have any form that List.Read reads. Duplicates are
// kept. It stops after more ICCIDs than a job may have, and returns those. The error is Faults, or
// says why the file could not be read.
func Stream(source string, open tablefile.Source, size int64) (*fleet.Numbers, error) {
	p := &parser{source: source, most: MaxFaults, limit: mostNumbers}
	if err := p.read(open, size); err != nil {
		return nil, fmt.Errorf("read %s: %w", source, err)
	}
	return p.result()
}

// read reads a file of the given size.
func (p *parser) read(open tablefile.Source, size int64) error {
	if size > smallFile {
		return p.pieces(open)
	}
	r, err := open()
	if err != nil {
		return err
	}
	raw, err := whole(r)
	if err != nil {
		return err
	}
	return p.file(raw, uploaded)
}

// pieces reads a file piece by piece.
func (p *parser) pieces(open tablefile.Source) error {
	t, err := tablefile.Open(open, uploaded)
	var faults tablefile.Faults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults {
			p.fault(f.Line, errors.New(f.Message))
		}
		return nil
	case errors.Is(err, tablefile.ErrNoHeader), err == nil && t.Width == 1 && !t.Workbook():
		return p.stream(t)
	case err != nil:
		return err
	}
	return p.table(t)
}

// stream reads a text of ICCIDs line by line.
func (p *parser) stream(t *tablefile.Table) error {
	if t.Workbook() {
		return p.plain(t, 0)
	}
	begun := false
	return t.Lines(func(line int, text string) bool {
		if line <= t.Header || line == 1 && tablefile.IsSeparatorLine(text) || !begun && skipped(text) {
			return true
		}
		begun = true
		p.wordsOf(line, text)
		return p.goesOn()
	})
}

// result returns what was read, if it has no fault.
func (p *parser) result() (*fleet.Numbers, error) {
	p.checkPrecision()
	if len(p.faults) == 0 && p.numbers.Len() == 0 {
		p.fault(0, errors.New("it contains no ICCID"))
	}
	if len(p.faults) > 0 {
		return nil, p.faults
	}
	return &p.numbers, nil
}

// wordsOf reads a line in which every word is an ICCID.
func (p *parser) wordsOf(line int, text string) {
	if skipped(text) {
		return
	}
	if word := tablefile.Scientific(text); word != "" { // before a comma in it counts as a separator
		p.fault(line, tablefile.Rounded(word))
		return
	}
	for _, cell := range strings.FieldsFunc(text, func(c rune) bool { return slices.Contains(separators, c) }) {
		if tablefile.Digits(cell) == "" {
			continue
		}
		ids, err := tablefile.ICCIDs(cell)
		if err != nil {
			p.fault(line, err)
			continue
		}
		words := []string{cell}
		if len(ids) > 1 {
			words = strings.Fields(tablefile.Digits(cell))
		}
		for k, id := range ids {
			p.take(line, words[min(k, len(words)-1)], id, nil)
		}
	}
}
