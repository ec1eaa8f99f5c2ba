package iccidfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// The columns that hold an ICCID. Both may be there; then they must agree in every row.
const (
	short = "iccid"
	long  = "iccid_with_luhn"
)

var columns = tablefile.Columns{
	Names: []string{short, long},
	Aliases: map[string][]string{
		short: {"sim iccid", "iccid 19", "iccid number", "iccids", "ccid"},
		long:  {"iccid 20", "iccid luhn"},
	},
	Required: []string{short, long}, Others: true, Singular: "an ICCID",
}

// uploaded are the same columns, for files from a caller of the server.
var uploaded = func() tablefile.Columns {
	c := columns
	c.Uploaded = true
	return c
}()

// maxFile bounds what is read: a million ICCIDs with a few columns beside them.
const maxFile = 256 << 20

// Read adds every ICCID of a file to the list, or none: then the error is Faults, or says
// why the file could not be read. source is its name in messages.
//
// If a line names columns and one is called iccid, that column counts. Otherwise, if all
// rows have an ICCID in the same column, that one. Otherwise every word must be one.
func (l *List) Read(source string, r io.Reader) error {
	raw, err := whole(r)
	if err != nil {
		return fmt.Errorf("read %s: %w", source, err)
	}
	p := &parser{source: source}
	if err := p.file(raw, columns); err != nil {
		return fmt.Errorf("read %s: %w", source, err)
	}
	numbers, err := p.result()
	if err != nil {
		return err
	}
	for i := range numbers.Len() {
		id, line := numbers.At(i)
		l.Add(Number{id, Place{source, line}})
	}
	return nil
}

// One adds a single ICCID, such as that of a flag.
func (l *List) One(source, text string) error {
	id, err := tablefile.ICCID(text)
	if err == nil {
		l.Add(Number{id, Place{Source: source}})
	}
	return err
}

type parser struct {
	source    string
	numbers   fleet.Numbers
	most      int // faults after which the parser stops; 0 for any number
	kept      int // faults that are kept; 0 for all
	limit     int // the parser stops after more ICCIDs; 0 for any number
	faults    Faults
	faulty    int // all faults
	uncertain int // ICCIDs that a spreadsheet may have rounded
	precision tablefile.Precision
}

func (p *parser) fault(line int, err error) {
	if p.faulty++; p.kept > 0 && len(p.faults) >= p.kept {
		return
	}
	p.faults = append(p.faults, Fault{Place{p.source, line}, err.Error()})
}

// take adds the ICCID that was read from a cell.
func (p *parser) take(line int, cell string, id fleet.ICCID, err error) {
	if err != nil {
		p.fault(line, err)
		return
	}
	p.precision.Note(cell, id)
	p.numbers.Add(id, line)
}

// checkPrecision refuses a file whose ICCIDs a program has rounded.
func (p *parser) checkPrecision() {
	if len(p.faults) > 0 {
		return
	}
	for i := 0; i < p.numbers.Len() && p.precision.Repeats(); i++ {
		if id, line := p.numbers.At(i); p.precision.Repeated(id) {
			p.fault(line, tablefile.RepeatedShort(id))
		}
	}
	if err := p.precision.File(); err != nil && len(p.faults) == 0 {
		p.fault(0, err)
	}
}

func (p *parser) file(raw []byte, names tablefile.Columns) error {
	t, err := tablefile.Open(func() (io.Reader, error) { return bytes.NewReader(raw), nil }, names)
	var faults tablefile.Faults
	switch {
	case errors.As(err, &faults):
		for _, f := range faults {
			p.fault(f.Line, errors.New(f.Message))
		}
		return nil
	case errors.Is(err, tablefile.ErrNoHeader):
		return p.plain(t, 0)
	case err != nil:
		return err
	case t.Width == 1 && !t.Workbook():
		return p.plain(t, t.Header) // one column, so nothing but ICCIDs
	}
	return p.table(t)
}

