package tablefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Columns are the columns that the header of a table may name.
type Columns struct {
	Names    []string            // in the order in which messages list them
	Aliases  map[string][]string // other headings of a column
	Required []string            // one of these columns must be there; none for any known column
	Others   bool                // unknown columns are ignored; otherwise they are faults
	Singular string              // what one row is, such as "a SIM": for messages
	Uploaded bool                // the file is from a caller of the server: less of a workbook is unpacked
}

// canonical finds the column of a heading, ignoring case, spaces and punctuation.
func (c Columns) canonical(heading string) string {
	plain := letters(heading)
	if plain == "" {
		return ""
	}
	for _, name := range c.Names {
		if plain == letters(name) || slices.ContainsFunc(c.Aliases[name], func(a string) bool { return plain == letters(a) }) {
			return name
		}
	}
	return ""
}

func letters(heading string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// Table is a file of known format. It does not keep rows: they are read on demand.
type Table struct {
	Columns []string // the column of each cell; "" for an ignored one
	Header  int      // the line of the header; 0 if there is none
	Width   int      // how many cells the header has
	Date04  bool     // a workbook whose dates count from 1904

	open      Source
	format    format
	separator rune
	headings  []string
	uploaded  bool
	hides     func(column int) bool // of a workbook
}

// Faults are the errors of a file.
type Faults []*Fault

func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i, fault := range f {
		texts[i] = fault.Error()
	}
	return strings.Join(texts, "\n")
}

// ErrNoHeader is the error for a file without a header.
var ErrNoHeader = errors.New("no line names columns")

// headLines is the number of lines in which the header must be, below titles and notes.
const headLines = 100

// separators are the possible separators of cells; a space may be inside a number.
var separators = []rune{'\t', ';', '|', ','}

// Open detects the format of a file and its header: a line with a required column, or otherwise
// any known one. Title lines above it are skipped.
//
// The error is Faults for errors of the file, ErrNoHeader (the table is valid then, and Text
// reads it), or a failure to read.
func Open(open Source, columns Columns) (*Table, error) {
	t := &Table{open: open, uploaded: columns.Uploaded}
	var err error
	if t.format, err = detect(open); err != nil {
		return nil, asFaults(err)
	}
	best := 0
	var found Row
	var above []Row
	choices, err := t.choices()
	if err != nil {
		return nil, asFaults(err)
	}
	for _, s := range choices {
		head, err := t.head(s)
		if err != nil {
			return nil, asFaults(err)
		}
		if i, n := headerIn(head, columns); n > best {
			best, found, above, t.separator = n, head[i], head[:i], s
		}
	}
	if best == 0 {
		return t, ErrNoHeader
	}
	t.Header, t.Width, t.headings = found.Line, len(found.Cells), slices.Clone(found.Cells)
	faults := t.name(columns)
	faults = append(faults, columns.notTitles(above, found)...)
	if len(faults) > 0 {
		return nil, faults
	}
	return t, nil
}

func asFaults(err error) error {
	var bad formatError
	if errors.As(err, &bad) {
		return Faults{{0, bad.Error()}}
	}
	return err
}

// choices returns the possible separators: one if the first line is, for example, sep=;.
func (t *Table) choices() ([]rune, error) {
	if t.format == workbookFormat {
		return []rune{0}, nil
	}
	r, err := t.records(',')
	if err != nil {
		return nil, err
	}
	line, err := r.readLine()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if s, ok := namedSeparator(line); ok {
		return []rune{s}, nil
	}
	return separators, nil
}

// IsSeparatorLine reports whether a first line only declares the separator, as in Excel.
func IsSeparatorLine(line string) bool {
	_, ok := namedSeparator(line)
	return ok
}

// namedSeparator reads the line sep=; that Excel knows.
func namedSeparator(line string) (rune, bool) {
	line = strings.Trim(line, " \"")
	if len(line) < 5 || !strings.EqualFold(line[:4], "sep=") {
		return 0, false
	}
	s := []rune(line[4:])
	return s[0], len(s) == 1
}

func (t *Table) records(separator rune) (*records, error) {
	r, err := t.open()
	if err != nil {
		return nil, err
	}
	return newRecords(t.format.decoded(r), separator), nil
}

// rows begins at the first row.
func (t *Table) rows(separator rune) (rows, error) {
	if t.format == workbookFormat {
		r, err := t.open()
		if err != nil {
			return nil, err
		}
		return openWorkbook(r, t.uploaded)
	}
	return t.records(separator)
}

// head returns the first rows, as far as they can be read.
func (t *Table) head(separator rune) (head []Row, err error) {
	in, err := t.rows(separator)
	if err != nil {
		return nil, err
	}
	if book, ok := in.(*workbook); ok {
		t.Date04, t.hides = book.date1904, book.hides
		defer book.close()
	}
	for range headLines {
		row, err := in.next()
		var fault *Fault
		switch {
		case errors.Is(err, io.EOF):
			return head, nil
		case errors.As(err, &fault):
			continue // with this separator, or at all: reading the rows reports it
		case err != nil:
			return nil, err
		}
		head = append(head, row)
	}
	return head, nil
}

