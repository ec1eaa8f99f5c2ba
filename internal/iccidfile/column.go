package iccidfile

import (
	"errors"
	"strings"

	"github.com/simferry/simferry/internal/tablefile"
)

// separators are what may stand between cells. A space is not one: it may be inside a
// number.
var separators = []rune{'\t', ';', '|', ','}

// sameColumn finds, in a table without a header, the one column that has an ICCID in every
// row. from is the first row: a line above without any long number is a heading in other
// words. If two columns would do, or none, there is no such column.
func sameColumn(all []string, first int) (separator rune, column, from int, found bool) {
	for _, s := range separators {
		if !strings.ContainsRune(all[first], s) {
			continue
		}
		from = first
		if !hasNumber(all[first]) {
			from++
		}
		if column, ok := onlyColumn(all[from:], s); ok {
			return s, column, from, true
		}
	}
	return 0, 0, 0, false
}

// hasNumber reports whether a line has as many digits in a row as no heading has.
func hasNumber(line string) bool {
	const many = 6
	run := 0
	for _, c := range line {
		if c < '0' || c > '9' {
			run = 0
			continue
		}
		if run++; run == many {
			return true
		}
	}
	return false
}

// onlyColumn needs at least two columns. With one, every word must be an ICCID, and reading the
// words gives better messages.
func onlyColumn(all []string, separator rune) (column int, ok bool) {
	width, possible, some := 0, []bool(nil), []bool(nil)
	for _, line := range all {
		if strings.TrimSpace(line) == "" {
			continue
		}
		cells, err := cut(line, separator)
		if err != nil {
			return 0, false
		}
		if possible == nil {
			width, possible, some = len(cells), make([]bool, len(cells)), make([]bool, len(cells))
			for i := range possible {
				possible[i] = true
			}
		}
		if len(cells) != width || width < 2 {
			return 0, false
		}
		for i, c := range cells {
			possible[i] = possible[i] && tablefile.LooksLikeICCID(c)
			some[i] = some[i] || tablefile.MayHoldICCID(c)
		}
	}
	if _, alone := single(some); !alone {
		return 0, false // reading one column would skip the ICCIDs of another
	}
	return single(possible)
}

func single(possible []bool) (column int, ok bool) {
	column = -1
	for i, p := range possible {
		switch {
		case p && column >= 0:
			return 0, false
		case p:
			column = i
		}
	}
	return column, column >= 0
}

// cut splits a line of a table without a header, but not within double quotes.
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
		return nil, errors.New("a quotation mark is not closed on its line: close it, or remove it")
	}
	return append(cells, cell.String()), nil
}
