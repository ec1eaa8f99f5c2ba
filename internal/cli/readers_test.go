package cli_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// grid is a table before it is written in one form or another.
type grid [][]string

// reader is a command that reads a table.
type reader struct {
	name  string
	table grid                                            // header and two rows; the first row has a text with an umlaut in it if the reader has texts
	read  func(t *testing.T, file string) (string, error) // what was read, in one line
}

const iccidA, iccidB = "8988303000006738593", "8988303000006738591"

// readers returns all commands that read tables, each over a server or a database of its own.
func readers() []reader {
	sims := grid{{"iccid", "workspace"}, {iccidA, "100"}, {iccidB, "100"}}
	devices := grid{{"name", "workspace", "tags"}, {"Zähler Köln", "100", "a"}, {"meter", "100", "b"}}
	return []reader{
		{"migrate --file", sims, readByMigrate},
		{"sim import", sims, func(t *testing.T, file string) (string, error) { return readByImport(t, "sim", file) }},
		{"device import", devices, func(t *testing.T, file string) (string, error) { return readByImport(t, "device", file) }},
	}
}

func readByMigrate(t *testing.T, file string) (string, error) {
	t.Helper()
	got := startFakeAPI(t, &fakeAPI{echo: true}).run(t, "", "migrate", "--to", "200", "--dry-run", "--output", "json", "--file", file)
	if got.code != 0 {
		return "", fmt.Errorf("exit code %d: %s", got.code, got.errors)
	}
	var report struct {
		SIMs []struct {
			ICCID string `json:"iccid"`
		} `json:"sims"`
	}
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, s := range report.SIMs {
		found = append(found, s.ICCID)
	}
	return strings.Join(found, " "), nil
}

