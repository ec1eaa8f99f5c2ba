package tablefile

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strconv"
	"strings"
	"time"
)

// readShared reads the texts that cells share. Phonetic guides are not part of a text.
func (b *workbook) readShared() error {
	name := ""
	for file := range b.files {
		if path.Base(file) == "sharedstrings.xml" {
			name = file
		}
	}
	if name == "" {
		return nil
	}
	r, err := b.open(name, b.strings)
	if err != nil {
		return err
	}
	d := xml.NewDecoder(io.LimitReader(r, b.strings))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return r.Close()
		}
		if err != nil {
			return errors.Join(err, r.Close())
		}
		if el, ok := tok.(xml.StartElement); ok && el.Name.Local == "si" {
			text, err := textIn(d)
			if err != nil {
				return errors.Join(err, r.Close())
			}
			b.shared = append(b.shared, text)
		}
	}
}

// textIn reads an element to its end and gathers its texts.
func textIn(d *xml.Decoder) (string, error) {
	var b strings.Builder
	for depth, inText, phonetic := 1, false, 0; depth > 0; {
		tok, err := d.Token()
		if err != nil {
			return "", err
		}
		switch el := tok.(type) {
		case xml.StartElement:
			depth++
			inText = el.Name.Local == "t"
			if el.Name.Local == "rPh" {
				phonetic++
			}
		case xml.EndElement:
			depth--
			inText = false
			if el.Name.Local == "rPh" {
				phonetic--
			}
		case xml.CharData:
			if inText && phonetic == 0 {
				b.Write(el)
			}
		}
	}
	return b.String(), nil
}

// cellPlace returns the column of a cell, at least next, and its kind.
func cellPlace(el xml.StartElement, next int) (at int, kind string, err error) {
	at = next
	for _, a := range el.Attr {
		switch a.Name.Local {
		case "r":
			column, ok := columnIndex(a.Value)
			if !ok || column < at {
				return at, kind, fmt.Errorf("cell %s is out of order", clip(a.Value))
			}
			at = column
		case "t":
			kind = a.Value
		}
	}
	return at, kind, nil
}

// readCell puts a cell at its position: the file omits empty ones.
func (b *workbook) readCell(row *Row, el xml.StartElement) error {
	at, kind, err := cellPlace(el, len(row.Cells))
	if err != nil {
		return err
	}
	value, found, formula, err := b.cellText()
	if err != nil {
		return err
	}
	if formula && (!found || value == "" && kind != "str") {
		return &Fault{b.row, columnName(at) + " is a formula whose result is not in the file: open the file in a spreadsheet program and save it"}
	}
	number := false
	switch kind {
	case "s":
		if !found {
			break
		}
		i, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || i < 0 || i >= len(b.shared) {
			return fmt.Errorf("there is no text %s", clip(value))
		}
		value = b.shared[i]
	case "b":
		value = map[string]string{"1": "true", "0": "false"}[strings.TrimSpace(value)]
	case "", "n":
		number = found
		value = plainNumber(strings.TrimSpace(value))
	}
	for len(row.Cells) <= at {
		row.Cells, row.numbers = append(row.Cells, ""), append(row.numbers, false)
	}
	row.Cells[at], row.numbers[at] = value, number
	return nil
}

// cellText returns the value of a cell from any of its elements, and whether it is a formula.
// Programs that compute nothing write formulas without their results.
func (b *workbook) cellText() (value string, found, formula bool, err error) {
	for {
		tok, err := b.xml.Token()
		if err != nil {
			return "", false, false, err
		}
		switch el := tok.(type) {
		case xml.EndElement:
			return value, found, formula, nil
		case xml.StartElement:
			switch el.Name.Local {
			case "v":
				err, found = b.xml.DecodeElement(&value, &el), true
			case "is":
				value, err = textIn(b.xml)
				found = true
			case "f":
				formula, err = true, b.xml.Skip()
			default:
				err = b.xml.Skip()
			}
			if err != nil {
				return "", false, false, err
			}
		}
	}
}

// columnIndex reads the letters of a cell's name: A1 is 0, AA7 is 26.
func columnIndex(name string) (int, bool) {
	n := 0
	for _, c := range name {
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > maxCells {
			return 0, false
		}
	}
	return n - 1, n > 0
}

// columnName returns the name of a column as a spreadsheet shows it: "column C".
func columnName(column int) string {
	const letters = 26
	name := ""
	for n := column + 1; n > 0; n = (n - 1) / letters {
		name = string(rune('A'+(n-1)%letters)) + name
	}
	return "column " + name
}

// plainNumber formats an integer with all its digits without an exponent.
func plainNumber(value string) string {
	const exact = 1e15
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || f >= exact || f <= -exact || f != float64(int64(f)) {
		return value
	}
	return strconv.FormatInt(int64(f), 10)
}

// Date parses a day that a workbook stores as the number of days since 1900, or 1904.
func (t *Table) Date(value string) (string, error) {
	const lastLeapFault = 60 // before it the count is off by one; no SIM is that old
	days, err := strconv.ParseFloat(value, 64)
	if err != nil || days <= lastLeapFault || days > 1e6 {
		return "", fmt.Errorf("%q is not a date: format the cell as a date, or as text and write 2021-11-18", clip(value))
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if t.Date04 {
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	seconds := math.Round(days * 24 * 60 * 60)
	return first.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339), nil
}