// table reads the rows below a header. A row must have an ICCID: one without would be a
// SIM that is left behind unnoticed.
func (p *parser) table(t *tablefile.Table) error {
	column, other := slices.Index(t.Columns, short), slices.Index(t.Columns, long)
	if column < 0 {
		column, other = other, -1
	}
	return t.Rows(func(row tablefile.Row, fault *tablefile.Fault) bool {
		if fault != nil {
			p.fault(fault.Line, errors.New(fault.Message))
			return p.goesOn()
		}
		if !slices.ContainsFunc(row.Cells, func(c string) bool { return tablefile.Digits(c) != "" }) {
			return true
		}
		if column >= len(row.Cells) || tablefile.Digits(row.Cells[column]) == "" {
			p.fault(row.Line, errors.New("there is no ICCID in this row"))
			return p.goesOn()
		}
		if len(row.Cells) > t.Width && slices.ContainsFunc(row.Cells[t.Width:], tablefile.MayHoldICCID) {
			p.fault(row.Line, errors.New("there is an ICCID to the right of the last column: put it in a separate row"))
			return p.goesOn()
		}
		id, err := row.CellICCID(column)
		if err == nil && other >= 0 && other < len(row.Cells) && tablefile.Digits(row.Cells[other]) != "" {
			err = agree(id, row, other)
		}
		p.take(row.Line, row.Cells[column], id, err)
		return p.goesOn()
	})
}

// goesOn reports whether to read on: more faults may be reported, and the ICCIDs are not too many.
func (p *parser) goesOn() bool {
	return (p.most == 0 || len(p.faults) < p.most) && (p.limit == 0 || p.numbers.Len() <= p.limit)
}

// agree compares the two forms of an ICCID in one row.
func agree(id fleet.ICCID, row tablefile.Row, other int) error {
	second, err := row.CellICCID(other)
	if err == nil && second != id {
		err = fmt.Errorf("the row has two ICCIDs, %s and %s", id, second)
	}
	return err
}

// plain reads a file without a header, or the lines below a header of one column.
func (p *parser) plain(t *tablefile.Table, header int) error {
	all, err := p.lines(t)
	if err != nil {
		return err
	}
	first := header
	for first < len(all) && skipped(all[first]) {
		first++
	}
	if first == len(all) {
		return nil
	}
	if separator, column, from, found := sameColumn(all, first); found && header == 0 {
		p.column(all, from, separator, column)
		return nil
	}
	p.words(all, first)
	return nil
}

// lines returns those of a text, or the rows of a workbook as lines.
func (p *parser) lines(t *tablefile.Table) (all []string, err error) {
	if t.Workbook() {
		err = t.Rows(func(row tablefile.Row, fault *tablefile.Fault) bool {
			for len(all) < row.Line {
				all = append(all, "")
			}
			if fault != nil {
				p.fault(fault.Line, errors.New(fault.Message))
				return true
			}
			for i, c := range row.Cells {
				if tablefile.LooksLikeICCID(c) && row.Number(i) {
					_, err := row.CellICCID(i)
					p.fault(row.Line, err)
					row.Cells[i] = ""
				}
			}
			all[row.Line-1] = strings.Join(row.Cells, "\t")
			return true
		})
		return all, err
	}
	text, err := t.Text()
	if err != nil {
		return nil, err
	}
	all = strings.Split(text, "\n")
	if tablefile.IsSeparatorLine(all[0]) {
		all[0] = ""
	}
	return all, nil
}

// skipped lines hold nothing: blank ones and, before a list, comments.
func skipped(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}

// column reads a table without a header.
func (p *parser) column(all []string, from int, separator rune, column int) {
	for i := from; i < len(all); i++ {
		cells, err := cut(all[i], separator)
		switch {
		case err != nil:
			p.fault(i+1, err)
		case strings.TrimSpace(all[i]) == "":
		default:
			id, err := tablefile.ICCID(cells[column])
			p.take(i+1, cells[column], id, err)
		}
	}
}

// words reads a text in which every word is an ICCID, however many are on a line.
func (p *parser) words(all []string, from int) {
	for i := from; i < len(all); i++ {
		p.wordsOf(i+1, all[i])
	}
}
