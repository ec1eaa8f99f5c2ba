package intake

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// Read adds every ICCID of a text to the list, or none: then the error is a Faults, or
// says why the text could not be read. source is its name in messages.
//
// Where the first line names columns and one is called iccid, that column counts. Else
// where all rows have an ICCID in the same column, that one. Else every word must be one.
func (l *List) Read(source string, r io.Reader) error {
	raw, err := readAll(r)
	if err != nil {
		return fmt.Errorf("read %s: %w", source, err)
	}
	text, err := decodeText(raw)
	if err != nil {
		return Faults{{Place{Source: source}, err.Error()}}
	}
	p := &parser{source: source}
	p.parse(lines(plainSpaces.Replace(text)))
	if len(p.faults) == 0 && len(p.numbers) == 0 {
		p.fault(0, errors.New("there is no ICCID in it"))
	}
	if len(p.faults) > 0 {
		return p.faults
	}
	for _, n := range p.numbers {
		l.Add(n)
	}
	return nil
}

// One adds a single ICCID, such as that of a flag.
func (l *List) One(source, text string) error {
	id, err := parseCell(plainSpaces.Replace(text))
	if err == nil {
		l.Add(Number{id, Place{Source: source}})
	}
	return err
}

type parser struct {
	source  string
	numbers []Number
	faults  Faults
}

func (p *parser) fault(line int, err error) {
	p.faults = append(p.faults, Fault{Place{p.source, line}, err.Error()})
}

func (p *parser) take(line int, id fleet.ICCID, err error) {
	if err != nil {
		p.fault(line, err)
		return
	}
	p.numbers = append(p.numbers, Number{id, Place{p.source, line}})
}

func (p *parser) parse(all []string) {
	first := 0
	for first < len(all) && skipped(all[first]) {
		first++
	}
	if first == len(all) {
		return
	}
	if separator, column, other, found := header(all[first]); found {
		if !strings.ContainsRune(all[first], separator) {
			p.free(all, first+1) // one column, so nothing but ICCIDs
			return
		}
		p.named(p.rows(all, first+1, separator), column, other)
		return
	}
	if separator, column, from, found := sameColumn(all, first); found {
		p.named(p.rows(all, from, separator), column, -1)
		return
	}
	p.free(all, first)
}

// skipped lines hold nothing: blank ones and, before a list, comments.
func skipped(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}

func (p *parser) rows(all []string, from int, separator rune) []row {
	rows := make([]row, 0, len(all)-from)
	for i := from; i < len(all); i++ {
		cells, err := cut(all[i], separator)
		if err != nil {
			p.fault(i+1, err)
			continue
		}
		rows = append(rows, row{i + 1, cells})
	}
	return rows
}

// free reads a text in which every word is an ICCID, however many are on a line.
func (p *parser) free(all []string, from int) {
	for i := from; i < len(all); i++ {
		if skipped(all[i]) {
			continue
		}
		if word := rounded.FindString(all[i]); word != "" { // before a comma in it counts as a separator
			p.fault(i+1, fmt.Errorf("%q: %s", word, roundedCure))
			continue
		}
		for _, cell := range strings.FieldsFunc(all[i], isSeparator) {
			if unquote(cell) == "" {
				continue
			}
			ids, err := parseCells(cell)
			if err != nil {
				p.fault(i+1, err)
				continue
			}
			for _, id := range ids {
				p.take(i+1, id, nil)
			}
		}
	}
}

func isSeparator(c rune) bool {
	for _, s := range separators {
		if c == s {
			return true
		}
	}
	return false
}