func readByImport(t *testing.T, kind, file string) (string, error) {
	t.Helper()
	db := database(t)
	if err := os.WriteFile(db, oneWorkspace(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, db, "", kind, "import", file); got.code != 0 {
		return "", fmt.Errorf("exit code %d: %s", got.code, got.errors)
	}
	got := run(t, db, "", kind, "export")
	if got.code != 0 {
		t.Fatal(got)
	}
	var found []string
	for i, line := range strings.Split(strings.TrimSpace(got.out), "\n") {
		if cells := strings.Split(line, ","); i > 0 {
			found = append(found, strings.Join(slices.DeleteFunc(slices.Concat(cells[1:4], cells[6:7]), func(c string) bool { return c == "100" }), "+"))
		}
	}
	return strings.Join(found, " "), nil
}

// oneWorkspace returns a database with the Workspace 100. It is made once.
func oneWorkspace(t *testing.T) []byte {
	t.Helper()
	madeOnce.Do(func() {
		db := database(t)
		if got := run(t, db, "", "workspace", "create", "Fleet DE", "--id", "100"); got.code != 0 {
			t.Fatal(got)
		}
		var err error
		if made, err = os.ReadFile(db); err != nil {
			t.Fatal(err)
		}
	})
	return made
}

var (
	madeOnce sync.Once
	made     []byte
)

// plainCSV writes a grid in the simplest form.
func plainCSV(g grid) []byte { return separated(g, ",", "\n") }

func separated(g grid, separator, end string) []byte {
	var b strings.Builder
	for _, row := range g {
		b.WriteString(strings.Join(row, separator) + end)
	}
	return []byte(b.String())
}

func inUTF16(text []byte, order binary.AppendByteOrder, mark bool) []byte {
	var raw []byte
	if mark {
		raw = order.AppendUint16(raw, 0xfeff)
	}
	for _, unit := range utf16.Encode([]rune(string(text))) {
		raw = order.AppendUint16(raw, unit)
	}
	return raw
}

// western encodes text as an old Excel does.
func western(text []byte) []byte {
	var b []byte
	for _, r := range string(text) {
		b = append(b, byte(r))
	}
	return b
}

// each changes every cell below the header.
func (g grid) each(change func(string) string) grid {
	out := grid{g[0]}
	for _, row := range g[1:] {
		var cells []string
		for _, c := range row {
			cells = append(cells, change(c))
		}
		out = append(out, cells)
	}
	return out
}

// iccids changes every ICCID, and nothing else.
func (g grid) iccids(change func(string) string) grid {
	return g.each(func(c string) string {
		if len(c) == len(iccidA) && strings.HasPrefix(c, "89") {
			return change(c)
		}
		return c
	})
}

func (g grid) above(rows ...[]string) grid { return append(append(grid{}, rows...), g...) }

func bookOf(t *testing.T, sheets map[string]grid, value func(string) any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for name, g := range sheets {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for i, row := range g {
			for k, c := range row {
				cell, _ := excelize.CoordinatesToCellName(k+1, i+1)
				if err := f.SetCellValue(name, cell, value(c)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asText(c string) any { return c }

// streamed returns a workbook with texts inside the cells, as programs write them.
func streamed(t *testing.T, g grid) []byte {
	t.Helper()
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	for i, row := range g {
		cells := make([]any, len(row))
		for k, c := range row {
			cells[k] = c
		}
		if err == nil {
			err = w.SetRow(fmt.Sprintf("A%d", i+1), cells)
		}
	}
	var b bytes.Buffer
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Write(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every reader understands every form in which a table may come.
func TestEveryReaderUnderstandsEveryForm(t *testing.T) {
	quote := func(c string) string { return `"` + c + `"` }
	forms := map[string]func(t *testing.T, g grid) []byte{
		"plain":           func(_ *testing.T, g grid) []byte { return plainCSV(g) },
		"byte order mark": func(_ *testing.T, g grid) []byte { return append([]byte("\xef\xbb\xbf"), plainCSV(g)...) },
		"UTF-16 LE": func(_ *testing.T, g grid) []byte {
			return inUTF16(separated(g, "\t", "\r\n"), binary.LittleEndian, true)
		},
		"UTF-16 BE":            func(_ *testing.T, g grid) []byte { return inUTF16(plainCSV(g), binary.BigEndian, true) },
		"UTF-16 LE, no mark":   func(_ *testing.T, g grid) []byte { return inUTF16(plainCSV(g), binary.LittleEndian, false) },
		"UTF-16 BE, no mark":   func(_ *testing.T, g grid) []byte { return inUTF16(plainCSV(g), binary.BigEndian, false) },
		"Windows-1252":         func(_ *testing.T, g grid) []byte { return western(plainCSV(g)) },
		"semicolons":           func(_ *testing.T, g grid) []byte { return separated(g, ";", "\n") },
		"tabs":                 func(_ *testing.T, g grid) []byte { return separated(g, "\t", "\n") },
		"pipes":                func(_ *testing.T, g grid) []byte { return separated(g, "|", "\n") },
		"CRLF":                 func(_ *testing.T, g grid) []byte { return separated(g, ",", "\r\n") },
		"CR alone":             func(_ *testing.T, g grid) []byte { return separated(g, ",", "\r") },
		"sep=;":                func(_ *testing.T, g grid) []byte { return append([]byte("sep=;\r\n"), separated(g, ";", "\r\n")...) },
		"sep=^, which is rare": func(_ *testing.T, g grid) []byte { return append([]byte("sep=^\r\n"), separated(g, "^", "\r\n")...) },
		"SEP=, in UTF-16": func(_ *testing.T, g grid) []byte {
			return inUTF16(append([]byte("SEP=,\r\n"), plainCSV(g)...), binary.LittleEndian, true)
		},
		"quotes": func(_ *testing.T, g grid) []byte { return plainCSV(g.each(quote)) },
		"line breaks in quotes": func(_ *testing.T, g grid) []byte {
			return plainCSV(g.iccids(func(c string) string { return "\"" + c + "\n\"" }))
		},
		"a quoted heading": func(_ *testing.T, g grid) []byte { return plainCSV(quotedHead(g)) },
		"apostrophes":      func(_ *testing.T, g grid) []byte { return plainCSV(g.iccids(func(c string) string { return "'" + c })) },
		"formulas of text": func(_ *testing.T, g grid) []byte {
			return plainCSV(g.iccids(func(c string) string { return `="` + c + `"` }))
		},
		"a trailing F": func(_ *testing.T, g grid) []byte { return plainCSV(g.iccids(func(c string) string { return c + "F" })) },
		"odd spaces": func(_ *testing.T, g grid) []byte {
			return plainCSV(g.iccids(func(c string) string { return "\u00a0" + c[:4] + "\u202f" + c[4:] + "\u200b" }))
		},
		"a title": func(_ *testing.T, g grid) []byte {
			return plainCSV(g.above([]string{"Export of the fleet"}, []string{}))
		},
		"titles as wide": func(_ *testing.T, g grid) []byte {
			return plainCSV(g.above([]string{"Export", ""}, []string{"by Anna", ""}, []string{"", ""}))
		},
		"blank rows": func(_ *testing.T, g grid) []byte {
			return plainCSV(append(g.above([]string{}), []string{}, []string{"", ""}))
		},
		"headings in capitals":  func(_ *testing.T, g grid) []byte { return plainCSV(append(grid{upper(g[0])}, g[1:]...)) },
		"a workbook":            func(t *testing.T, g grid) []byte { return bookOf(t, map[string]grid{"SIMs": g}, asText) },
		"a streamed workbook":   streamed,
		"a workbook with title": func(t *testing.T, g grid) []byte { return streamed(t, g.above([]string{"Export"}, []string{})) },
		"a workbook, numbers": func(t *testing.T, g grid) []byte {
			return bookOf(t, map[string]grid{"SIMs": g}, func(c string) any {
				if c == "100" {
					return 100
				}
				return c
			})
		},
	}
	for _, r := range readers() {
		want := map[string]string{
			"migrate --file": iccidA + " " + iccidB, "sim import": iccidA + "++ " + iccidB + "++", "device import": "Zähler Köln+enabled+a meter+enabled+b",
		}[r.name]
		for name, form := range forms {
			t.Run(r.name+"/"+name, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "list.csv")
				if err := os.WriteFile(file, form(t, r.table), 0o600); err != nil {
					t.Fatal(err)
				}
				got, err := r.read(t, file)
				if err != nil || got != want {
					t.Errorf("%q, %v, want %q", got, err, want)
				}
			})
		}
	}
}

func upper(header []string) []string {
	var out []string
	for _, h := range header {
		out = append(out, strings.ToUpper(h))
	}
	return out
}

func quotedHead(g grid) grid {
	var head []string
	for _, h := range g[0] {
		head = append(head, `"`+h+`"`)
	}
	return append(grid{head}, g[1:]...)
}

// Every reader refuses what it cannot be sure of, and takes nothing.
func TestEveryReaderRefusesUncertainNumbers(t *testing.T) {
	numeric := func(c string) any {
		if strings.HasPrefix(c, "89") {
			var n uint64
			_, _ = fmt.Sscan(c, &n)
			return n
		}
		return c
	}
	double := func(g grid) grid { // the first column once more
		out := grid{}
		for _, row := range g {
			out = append(out, append([]string{row[0]}, row...))
		}
		return out
	}
	all := map[string]struct {
		text func(t *testing.T, g grid) []byte
		want string
	}{
		"a doubled column": {func(_ *testing.T, g grid) []byte { return plainCSV(double(g)) }, "columns 1 and 2,"},
		"a doubled column, case": {func(_ *testing.T, g grid) []byte {
			g = double(g)
			return plainCSV(append(grid{append([]string{strings.ToUpper(g[0][0])}, g[0][1:]...)}, g[1:]...))
		}, "columns 1 and 2,"},
		"a doubled column, workbook": {func(t *testing.T, g grid) []byte { return streamed(t, double(g)) }, "columns 1 and 2,"},
		"an open quote":              {func(_ *testing.T, g grid) []byte { return append(plainCSV(g), `"x,1`...) }, "a quotation mark is not closed"},
		"text behind a quote":        {func(_ *testing.T, g grid) []byte { return append(plainCSV(g), `"x"y,1`...) }, "followed by text"},
		"no text":                    {func(_ *testing.T, g grid) []byte { return append(plainCSV(g), 0, 1, 2) }, "not text"},
		"an odd byte":                {func(_ *testing.T, g grid) []byte { return append(inUTF16(plainCSV(g), binary.LittleEndian, true), 'x') }, "cut off"},
		"compressed":                 {func(*testing.T, grid) []byte { return []byte("\x1f\x8b\x08\x00") }, "unpack it"},
		"an old workbook":            {func(*testing.T, grid) []byte { return []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") }, "old kind"},
		"a cut-off workbook":         {func(t *testing.T, g grid) []byte { b := streamed(t, g); return b[:len(b)/2] }, "damaged"},
		"two sheets":                 {func(t *testing.T, g grid) []byte { return bookOf(t, map[string]grid{"A": g, "B": g}, asText) }, "several sheets"},
		"an empty workbook":          {func(t *testing.T, _ grid) []byte { return bookOf(t, map[string]grid{"A": {}}, asText) }, "empty"},
		"a hidden row":               {hiddenRow, "the row is hidden"},
		"a hidden column":            {hiddenColumn, "is hidden: show it"},
		"UTF-32":                     {func(_ *testing.T, g grid) []byte { return inUTF32(plainCSV(g), "\xff\xfe\x00\x00") }, "UTF-32"},
		"UTF-32 without a mark":      {func(_ *testing.T, g grid) []byte { return inUTF32(plainCSV(g), "") }, "UTF-32"},
		"a formula without a result": {formulaRow, "column A is a formula"},
		"nothing":                    {func(*testing.T, grid) []byte { return nil }, ""},
	}
	sims := map[string]struct {
		text func(t *testing.T, g grid) []byte
		want string
	}{
		"scientific": {func(_ *testing.T, g grid) []byte { return plainCSV(append(g, []string{"8.98E+18", "100"})) }, "rounded it"},
		"scientific, comma": {func(_ *testing.T, g grid) []byte {
			return separated(append(g, []string{"8,98830300000674E+18", "100"}), ";", "\n")
		}, "rounded it"},
		"quantity":            {func(_ *testing.T, g grid) []byte { return plainCSV(append(g, []string{iccidA + ".0", "100"})) }, "quantity"},
		"repeated, 15 digits": {func(_ *testing.T, g grid) []byte { return plainCSV(append(g, repeat("8988303000000100000", 5)...)) }, "ends in 0000"},
		"all of 15 digits": {func(_ *testing.T, g grid) []byte {
			return plainCSV(grid{g[0], {"8988303000000100000", "100"}, {"8988303000000110000", "100"}})
		}, "every ICCID in it ends in 0000"},
		"one of 15 digits": {func(_ *testing.T, g grid) []byte { return plainCSV(grid{g[0], {"8988303000000100000", "100"}}) }, "every ICCID in it ends in 0000"},
		"all of 17 digits": {func(_ *testing.T, g grid) []byte {
			return plainCSV(grid{g[0], {"8988303000000100100", "100"}, {"8988303000000110200", "100"}, {"8988303000000110900", "100"}})
		}, "every ICCID in it ends in 00"},
		"all of 53 bits": {func(_ *testing.T, g grid) []byte {
			return plainCSV(grid{g[0], {"8988303000006738944", "100"}, {"8988303000006739968", "100"}, {"8988303000006740992", "100"}})
		}, "floating-point"},
		"numbers of a workbook": {func(t *testing.T, g grid) []byte { return bookOf(t, map[string]grid{"A": g}, numeric) }, "number in the workbook"},
		"rounded, workbook": {func(t *testing.T, g grid) []byte {
			return bookOf(t, map[string]grid{"A": g}, func(c string) any {
				if strings.HasPrefix(c, "89") {
					return 8.98830300000674e18
				}
				return c
			})
		}, "number in the workbook"},
		"an alias of the column": {func(_ *testing.T, g grid) []byte {
			return plainCSV(append(grid{{"iccid", "workspace", "SIM ICCID"}}, wider(g[1:])...))
		}, `"iccid" and "SIM ICCID"`},
		"a SIM above the header": {func(_ *testing.T, g grid) []byte { return plainCSV(g.above([]string{iccidB + "1", "100"})) }, "above the line that names the columns"},
		"an empty ICCID":         {func(_ *testing.T, g grid) []byte { return plainCSV(append(g, []string{"", "100"})) }, ""},
		"a wrong check digit":    {func(_ *testing.T, g grid) []byte { return plainCSV(append(g, []string{iccidA + "8", "100"})) }, "check digit"},
	}
	for _, r := range readers() {
		cases := all
		if r.name != "device import" {
			cases = map[string]struct {
				text func(t *testing.T, g grid) []byte
				want string
			}{}
			for name, c := range all {
				cases[name] = c
			}
			for name, c := range sims {
				cases[name] = c
			}
		}
		for name, c := range cases {
			t.Run(r.name+"/"+name, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "list.csv")
				if err := os.WriteFile(file, c.text(t, slices.Clone(r.table)), 0o600); err != nil {
					t.Fatal(err)
				}
				got, err := r.read(t, file)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%q, %v, want %q", got, err, c.want)
				}
			})
		}
	}
}

func wider(rows grid) grid {
	out := grid{}
	for _, row := range rows {
		out = append(out, append(slices.Clone(row), row[0]))
	}
	return out
}

func repeat(iccid string, n int) grid {
	return slices.Repeat(grid{{iccid, "100"}}, n)
}

func hiddenRow(t *testing.T, g grid) []byte {
	t.Helper()
	return edited(t, g, func(f *excelize.File) error { return f.SetRowVisible("A", 3, false) })
}

func hiddenColumn(t *testing.T, g grid) []byte {
	t.Helper()
	return edited(t, g, func(f *excelize.File) error { return f.SetColVisible("A", "A", false) })
}

// A workbook without a header is read whole, so a value in any hidden column is a fault. A hidden
// column that the reader does not use is ignored.
func TestHiddenColumns(t *testing.T) {
	for name, c := range map[string]struct {
		table  grid
		hidden string
		want   string
	}{
		"without a header": {grid{{iccidA, iccidB}}, "B", iccidB + `" is in a hidden column: show it`},
		"another column":   {grid{{"iccid", "colour"}, {iccidA, "red"}}, "B", ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "list.xlsx")
			book := edited(t, c.table, func(f *excelize.File) error { return f.SetColVisible("A", c.hidden, false) })
			if err := os.WriteFile(file, book, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readByMigrate(t, file)
			if c.want == "" && (err != nil || got != iccidA) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// inUTF32 encodes ASCII, little end first.
func inUTF32(text []byte, mark string) []byte {
	out := []byte(mark)
	for _, c := range text {
		out = append(out, c, 0, 0, 0)
	}
	return out
}

// formulaRow adds a row that is a formula which no program has computed.
func formulaRow(t *testing.T, g grid) []byte {
	t.Helper()
	return edited(t, g, func(f *excelize.File) error {
		return f.SetCellFormula("A", fmt.Sprintf("A%d", len(g)+1), `"8988303000006738"&"593"`)
	})
}

func edited(t *testing.T, g grid, edit func(*excelize.File) error) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(bookOf(t, map[string]grid{"A": g}, asText)))
	if err == nil {
		err = edit(f)
	}
	var b bytes.Buffer
	if err == nil {
		err = f.Write(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
