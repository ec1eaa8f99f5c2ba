package intake

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/simferry/simferry/internal/fleet"
)

// row is a line of a text, cut into cells.
type row struct {
	line  int
	cells []string
}

func (r row) blank() bool {
	for _, c := range r.cells {
		if unquote(c) != "" {
			return false
		}
	}
	return true
}

// cut splits a line at a separator, but not within double quotes; a quote within quotes
// is doubled. A quote that does not end is a fault: the cells after it would be guesses.
func cut(line string, separator rune) ([]string, error) {
	var cells []string
	var cell strings.Builder
	quoted := false
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
			cell.WriteRune(c)
		case c == separator && !quoted:
			cells = append(cells, cell.String())
			cell.Reset()
		default:
			cell.WriteRune(c)
		}
	}
	if quoted {
		return nil, errors.New("a quotation mark does not end on its line")
	}
	return append(cells, cell.String()), nil
}

// separators are what may stand between cells. A space is none: it may be inside a number.
var separators = []rune{'\t', ';', '|', ','}

// header finds the separator at which a line falls into cells of which one is named like
// an ICCID. column is that of the 19 digits where there are both.
func header(line string) (separator rune, column, other int, found bool) {
	for _, s := range separators {
		cells, err := cut(line, s)
		if err != nil {
			continue
		}
		short, long := -1, -1
		for i, c := range cells {
			switch columnName(c) {
			case "iccid", "simiccid", "iccid19", "iccidnumber", "iccids", "ccid":
				short = i
			case "iccidwithluhn", "iccid20", "iccidluhn":
				long = i
			}
		}
		switch {
		case short >= 0:
			return s, short, long, true
		case long >= 0:
			return s, long, -1, true
		}
	}
	return 0, 0, 0, false
}

// columnName keeps of a heading what tells columns apart.
func columnName(cell string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, cell)
}

// named reads the rows below a heading. A row must have an ICCID: one without would be a
// SIM that is left behind unnoticed.
func (p *parser) named(rows []row, column, other int) {
	for _, r := range rows {
		if r.blank() {
			continue
		}
		if column >= len(r.cells) || unquote(r.cells[column]) == "" {
			p.fault(r.line, errors.New("there is no ICCID in this row"))
			continue
		}
		id, err := parseCell(r.cells[column])
		if err == nil && other >= 0 && other < len(r.cells) && unquote(r.cells[other]) != "" {
			err = agree(id, r.cells[other])
		}
		p.take(r.line, id, err)
	}
}

// agree holds the two forms of an ICCID in one row together.
func agree(id fleet.ICCID, cell string) error {
	second, err := parseCell(cell)
	if err == nil && second != id {
		err = fmt.Errorf("the row has two ICCIDs, %s and %s", id, second)
	}
	return err
}
