package iccidfile_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/iccidfile"
)

const (
	a = "8988303000006738593" // check digit 7
	b = "8988303000006738591" // check digit 1
	c = "8988303000008013931" // check digit 1
)

// found returns ICCID@line of every number, then =ICCID@line of every duplicate.
func found(l *iccidfile.List) []string {
	var all []string
	for _, n := range l.Numbers {
		all = append(all, fmt.Sprintf("%s@%d", n.ICCID, n.Where.Line))
	}
	for _, d := range l.Duplicates {
		all = append(all, fmt.Sprintf("=%s@%d first@%d", d.ICCID, d.Where.Line, d.First.Line))
	}
	return all
}

func TestForms(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"one on a line":                 {a + "\n" + b + "\n", []string{a + "@1", b + "@2"}},
		"no line end at the end":        {a, []string{a + "@1"}},
		"many on a line":                {a + " " + b + "," + c, []string{a + "@1", b + "@1", c + "@1"}},
		"20 digits":                     {a + "7", []string{a + "@1"}},
		"padded by the card":            {a + "F", []string{a + "@1"}},
		"CRLF and blank lines":          {"\r\n" + a + "\r\n\r\n" + b + "\r\n", []string{a + "@2", b + "@4"}},
		"CR alone":                      {a + "\r" + b, []string{a + "@1", b + "@2"}},
		"byte order mark":               {"\ufeff" + a, []string{a + "@1"}},
		"spaces inside":                 {"8988 3030 0000 6738 593", []string{a + "@1"}},
		"dashes inside":                 {"8988-3030-0000-6738-593-7", []string{a + "@1"}},
		"odd spaces and dashes":         {"8988\u00a03030\u202f0000\u20136738593\u200b", []string{a + "@1"}},
		"quotes":                        {`"` + a + `";'` + b + `'`, []string{a + "@1", b + "@1"}},
		"the spreadsheet's apostrophe":  {"'" + a, []string{a + "@1"}},
		"the spreadsheet's formula":     {`="` + a + `"`, []string{a + "@1"}},
		"comments":                      {"# from Berlin\n" + a, []string{a + "@2"}},
		"twice":                         {a + "\n" + b + "\n" + a + "7", []string{a + "@1", b + "@2", "=" + a + "@3 first@1"}},
		"a heading alone":               {"ICCID\n" + a, []string{a + "@2"}},
		"a heading, many on a line":     {"ICCID\n" + a + ", " + b, []string{a + "@2", b + "@2"}},
		"named column, semicolons":      {"name;ICCID;city\nx;" + a + ";Köln\ny;\"" + b + "\";\"Bonn; Beuel\"\n", []string{a + "@2", b + "@3"}},
		"named column, tabs":            {"SIM ICCID\tstatus\n" + a + "\tActivated", []string{a + "@2"}},
		"named column, pipes":           {"id|iccid\n1|" + a, []string{a + "@2"}},
		"only the long form":            {"id,iccid_with_luhn\n1," + a + "7", []string{a + "@2"}},
		"both forms":                    {"iccid,iccid_with_luhn\n" + a + "," + a + "7\n" + b + ",", []string{a + "@2", b + "@3"}},
		"blank rows of a table":         {"iccid,x\n,\n" + a + ",\n\n", []string{a + "@3"}},
		"no heading, one column fits":   {"1," + a + ",active\n2," + b + ",issued", []string{a + "@1", b + "@2"}},
		"heading in other words":        {"Nummer;Ort\n" + a + ";Köln\n" + b + ";Bonn", []string{a + "@2", b + "@3"}},
		"a separator at the line's end": {a + ",\n" + b + ",\n", []string{a + "@1", b + "@2"}},
		"Latin-1 beside the numbers":    {"iccid;city\n" + a + ";K\xf6ln", []string{a + "@2"}},
		"UTF-16, little end first":      {utf16Text(binary.LittleEndian, "iccid\r\n"+a), []string{a + "@2"}},
		"UTF-16, big end first":         {utf16Text(binary.BigEndian, a), []string{a + "@1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var l iccidfile.List
			if err := l.Read("sims.csv", strings.NewReader(tt.text)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, found(&l)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func utf16Text(order binary.AppendByteOrder, text string) string {
	raw := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		raw = order.AppendUint16(raw, unit)
	}
	return string(raw)
}

// A file is never read in part: with one bad line, nothing is taken.
func TestFaults(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"empty":                  {"", "it contains no ICCID"},
		"a heading only":         {"iccid\n", "it contains no ICCID"},
		"wrong check digit":      {a + "\n" + a + "8", "line 2: "},
		"18 digits":              {a + "\n" + b[:18], "line 2: \"" + b[:18] + "\" is not a valid ICCID: it has 18 digits"},
		"a word":                 {a + "\nBerlin", "line 2: \"Berlin\" is not a valid ICCID"},
		"rounded":                {a + "\n8.98E+18", "line 2: \"8.98E+18\": a spreadsheet has rounded it"},
		"rounded, with a comma":  {"8,98E+18", "line 1: \"8,98E+18\": a spreadsheet has rounded it"},
		"rounded in a column":    {"x;iccid\n1;" + a + "\n2;8,98E+18", "line 3: \"8,98E+18\": a spreadsheet has rounded it"},
		"rounded, without names": {"1;" + a + "\n2;8,98E+18", "line 2: \"8,98E+18\": a spreadsheet has rounded it"},
		"a quantity":             {a + ".0", "written as a quantity"},
		"a row without":          {"x;iccid\n1;" + a + "\n2;\n", "line 3: there is no ICCID in this row"},
		"a short row":            {"x;iccid\n1;" + a + "\n2\n", "line 3: there is no ICCID in this row"},
		"two in a cell":          {"x;iccid\n1;" + a + " " + b, "line 2: 2 ICCIDs in one cell"},
		"two that differ":        {"iccid,iccid_with_luhn\n" + a + "," + b + "1", "line 2: the row has two ICCIDs"},
		"an open quote":          {"x;iccid\n\"1;" + a, "line 2: a quotation mark is not closed"},
		"two columns would do":   {a + "," + b + "\n" + c + ",x", "line 2: \"x\" is not a valid ICCID"},
		"a spreadsheet":          {"PK\x03\x04rest", "the workbook is damaged"},
		"compressed":             {"\x1f\x8b\x08rest", "unpack it first"},
		"no text":                {a + "\x00\x01", "it is not text"},
		"cut off":                {"\xff\xfe8", "cut off"},
		"digits of other script": {"٨٩٨٨٣٠٣٠٠٠٠٠٦٧٣٨٥٩٣", "is not a valid ICCID"},
		"spoiled, and one apart": {a + "!00," + b[:10] + " " + b[10:], "line 1:"},
		"numbered by a dash":     {"3-" + b, "has a complete number after a dash"},
		"a span":                 {b + "-" + a, "has a complete number after a dash"},
		"glued together":         {a + b, "is not a valid ICCID: it has 38 digits"},
		"grouped, two on a line": {"8988 3030 0000 6738 593 8988 3030 0000 6738 591", "38 digits"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var l iccidfile.List
			err := l.Read("sims.csv", strings.NewReader(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "sims.csv was not used") {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if _, ok := errors.AsType[iccidfile.Faults](err); !ok {
				t.Errorf("%T", err)
			}
			if len(l.Numbers) > 0 {
				t.Errorf("half understood: %v", found(&l))
			}
		})
	}
}

// Every fault is reported, up to a readable number.
func TestManyFaults(t *testing.T) {
	var l iccidfile.List
	err := l.Read("sims.csv", strings.NewReader(strings.Repeat("x\n", 25)))
	if err == nil || !strings.Contains(err.Error(), "because of 25 faults") || !strings.Contains(err.Error(), "line 20:") ||
		strings.Contains(err.Error(), "line 21:") || !strings.HasSuffix(err.Error(), "and 5 more") {
		t.Error(err)
	}
}

func TestOne(t *testing.T) {
	var l iccidfile.List
	if err := l.One("--iccid", "8988 3030 0000 6738 593-7"); err != nil || len(l.Numbers) != 1 || l.Numbers[0].Where.String() != "--iccid" {
		t.Errorf("%v %v", found(&l), err)
	}
	if err := l.One("--iccid", "8.98E+18"); err == nil {
		t.Error("accepted")
	}
}

// Any text is taken whole or refused with a line, and what is taken was in the text: its
// digits, in this order, on this line.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		a, a + "7\n" + b, "iccid;x\n" + a + ";1", "8.98E+18", "\ufeff\"" + a + "\"\r\n", "x,iccid,iccid20\n," + a + "," + a + "7\n",
		"1," + a + "\n2," + b, "PK\x03\x04", "\xff\xfe8\x009\x00", "'" + a, `="` + a + `"`, a + " " + b, "\"", "#\n", a + "\xe90," + b, a + "é0," + b, a + "!00," + b, "8988-3030 0000-6738593F", "3 " + b, a + "!00," + b[:10] + " " + b[10:], "00000000000000000000!000000000000000000000,0000000000000000001", "3-" + b, "-" + b, b + "-1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var l iccidfile.List
		err := l.Read("f", strings.NewReader(text))
		if (err == nil) != (len(l.Numbers) > 0) {
			t.Fatalf("%d numbers and %v", len(l.Numbers), err)
		}
		if err != nil {
			return
		}
		if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
			return // the digits are there, in other bytes
		}
		all := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
		for _, n := range l.Numbers {
			if n.Where.Line < 1 || n.Where.Line > len(all) {
				t.Fatalf("line %d of %d", n.Where.Line, len(all))
			}
			if !strings.Contains(digits(all[n.Where.Line-1]), string(n.ICCID)) {
				t.Fatalf("%s is not in line %d: %q", n.ICCID, n.Where.Line, all[n.Where.Line-1])
			}
		}
		again(t, &l)
		complete(t, &l, text)
	})
}

