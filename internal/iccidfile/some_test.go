package iccidfile_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/iccidfile"
)

func readSome(t *testing.T, text string, kept int) iccidfile.Some {
	t.Helper()
	in := strings.NewReader(text)
	some, err := iccidfile.ReadSome("", func() (io.Reader, error) { return io.NewSectionReader(in, 0, in.Size()), nil }, in.Size(), kept)
	if err != nil {
		t.Fatal(err)
	}
	return some
}

// A list with faults gives the ICCIDs of the other lines, in a small file and in a large one.
func TestReadSome(t *testing.T) {
	const rounded = "8988303000000100000"
	for name, padding := range map[string]string{"small": "", "large": strings.Repeat("# a comment\n", 100_000)} {
		t.Run(name, func(t *testing.T) {
			text := "iccid\n" + padding + a + "\nx\n" + b + "\n" + a + "\n" + rounded + "\n" + rounded + "\n8.98E+18\n" + c + "\n"
			some := readSome(t, text, 2)
			if some.Twice != 1 || some.Faulty != 4 || len(some.Faults) != 2 {
				t.Errorf("%d again, %d faults, %d kept", some.Twice, some.Faulty, len(some.Faults))
			}
			var got []string
			for i := range some.Numbers.Len() {
				id, _ := some.Numbers.At(i)
				got = append(got, string(id))
			}
			if diff := cmp.Diff([]string{a, b, c}, got); diff != "" {
				t.Error(diff)
			}
			if all := readSome(t, padding+rounded+"\n8988303000000110000\n8988303000000120000\n", 10); all.Numbers.Len() != 0 || all.Faulty != 1 || all.Faults[0].Where.Line != 0 {
				t.Errorf("of rounded ICCIDs: %+v", all)
			}
		})
	}
}

// A file with more ICCIDs than a job may have is read no further, so that it does not fill the
// memory.
func TestStreamStops(t *testing.T) {
	const most = 10
	defer iccidfile.SetMostNumbers(most)()
	var text strings.Builder
	for i := range 100_000 {
		_, _ = fmt.Fprintf(&text, "%d\n", 8988303000000000000+i)
	}
	in := strings.NewReader(text.String())
	numbers, err := iccidfile.Stream("body", func() (io.Reader, error) { return io.NewSectionReader(in, 0, in.Size()), nil }, in.Size())
	if err != nil || numbers.Len() != most+1 {
		t.Errorf("%v", err)
	}
}

// A small workbook that names a row far down, or unpacks to much text, is refused.
func TestWorkbookBombs(t *testing.T) {
	for name, test := range map[string]struct{ row, shared, want string }{
		"a row far down": {`<row r="2000000000"><c t="inlineStr"><is><t>` + a + `</t></is></c></row>`, "", "rows: save the list as CSV"},
		"a large sheet":  {`<row r="1"><c t="inlineStr"><is><t>` + a + strings.Repeat(" ", 100<<20) + `</t></is></c></row>`, "", "save the list as CSV"},
		"large texts":    {`<row r="1"><c t="s"><v>0</v></c></row>`, "<sst><si><t>" + a + "</t></si>" + strings.Repeat("<si/>", 6<<20) + "</sst>", "save the list as CSV"},
	} {
		book := workbookOf(t, test.row, test.shared)
		_, err := iccidfile.Stream("body", func() (io.Reader, error) { return bytes.NewReader(book), nil }, int64(len(book)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// workbookOf packs a workbook with one sheet.
func workbookOf(t *testing.T, rows, shared string) []byte {
	t.Helper()
	const relations = `<Relationships><Relationship Id="r1" Type="x/%s" Target="%s"/></Relationships>`
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"_rels/.rels": fmt.Sprintf(relations, "officeDocument", "xl/workbook.xml"),
		"xl/workbook.xml": `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>` +
			`<sheet name="a" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": fmt.Sprintf(relations, "worksheet", "sheet.xml"),
		"xl/sheet.xml":               "<worksheet><sheetData>" + rows + "</sheetData></worksheet>",
		"xl/sharedStrings.xml":       shared,
	} {
		if text == "" {
			continue
		}
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
