package tablefile

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

type sheet struct {
	name, file string
	hidden     bool
}

// relationship is a reference from one part of the workbook to another.
type relationship struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

// relationships reads a file of relationships.
func (b *workbook) relationships(file string) ([]relationship, error) {
	var found struct {
		Relationship []relationship
	}
	err := b.decode(file, &found)
	return found.Relationship, err
}

// sheets lists the sheets in the order of their tabs.
func (b *workbook) sheets() (list []sheet, err error) {
	roots, err := b.relationships("_rels/.rels")
	if err != nil {
		return nil, err
	}
	main := ""
	for _, r := range roots {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			main = strings.TrimPrefix(r.Target, "/")
		}
	}
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name     string `xml:"name,attr"`
			State    string `xml:"state,attr"`
			ID       string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			StrictID string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := b.decode(main, &book); err != nil {
		return nil, err
	}
	b.date1904 = isTrue(book.Properties.Date1904)
	files, err := b.sheetFiles(main)
	if err != nil {
		return nil, err
	}
	for _, s := range book.Sheets {
		if file := files[s.ID+s.StrictID]; file != "" { // a chart has none
			list = append(list, sheet{s.Name, file, s.State == "hidden" || s.State == "veryHidden"})
		}
	}
	return list, nil
}

// sheetFiles returns the files of the sheets by their relationship ID; main is the workbook's part.
func (b *workbook) sheetFiles(main string) (map[string]string, error) {
	related, err := b.relationships(path.Join(path.Dir(main), "_rels", path.Base(main)+".rels"))
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for _, r := range related {
		if !strings.HasSuffix(r.Type, "/worksheet") {
			continue
		}
		file, absolute := strings.CutPrefix(r.Target, "/")
		if !absolute {
			file = path.Join(path.Dir(main), r.Target)
		}
		files[r.ID] = file
	}
	return files, nil
}

// onlySheet returns the only visible sheet with cells. More than one is an error.
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
	return "", formatError("the workbook has several sheets with rows (" + strings.Join(names, ", ") + "): keep only the sheet to read, or save that one as CSV")
}

// filled reports whether a sheet has a cell with a value or a formula.
func (b *workbook) filled(s sheet) (bool, error) {
	probe := &workbook{files: b.files, unpacked: b.unpacked}
	if err := probe.begin(s.file); err != nil {
		return false, err
	}
	defer probe.close()
	for {
		tok, err := probe.xml.Token()
		switch el := tok.(type) {
		case xml.StartElement:
			if slices.Contains([]string{"v", "is", "f"}, el.Name.Local) {
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

func (b *workbook) begin(file string) error {
	r, err := b.open(file, b.unpacked)
	if err != nil {
		return brokenWorkbook(err)
	}
	b.sheet, b.xml = r, xml.NewDecoder(io.LimitReader(r, b.unpacked))
	return nil
}

func (b *workbook) close() { _ = b.sheet.Close() } // read only

// next reads a row; io.EOF after the last. A damaged sheet is an error, never a shorter list.
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
		if ok && el.Name.Local == "col" {
			b.columns(el)
		}
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

// columns notes which columns are hidden. They come before the rows.
func (b *workbook) columns(el xml.StartElement) {
	var first, last int
	hidden := false
	for _, a := range el.Attr {
		switch a.Name.Local {
		case "min":
			first, _ = strconv.Atoi(a.Value)
		case "max":
			last, _ = strconv.Atoi(a.Value)
		case "hidden":
			hidden = isTrue(a.Value)
		}
	}
	if hidden && first > 0 {
		b.hidden = append(b.hidden, [2]int{first - 1, last - 1})
	}
}

// hides reports whether a column is hidden.
func (b *workbook) hides(column int) bool {
	return slices.ContainsFunc(b.hidden, func(r [2]int) bool { return r[0] <= column && column <= r[1] })
}

func isTrue(attribute string) bool { return attribute == "1" || attribute == "true" }

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
			hidden = isTrue(a.Value)
		}
	}
	if b.row > mostRows {
		return false, formatError(fmt.Sprintf("the workbook has more than %d rows: save the list as CSV", mostRows))
	}
	return hidden, nil
}
