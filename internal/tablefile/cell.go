package tablefile

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// formulaStart are the characters that start a formula in a spreadsheet. Some languages also
// accept the full-width forms.
const formulaStart = "=+-@\t\r\n＝＋－＠"

// guarded reports whether a value needs a leading apostrophe: a spreadsheet would run it, or
// Value would remove its spaces or its own apostrophe.
func guarded(value string) bool {
	if value == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	return first == '\'' || unicode.IsSpace(first) || unicode.IsSpace(last) || strings.ContainsRune(formulaStart, first)
}

// Guard returns a value as it is written into a CSV file: with a leading apostrophe if a
// spreadsheet would read it as a formula. [Value] removes the apostrophe.
func Guard(value string) string {
	if guarded(value) {
		return "'" + value
	}
	return value
}

// Value returns the value of a cell: without the apostrophe that Guard adds, otherwise
// without the spaces around it.
func Value(cell string) string {
	if value, ok := strings.CutPrefix(cell, "'"); ok && guarded(value) {
		return value
	}
	return strings.TrimSpace(cell)
}

// Writer writes CSV files that spreadsheets and the readers of this package understand. No
// cell of them is a formula.
type Writer struct {
	out   *csv.Writer
	cells []string
}

// NewWriter returns a Writer to w, and writes the header.
func NewWriter(w io.Writer, columns ...string) (*Writer, error) {
	out := &Writer{out: csv.NewWriter(w)}
	err := out.Write(columns...)
	return out, err
}

// Write writes one row.
func (w *Writer) Write(values ...string) error {
	w.cells = w.cells[:0]
	for _, v := range values {
		w.cells = append(w.cells, Guard(v))
	}
	return w.out.Write(w.cells)
}

// Close flushes the buffer. It does not close the underlying writer.
func (w *Writer) Close() error {
	w.out.Flush()
	return w.out.Error()
}
