package tablefile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// longestRow bounds a row: a longer one has an unclosed quotation mark.
const longestRow = 1 << 20

// Row is one row of a table.
type Row struct {
	Line  int      // the line on which it begins, from 1; of a workbook the row
	Cells []string // without the quotation marks around them

	numbers []bool // which cells are numeric in a workbook; nil for text
	raw     string // the lines of a text
}

// Number reports whether the cell is numeric in a workbook: its digits may be rounded.
func (r Row) Number(i int) bool { return i < len(r.numbers) && r.numbers[i] }

// Blank reports whether all cells are empty: spreadsheets often write such rows.
func (r Row) Blank() bool {
	for _, c := range r.Cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// filled returns the number of cells that are not empty.
func (r Row) filled() (n int) {
	for _, c := range r.Cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

// Fault is one error in a file.
type Fault struct {
	Line    int // 0 for the whole file
	Message string
}

func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.Message
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.Message)
}

// rows yields rows until io.EOF. A *Fault is about one row, and the next call continues after
// it; any other error is final.
type rows interface{ next() (Row, error) }

// records splits text into rows.
type records struct {
	in        *bufio.Reader
	separator rune
	line      int // of the last line that was read
}

func newRecords(r io.Reader, separator rune) *records {
	return &records{in: bufio.NewReaderSize(r, 64<<10), separator: separator}
}

// readLine returns the next line without its end.
func (r *records) readLine() (string, error) {
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) <= longestRow:
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			return "", formatError(fmt.Sprintf("line %d is longer than %d bytes: this is not a list", r.line+1, longestRow))
		case errors.Is(err, io.EOF) && len(line) == 0:
			return "", io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return "", fmt.Errorf("read the file: %w", err)
		}
		r.line++
		return strings.TrimSuffix(string(line), "\n"), nil
	}
}

var errQuotes = errors.New("a quotation mark is not closed or is followed by text: put the whole value in quotes, and double each quote inside")

// next reads a row, over as many lines as its quotes take.
func (r *records) next() (Row, error) {
	text, err := r.readLine()
	if err != nil {
		return Row{}, err
	}
	first := r.line
	cells, open, err := split(text, r.separator)
	for open {
		more, failed := r.readLine()
		if failed != nil || len(text) > longestRow {
			if failed == nil || errors.Is(failed, io.EOF) {
				return Row{}, &Fault{first, errQuotes.Error()}
			}
			return Row{}, failed
		}
		text += "\n" + more
		cells, open, err = split(text, r.separator)
	}
	if err != nil {
		return Row{}, &Fault{first, err.Error()}
	}
	return Row{Line: first, Cells: cells, raw: text}, nil
}

// split cuts a row into cells. A cell in quotes may have separators and line ends in it; a
// quotation mark elsewhere is text. open reports that a quote has not ended yet.
func split(text string, separator rune) (cells []string, open bool, err error) {
	sep := string(separator)
	if !strings.Contains(text, `"`) {
		return strings.Split(text, sep), false, nil
	}
	for {
		start := strings.TrimLeft(text, " ")
		if !strings.HasPrefix(start, `"`) {
			cell, rest, more := strings.Cut(text, sep)
			cells = append(cells, cell)
			if !more {
				return cells, false, nil
			}
			text = rest
			continue
		}
		cell, rest, closed := quoted(start[1:])
		if !closed {
			return nil, true, nil
		}
		cells = append(cells, cell)
		rest = strings.TrimLeft(rest, " ")
		switch {
		case rest == "":
			return cells, false, nil
		case !strings.HasPrefix(rest, sep):
			return nil, false, errQuotes
		}
		text = rest[len(sep):]
	}
}

// quoted reads a value up to its closing quotation mark.
func quoted(text string) (value, rest string, closed bool) {
	end := strings.IndexByte(text, '"')
	if end >= 0 && !strings.HasPrefix(text[end+1:], `"`) {
		return text[:end], text[end+1:], true
	}
	var b strings.Builder
	for {
		end := strings.IndexByte(text, '"')
		switch {
		case end < 0:
			return "", "", false
		case strings.HasPrefix(text[end+1:], `"`):
			b.WriteString(text[:end+1])
			text = text[end+2:]
		default:
			b.WriteString(text[:end])
			return b.String(), text[end+1:], true
		}
	}
}
