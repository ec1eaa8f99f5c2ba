package tablefile

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

// Bounds of a workbook. A small file may unpack to a large one.
const (
	mostUnpacked = 4 << 30   // bytes of a sheet
	mostStrings  = 256 << 20 // bytes of the texts that cells share
	mostCells    = 16384     // of a row, as spreadsheets have it
)

// workbook reads the rows of the only sheet of a workbook that has any. It streams: a row
// is in memory, and the texts that the cells share.
type workbook struct {
	date1904 bool

	files  map[string]*zip.File
	shared []string
	sheet  io.ReadCloser
	xml    *xml.Decoder
	row    int
}

var errNoWorkbook = formatError("it is packed, but not a workbook: save the list as .xlsx, CSV or plain text")

func brokenWorkbook(err error) error {
	var known formatError
	if errors.As(err, &known) {
		return err
	}
	return formatError("the workbook is damaged: save it again (" + err.Error() + ")")
}

func openWorkbook(r io.Reader) (*workbook, error) {
	at, size, err := sized(r)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(at, size)
	if err != nil {
		return nil, brokenWorkbook(err)
	}
	b := &workbook{files: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		b.files[strings.ToLower(strings.TrimPrefix(f.Name, "/"))] = f
	}
	sheets, err := b.sheets()
	if err != nil {
		return nil, brokenWorkbook(err)
	}
	chosen, err := b.onlySheet(sheets)
	if err != nil {
		return nil, brokenWorkbook(err)
	}
	if err := b.readShared(); err != nil {
		return nil, brokenWorkbook(err)
	}
	err = b.begin(chosen)
	return b, err
}

// sized returns an io.ReaderAt of the file and its size.
func sized(r io.Reader) (io.ReaderAt, int64, error) {
	switch f := r.(type) {
	case *os.File:
		info, err := f.Stat()
		if err != nil {
			return nil, 0, err
		}
		return f, info.Size(), nil
	case interface {
		io.ReaderAt
		Size() int64
	}:
		return f, f.Size(), nil
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err == nil && len(text) > maxText {
		err = formatError(fmt.Sprintf("it has more than %d MB", maxText>>20))
	}
	return bytes.NewReader(text), int64(len(text)), err
}

type sheet struct {
	name, file string
	hidden     bool
}

func (b *workbook) open(name string, most int64) (io.ReadCloser, error) {
	f := b.files[strings.ToLower(name)]
	if f == nil {
		return nil, errNoWorkbook
	}
	if f.UncompressedSize64 > uint64(most) {
		return nil, formatError(fmt.Sprintf("%s in the workbook is larger than %d MB: save the list as CSV", path.Base(name), most>>20))
	}
	return f.Open()
}

func (b *workbook) decode(name string, into any) error {
	const most = 16 << 20
	r, err := b.open(name, most)
	if err != nil {
		return err
	}
	err = xml.NewDecoder(io.LimitReader(r, most)).Decode(into)
	return errors.Join(err, r.Close())
}

// sheets lists the sheets in the order of their tabs.
func (b *workbook) sheets() (list []sheet, err error) {
	var rels struct {
		Relationship []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		}
	}
	if err := b.decode("_rels/.rels", &rels); err != nil {
		return nil, err
	}
	main := ""
	for _, r := range rels.Relationship {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			main = strings.TrimPrefix(r.Target, "/")
		}
	}
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			Loose string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := b.decode(main, &book); err != nil {
		return nil, err
	}
	b.date1904 = book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true"
	rels.Relationship = nil
	if err := b.decode(path.Join(path.Dir(main), "_rels", path.Base(main)+".rels"), &rels); err != nil {
		return nil, err
	}
	targets := make(map[string]string)
	for _, r := range rels.Relationship {
		if !strings.HasSuffix(r.Type, "/worksheet") {
			continue
		}
		if targets[r.ID] = strings.TrimPrefix(r.Target, "/"); !strings.HasPrefix(r.Target, "/") {
			targets[r.ID] = path.Join(path.Dir(main), r.Target)
		}
	}
	for _, s := range book.Sheets {
		if file := targets[s.ID+s.Loose]; file != "" { // else a chart
			list = append(list, sheet{s.Name, file, s.State == "hidden" || s.State == "veryHidden"})
		}
	}
	return list, nil
}