// headerIn finds the header among the first rows: the row that names most columns, of several
// the one with most cells. score is 0 for none; it also ranks separators.
func headerIn(head []Row, columns Columns) (at, score int) {
	for i, row := range head {
		n, required := 0, len(columns.Required) == 0
		for _, cell := range row.Cells {
			name := columns.canonical(cell)
			if name == "" {
				continue
			}
			n++
			required = required || slices.Contains(columns.Required, name)
		}
		const most = 1 << 20 // more than a row has cells
		if s := n*most + row.filled(); n > 0 && required && s > score {
			at, score = i, s
		}
		if score > 0 && n == 0 && !row.Blank() {
			break // below the header
		}
	}
	return at, score
}

// name finds the column of each cell. Two headings of one column are a fault.
func (t *Table) name(columns Columns) (faults Faults) {
	fault := func(format string, args ...any) {
		faults = append(faults, &Fault{t.Header, fmt.Sprintf(format, args...)})
	}
	t.Columns = make([]string, len(t.headings))
	for i, heading := range t.headings {
		name := columns.canonical(heading)
		t.Columns[i] = name
		first := slices.Index(t.Columns[:i], name)
		switch {
		case name != "" && first >= 0:
			fault("columns %d and %d, %q and %q, are both %s: remove one of the two", first+1, i+1, clip(t.headings[first]), clip(heading), name)
		case name != "" && t.hidden(i):
			fault("column %q is hidden: show it or delete it, so that the list is what you see", clip(heading))
		case name == "" && strings.TrimSpace(heading) != "" && !columns.Others:
			fault("unknown column %q: known are %s", clip(heading), strings.Join(columns.Names, ", "))
		}
	}
	return faults
}

// hidden reports whether a column is hidden in a workbook.
func (t *Table) hidden(column int) bool { return t.hides != nil && t.hides(column) }

// hiddenCell returns a fault for a row that has a value in a hidden column, in a workbook without a
// header.
func (t *Table) hiddenCell(row Row) *Fault {
	if t.Header > 0 {
		return nil // the columns that are read are named, and not hidden
	}
	for i, cell := range row.Cells {
		if strings.TrimSpace(cell) != "" && t.hidden(i) {
			return &Fault{row.Line, fmt.Sprintf("%q is in a hidden column: show it or delete it, so that the list is what you see", clip(cell))}
		}
	}
	return nil
}

// notTitles returns an error for rows above the header that are not titles, because they may be
// data.
func (c Columns) notTitles(above []Row, header Row) (faults Faults) {
	for _, row := range above {
		if _, sep := namedSeparator(row.raw); sep && row.Line == 1 {
			continue
		}
		number := slices.ContainsFunc(row.Cells, MayHoldICCID)
		if number || len(c.Required) == 0 && row.filled() > 1 && row.filled() >= header.filled() {
			faults = append(faults, &Fault{row.Line, fmt.Sprintf("it is above the line that names the columns (line %d) and looks like %s: move it below, or remove it",
				header.Line, c.Singular)})
		}
	}
	return faults
}

// ErrChanged is the error for a file that has changed since Open.
var ErrChanged = errors.New("the file has changed while it was read: leave it alone, and try again")

// Rows reads the rows below the header, without blank ones. A fault concerns one row and is not
// final; an error is final. It ends when yield returns false.
func (t *Table) Rows(yield func(row Row, fault *Fault) bool) error {
	in, err := t.rows(t.separator)
	if err != nil {
		return asFaults(err)
	}
	if book, ok := in.(*workbook); ok {
		defer book.close()
	}
	below := t.Header == 0 // a file without a header has rows from the start
	for {
		row, err := in.next()
		var fault *Fault
		switch {
		case errors.Is(err, io.EOF):
			if !below {
				return ErrChanged
			}
			return nil
		case errors.As(err, &fault):
			if t.ends(fault, yield) {
				return nil
			}
			continue
		case err != nil:
			return asFaults(err)
		}
		switch {
		case row.Line < t.Header, row.Blank():
		case row.Line == t.Header && slices.Equal(row.Cells, t.headings):
			below = true
		case row.Line == t.Header, !below:
			return ErrChanged
		case !yield(row, t.hiddenCell(row)):
			return nil
		}
	}
}

// ends passes on a fault below the header and reports whether the reader wants no more.
func (t *Table) ends(fault *Fault, yield func(Row, *Fault) bool) bool {
	return fault.Line > t.Header && !yield(Row{Line: fault.Line}, fault)
}

// Workbook reports whether the file is a workbook.
func (t *Table) Workbook() bool { return t.format == workbookFormat }

// maxText bounds what Text reads: a million ICCIDs with a few columns beside them.
const maxText = 256 << 20

// Text returns the whole file as text.
func (t *Table) Text() (string, error) {
	r, err := t.open()
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if n, err := b.ReadFrom(io.LimitReader(t.format.decoded(r), maxText+1)); err != nil {
		return "", fmt.Errorf("read the file: %w", err)
	} else if n > maxText {
		return "", Faults{{0, fmt.Sprintf("it has more than %d MB", maxText>>20)}}
	}
	return b.String(), nil
}

// Lines gives the lines of a text, numbered from 1, until yield returns false.
func (t *Table) Lines(yield func(line int, text string) bool) error {
	r, err := t.open()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(t.format.decoded(r))
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		if n++; !yield(n, lines.Text()) {
			return nil
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return Faults{{n + 1, fmt.Sprintf("the line has more than %d kB", maxLine>>10)}}
	}
	return lines.Err()
}

// maxLine bounds the lines that Lines gives.
const maxLine = 1 << 20

// clip shortens an invalid value for an error message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