var number = regexp.MustCompile(`\b\d{19,20}\b`)

// complete expects every number of a text without named columns and without comments.
func complete(t *testing.T, l *iccidfile.List, text string) {
	t.Helper()
	if strings.ContainsAny(strings.ToLower(text), "#c") {
		return
	}
	// A regular expression treats a letter beyond ASCII as the end of a word.
	text = strings.Map(func(r rune) rune {
		if r > '~' {
			return 'x'
		}
		return r
	}, text)
	have := make(map[string]bool)
	for _, n := range l.Numbers {
		have[string(n.ICCID)] = true
	}
	for _, n := range number.FindAllString(text, -1) {
		if !have[n[:19]] {
			t.Fatalf("%s was passed over", n)
		}
	}
}

// again reads the result in its plainest form, which must mean the same.
func again(t *testing.T, l *iccidfile.List) {
	t.Helper()
	var plain strings.Builder
	for _, n := range l.Numbers {
		plain.WriteString(string(n.ICCID[:4]) + "-" + n.ICCID.WithLuhn()[4:] + "\n") // a dash: it cannot have been rounded
	}
	var second iccidfile.List
	if err := second.Read("again", strings.NewReader(plain.String())); err != nil || len(second.Numbers) != len(l.Numbers) || len(second.Duplicates) > 0 {
		t.Fatalf("%d numbers became %d, %d duplicates, %v", len(l.Numbers), len(second.Numbers), len(second.Duplicates), err)
	}
}

func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, s)
}