// onlySheet returns the only sheet with cells; several are an error.
func (b *workbook) onlySheet(sheets []sheet) (string, error) {
	var names []string
	file := ""
	for _, s := range sheets {
		if s.hidden {
			continue
		}
		filled, err := b.filled(s)
		if err != nil {
			return "", err
		}
		if filled {
			names = append(names, strconv.Quote(clip(s.name)))
			file = s.file
		}
	}
	switch len(names) {
	case 0:
		return "", formatError("the workbook is empty")
	case 1:
		return file, nil
	}
	return "", formatError("the workbook has several sheets with rows (" + strings.Join(names, ", ") + "): keep the one that counts, or save it as CSV")
}

func (b *workbook) filled(s sheet) (bool, error) {
	probe := &workbook{files: b.files}
	if err := probe.begin(s.file); err != nil {
		return false, err
	}
	defer probe.close()
	for {
		tok, err := probe.xml.Token()
		switch el := tok.(type) {
		case xml.StartElement:
			if el.Name.Local == "v" || el.Name.Local == "is" {
				return true, nil
			}
		default:
			if errors.Is(err, io.EOF) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
		}
	}
}

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
	r, err := b.open(name, mostStrings)
	if err != nil {
		return err
	}
	d := xml.NewDecoder(io.LimitReader(r, mostStrings))
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

func (b *workbook) begin(file string) error {
	r, err := b.open(file, mostUnpacked)
	if err != nil {
		return brokenWorkbook(err)
	}
	b.sheet, b.xml = r, xml.NewDecoder(io.LimitReader(r, mostUnpacked))
	return nil
}

func (b *workbook) close() { _ = b.sheet.Close() } // read only

// next reads a row. Damage anywhere in the sheet is an error, never its end.
func (b *workbook) next() (Row, error) {
	for {
		tok, err := b.xml.Token()
		if errors.Is(err, io.EOF) {
			return Row{}, io.EOF
		}
		if err != nil {
			return Row{}, brokenWorkbook(err)
		}
		el, ok := tok.(xml.StartElement)
		if !ok || el.Name.Local != "row" {
			continue
		}
		row, err := b.readRow(el)
		var fault *Fault
		if err != nil && !errors.As(err, &fault) {
			err = brokenWorkbook(err)
		}
		return row, err
	}
}

func (b *workbook) readRow(el xml.StartElement) (Row, error) {
	hidden, err := b.beginRow(el)
	if err != nil {
		return Row{}, err
	}
	row := Row{Line: b.row}
	for {
		tok, err := b.xml.Token()
		if err != nil {
			return row, err
		}
		switch el := tok.(type) {
		case xml.StartElement:
			if el.Name.Local == "c" {
				if err := b.readCell(&row, el); err != nil {
					return row, err
				}
			} else if err := b.xml.Skip(); err != nil {
				return row, err
			}
		case xml.EndElement:
			if hidden && !row.Blank() {
				return row, &Fault{row.Line, "the row is hidden, perhaps by a filter: show it or delete it, so that the list is what you see"}
			}
			return row, nil
		}
	}
}

// beginRow reads the number of a row, and whether it is hidden.
func (b *workbook) beginRow(el xml.StartElement) (hidden bool, err error) {
	b.row++
	for _, a := range el.Attr {
		switch a.Name.Local {
		case "r":
			n, err := strconv.Atoi(a.Value)
			if err != nil || n < b.row {
				return false, fmt.Errorf("row %d is out of order", b.row)
			}
			b.row = n
		case "hidden":
			hidden = a.Value == "1" || a.Value == "true"
		}
	}
	return hidden, nil
}

// readCell puts a cell at its position: the file omits empty ones.
func (b *workbook) readCell(row *Row, el xml.StartElement) error {
	at, kind := len(row.Cells), ""
	for _, a := range el.Attr {
		switch a.Name.Local {
		case "r":
			column, ok := columnIndex(a.Value)
			if !ok || column < at {
				return fmt.Errorf("cell %s is out of order", clip(a.Value))
			}
			at = column
		case "t":
			kind = a.Value
		}
	}
	value, found, err := b.cellText()
	if err != nil {
		return err
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

// cellText returns the value of a cell from any of its elements.
func (b *workbook) cellText() (value string, found bool, err error) {
	for {
		tok, err := b.xml.Token()
		if err != nil {
			return "", false, err
		}
		switch el := tok.(type) {
		case xml.EndElement:
			return value, found, nil
		case xml.StartElement:
			switch el.Name.Local {
			case "v":
				err, found = b.xml.DecodeElement(&value, &el), true
			case "is":
				value, err = textIn(b.xml)
				found = true
			default:
				err = b.xml.Skip()
			}
			if err != nil {
				return "", false, err
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
		if n = n*26 + int(c-'A') + 1; n > mostCells {
			return 0, false
		}
	}
	return n - 1, n > 0
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
