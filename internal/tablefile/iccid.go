package tablefile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// scientific matches a number in scientific notation, as spreadsheets write it: its last digits
// are lost.
var scientific = regexp.MustCompile(`\d(?:[.,]\d*)?[eE][+-]?\d+`)

// scientificCell matches a cell that contains only such a number.
var scientificCell = regexp.MustCompile(`^[+-]?\d+(?:[.,]\d*)?[eE][+-]?\d+$`)

// fractional matches a number with a fraction, as programs write identifiers that they treat as
// quantities.
var fractional = regexp.MustCompile(`^\d{10,}[.,]0+$`)

const roundedCure = "a spreadsheet has rounded it, and its last digits are lost: format the column as text, " +
	"fill in the numbers again and save"

// Scientific returns the first number in scientific notation in a text, "" for none.
func Scientific(text string) string {
	if !strings.ContainsAny(text, "eE") { // much faster than the expression
		return ""
	}
	return scientific.FindString(text)
}

// Rounded returns the error for a number that a spreadsheet has rounded.
func Rounded(number string) error { return fmt.Errorf("%q: %s", clip(number), roundedCure) }

// CheckDigits returns an error for a cell of digits that a spreadsheet has rounded.
func CheckDigits(cell string) error {
	switch {
	case Scientific(cell) != "":
		return Rounded(cell)
	case strings.ContainsAny(cell, ".,") && fractional.MatchString(cell):
		return fmt.Errorf("%q is written as a quantity, so its last digits may be wrong: format the column as text, "+
			"fill in the numbers again and save", clip(cell))
	}
	return nil
}

// Digits returns the content of a cell with an identifier made of digits, without the quotes
// that programs add.
func Digits(cell string) string { return unquote(plainSpaces.Replace(cell)) }

