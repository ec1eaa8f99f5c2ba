package cli

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// columnGap is the space after each column of a table.
const columnGap = 2

// narrowest is the least width of a column that is made narrower, in characters.
const narrowest = 10

// longestWord is how long a word may be that is never broken, such as the id of a run.
const longestWord = 24

var (
	count    = regexp.MustCompile(`^\d{1,3}(,\d{3})*$`)
	unbroken = regexp.MustCompile(`^[\d:,.\- ]*$`) // numbers, days and times
	none     = regexp.MustCompile(`^-?$`)
)

// fit lays out the columns of a table. Counts are right-aligned, and if the terminal w is not wide
// enough, the widest texts go on in the next line of their cell. margin is the space before the
// table.
func fit(w io.Writer, t table.Writer, header table.Row, rows []table.Row, margin int) {
	configs := make([]table.ColumnConfig, len(header))
	widths := make([]int, len(header))
	least := make([]int, len(header)) // a title is not broken
	breakable := make([]bool, len(header))
	for i, name := range header {
		widths[i] = text.StringWidth(fmt.Sprint(name))
		least[i] = max(widths[i], narrowest)
		counts, others := 0, 0
		for _, row := range rows {
			cell := fmt.Sprint(row[i])
			widths[i] = max(widths[i], text.StringWidth(cell))
			least[i] = max(least[i], wordWidth(cell))
			breakable[i] = breakable[i] || !unbroken.MatchString(cell)
			switch {
			case count.MatchString(cell):
				counts++
			case !none.MatchString(cell):
				others++
			}
		}
		configs[i].Number = i + 1
		if counts > 0 && others == 0 {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	if columns, ok := width(w); ok {
		narrow(widths, least, breakable, columns-margin)
		for i := range configs {
			configs[i].WidthMax, configs[i].WidthMaxEnforcer = widths[i], text.WrapSoft
		}
	}
	t.SetColumnConfigs(configs)
}

// wordWidth returns the width of the longest word that is not broken. E-mail addresses are: whole,
// they would leave no room for the rest.
func wordWidth(cell string) (widest int) {
	for word := range strings.FieldsSeq(cell) {
		if n := text.StringWidth(word); n <= longestWord && !strings.Contains(word, "@") {
			widest = max(widest, n)
		}
	}
	return widest
}

// narrow takes width from the widest columns that can be broken until all fit into a line. No
// column becomes narrower than its least width.
func narrow(widths, least []int, breakable []bool, columns int) {
	total := columnGap * (len(widths) - 1)
	for _, n := range widths {
		total += n
	}
	for ; total > columns; total-- {
		widest := -1
		for i, n := range widths {
			if breakable[i] && n > least[i] && (widest < 0 || n > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}
