package intake

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// rounded is a number as a spreadsheet writes what it took for a quantity: its last digits
// are gone, and no guess brings them back.
var rounded = regexp.MustCompile(`\d(?:[.,]\d+)?[eE]\+?\d+`)

// fractional is an ICCID that went through a program which took it for a quantity, too.
var fractional = regexp.MustCompile(`^\d{10,}[.,]0+$`)

const roundedCure = "a spreadsheet has rounded it, and its last digits are lost: format the column as text, " +
	"fill in the ICCIDs again and save"

// parseCell reads the one ICCID of a cell.
func parseCell(cell string) (fleet.ICCID, error) {
	ids, err := parseCells(cell)
	if err == nil && len(ids) != 1 {
		err = fmt.Errorf("%d ICCIDs in one cell: there must be one in a row", len(ids))
	}
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// parseCells reads the ICCIDs of a cell: several, with spaces between them, or one, which
// may have spaces or dashes inside. cell is not blank.
func parseCells(cell string) ([]fleet.ICCID, error) {
	cell = unquote(cell)
	switch {
	case rounded.MatchString(cell):
		return nil, fmt.Errorf("%q: %s", clip(cell), roundedCure)
	case fractional.MatchString(cell):
		return nil, fmt.Errorf("%q is written as a quantity, so its last digits may be wrong: format the column as text, "+
			"fill in the ICCIDs again and save", clip(cell))
	}
	words := strings.Fields(cell)
	if len(words) == 0 {
		return nil, errors.New("there is no ICCID")
	}
	if !slices.ContainsFunc(words, complete) {
		words = []string{strings.Join(words, "")}
	}
	ids := make([]fleet.ICCID, len(words))
	for i, word := range words {
		id, err := parseNumber(word)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

// complete tells whether a word may be a whole number. Where one is, spaces separate
// ICCIDs; where none is, they group the digits of one.
func complete(word string) bool { return len(digitsOf(word)) >= fleet.ICCIDLength }

// parseNumber reads one ICCID of 19 digits, or of 20 with the right check digit, with
// dashes or without. A card's own memory pads 19 digits with an F: that is no digit.
//
// A whole number behind other digits and a dash is most likely "3-8988...": a line number
// in front of an ICCID, which with it may look like 20 digits. Nobody should have to guess.
func parseNumber(word string) (fleet.ICCID, error) {
	if i := strings.LastIndexByte(strings.TrimRight(word, "-"), '-'); i > 0 && complete(word[i+1:]) && strings.Trim(word[:i], "-") != "" {
		return "", fmt.Errorf("%q has a whole number behind a dash: put it into a column or on a line of its own", clip(word))
	}
	digits := digitsOf(word)
	if len(digits) == fleet.ICCIDLength+1 && (digits[fleet.ICCIDLength] == 'F' || digits[fleet.ICCIDLength] == 'f') {
		digits = digits[:fleet.ICCIDLength]
	}
	return fleet.ParseICCIDWithLuhn(digits)
}

func digitsOf(word string) string { return strings.ReplaceAll(word, "-", "") }

// unquote takes off what programs put around text: quotes, the apostrophe by which a
// spreadsheet marks text, and ="..." by which some exports keep it from being rounded.
func unquote(cell string) string {
	cell = strings.TrimSpace(cell)
	for {
		inner := strings.TrimSpace(stripped(cell))
		if inner == cell {
			return cell
		}
		cell = inner
	}
}

func stripped(cell string) string {
	if inner, ok := strings.CutPrefix(cell, "="); ok && strings.HasPrefix(inner, `"`) {
		return inner
	}
	for _, q := range []string{`"`, "'", "`"} {
		if len(cell) > 1 && strings.HasPrefix(cell, q) && strings.HasSuffix(cell, q) {
			return cell[1 : len(cell)-1]
		}
	}
	return strings.TrimPrefix(cell, "'")
}

// clip keeps an offending value short enough for an error message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