// ICCID reads the one ICCID of a cell: 19 digits, or 20 with the check digit or a trailing
// F, with spaces, dashes and quotation marks or without.
func ICCID(cell string) (fleet.ICCID, error) {
	ids, err := ICCIDs(cell)
	if err == nil && len(ids) != 1 {
		err = fmt.Errorf("%d ICCIDs in one cell: there must be one in a row", len(ids))
	}
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// CellICCID parses a cell of a row like ICCID. A numeric cell of a workbook is an error.
func (r Row) CellICCID(i int) (fleet.ICCID, error) {
	if r.Number(i) {
		return "", RoundedNumber(r.Cells[i])
	}
	return ICCID(r.Cells[i])
}

// RoundedNumber returns the error for an identifier made of digits in a numeric cell of a
// workbook.
func RoundedNumber(value string) error {
	return fmt.Errorf("%q is a number in the workbook, so its last digits may be rounded: format the column as text, "+
		"fill in the numbers again and save", clip(value))
}

// ICCIDs reads the ICCIDs of a cell that is not blank: several, with spaces between them,
// or one, which may have spaces or dashes inside.
func ICCIDs(cell string) ([]fleet.ICCID, error) {
	cell = Digits(cell)
	if err := CheckDigits(cell); err != nil {
		return nil, err
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
		id, err := parseICCID(word)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

// complete reports whether a word may be a whole number. If one is, spaces separate
// ICCIDs; if none is, they group the digits of one.
func complete(word string) bool { return len(withoutDashes(word)) >= fleet.ICCIDLength }

// parseICCID reads one ICCID, with dashes or without. A card's own memory pads 19 digits with
// an F, which is not a digit.
//
// A complete number after other digits and a dash is most likely "3-8988...", a line number
// before an ICCID, which together may have 20 digits. It is not guessed.
func parseICCID(word string) (fleet.ICCID, error) {
	if i := strings.LastIndexByte(strings.TrimRight(word, "-"), '-'); i > 0 && complete(word[i+1:]) && strings.Trim(word[:i], "-") != "" {
		return "", fmt.Errorf("%q has a complete number after a dash: put it into a column or on a line of its own", clip(word))
	}
	digits := withoutDashes(word)
	if len(digits) == fleet.ICCIDLength+1 && (digits[fleet.ICCIDLength] == 'F' || digits[fleet.ICCIDLength] == 'f') {
		digits = digits[:fleet.ICCIDLength]
	}
	return fleet.ParseICCIDWithLuhn(digits)
}

func withoutDashes(word string) string { return strings.ReplaceAll(word, "-", "") }

// MayHoldICCID reports whether a cell of an ignored column may contain an ICCID; such a cell
// must not be ignored. An EID is longer.
func MayHoldICCID(cell string) bool {
	ofLength := func(run string) bool { return len(run) == fleet.ICCIDLength || len(run) == fleet.ICCIDLength+1 }
	return slices.ContainsFunc(digitRuns(cell), ofLength) || LooksLikeICCID(cell) || slices.ContainsFunc(strings.Fields(cell), LooksLikeICCID)
}

// LooksLikeICCID accepts a number with a wrong check digit, so that it is reported with its
// line and does not change how the column is recognized.
func LooksLikeICCID(cell string) bool {
	digits := withoutDashes(strings.Join(strings.Fields(Digits(cell)), ""))
	return scientificCell.MatchString(Digits(cell)) || len(digits) >= 18 && len(digits) <= 21 && '0' <= digits[0] && digits[0] <= '9'
}

// digitRuns returns the runs of consecutive digits.
func digitRuns(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c < '0' || c > '9' })
}

// unquote removes quotes, the apostrophe that marks text in a spreadsheet, and the ="..." with
// which some exports prevent rounding.
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

// plainSpaces turns what looks like a space or a hyphen into one; what cannot be seen
// goes.
var plainSpaces = strings.NewReplacer(
	"\u00a0", " ", "\u2007", " ", "\u2009", " ", "\u202f", " ", "\u3000", " ",
	"\u200b", "", "\u200e", "", "\u200f", "", "\u2060", "", "\ufeff", "",
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2212", "-",
)

// Precision finds out whether a program has rounded the ICCIDs of a file: spreadsheets
// keep 15 digits of a number and write zeros for the rest, others keep the bits of a
// floating-point number. Note every ICCID as it is written, then ask.
type Precision struct {
	count, short, hundreds, binary int
	seen                           map[fleet.ICCID]int // of the numbers with 15 digits: how often
}

// Note takes the ICCID of a cell.
func (p *Precision) Note(cell string, id fleet.ICCID) {
	p.count++
	if exact(cell) {
		return
	}
	if strings.HasSuffix(string(id), "0000") {
		p.short++
		if p.seen == nil {
			p.seen = make(map[fleet.ICCID]int)
		}
		if len(p.seen) < maxShort || p.seen[id] > 0 {
			p.seen[id]++
		}
	}
	if strings.HasSuffix(string(id), "00") {
		p.hundreds++
	}
	const step = 512 // between neighbouring numbers of this size with 53 bits
	if n, err := strconv.ParseUint(string(id), 10, 64); err == nil && n%step == 0 {
		p.binary++
	}
}

// maxShort bounds the memory for a file of numbers that all end in 0000.
const maxShort = 1 << 16

// exact reports whether a cell cannot have been a number: it has a check digit that is not
// zero, an F, or something between the digits.
func exact(cell string) bool {
	digits := Digits(cell)
	return strings.Trim(digits, "0123456789") != "" || len(digits) > fleet.ICCIDLength && !strings.HasSuffix(digits, "0")
}

// Repeated reports whether an ICCID has only 15 digits and is in the file more than once.
func (p *Precision) Repeated(id fleet.ICCID) bool { return p.seen[id] > 1 }

// Repeats reports whether any ICCID is Repeated.
func (p *Precision) Repeats() bool {
	for _, n := range p.seen {
		if n > 1 {
			return true
		}
	}
	return false
}

// File returns an error if all ICCIDs of the file look rounded.
func (p *Precision) File() error {
	const several = 3 // fewer may well be round numbers
	switch {
	case p.count == 0:
	case p.short == p.count:
		return fmt.Errorf("every ICCID in it ends in 0000, as if a spreadsheet had kept 15 digits: %s", checkDigitCure)
	case p.count >= several && p.hundreds == p.count:
		return fmt.Errorf("every ICCID in it ends in 00, as if a program had rounded it: %s", checkDigitCure)
	case p.count >= several && p.binary == p.count:
		return fmt.Errorf("every ICCID in it is a multiple of 512, as if a program had rounded it to a floating-point number: %s", checkDigitCure)
	}
	return nil
}

const checkDigitCure = "format the column as text and fill in the ICCIDs again; if they are right, write them with their check digit"

// RepeatedShort returns the error of an ICCID that is Repeated.
func RepeatedShort(id fleet.ICCID) error {
	return fmt.Errorf("%s ends in 0000 and is in the file more than once: %s", id, roundedCure)
}
