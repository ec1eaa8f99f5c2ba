package intake

import (
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// sameColumn finds, in a table whose columns are not named, the one that has an ICCID in
// every row. from is the first row: a line without any long number above is a heading in
// other words. Where two columns would do, or none, there is no such column.
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

// hasNumber tells whether a line has as many digits in a row as no heading has.
func hasNumber(line string) bool {
	const many = 6
	return longestRun(line) >= many
}

// longestRun is how many digits stand in a row.
func longestRun(text string) (longest int) {
	run := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// mayHoldICCID is for a cell that nobody reads: where an ICCID may be in it, with something
// about it that does not belong there, it must not be passed over. An EID is longer.
func mayHoldICCID(cell string) bool {
	run := longestRun(cell)
	return run == fleet.ICCIDLength || run == fleet.ICCIDLength+1 || looksLikeICCID(cell) || slices.ContainsFunc(strings.Fields(cell), looksLikeICCID)
}

// onlyColumn wants at least two columns: of one, every word must be an ICCID, and that
// is the free form, which tells more of what is wrong.
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
			possible[i] = possible[i] && looksLikeICCID(c)
			some[i] = some[i] || mayHoldICCID(c)
		}
	}
	if _, alone := single(some); !alone {
		return 0, false // to read one column would leave ICCIDs of another unread
	}
	return single(possible)
}

// looksLikeICCID lets a number with a wrong check digit pass: it is to be refused with its
// line, not to make the column another one.
func looksLikeICCID(cell string) bool {
	digits := digitsOf(strings.Join(strings.Fields(unquote(cell)), ""))
	return rounded.MatchString(cell) || len(digits) >= 18 && len(digits) <= 21 && '0' <= digits[0] && digits[0] <= '9'
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
