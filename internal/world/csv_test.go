package world_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/world"
)

// from returns a Source of a text.
func from(text string) world.Source {
	return func() (io.Reader, error) { return strings.NewReader(text), nil }
}

// all reads a list to its end.
func all(t testing.TB, list *world.SIMList) (sims []fleet.SIM, lines []int) {
	t.Helper()
	for s, err := range list.SIMs() {
		if err != nil {
			t.Fatal(err)
		}
		sims, lines = append(sims, s.SIM), append(lines, s.Line)
	}
	return sims, lines
}

func TestReadSIMs(t *testing.T) {
	full := []fleet.SIM{
		{
			ID: 250, ICCID: "8988303000006738593", IMSI: "295050999900095", MSISDN: "423663999900095", EID: "89033023422130000000000199887766",
			Workspace: 100, Issuer: 1, Reseller: 2, Status: fleet.SIMFactoryTest, Produced: time.Date(2021, 11, 18, 7, 25, 53, 0, time.UTC),
			Activated: time.Date(2022, 1, 3, 0, 0, 0, 0, time.UTC), Device: 9001, Model: 7, BIC: "1234567890123456",
		},
		{ICCID: "8988303000006738591"},
	}
	two := []fleet.SIM{{ICCID: "8988303000006738593", Workspace: 7}, {ICCID: "8988303000006738591", Workspace: 8}}
	tests := []struct {
		name, text string
		want       []fleet.SIM
		lines      []int
	}{
		{"every column", "iccid,id,imsi,msisdn,eid,workspace,issuer,reseller,status,production_date,activation_date,device,model,bic\n" +
			"89883030000067385937,250,295050999900095,423663999900095,89033023422130000000000199887766,100,1,2,factory_test,2021-11-18T08:25:53+01:00,2022-01-03,9001,7,1234567890123456\n" +
			"8988303000006738591,,,,,,,,,,,,,\n", full, []int{2, 3}},
		{"byte order mark, CRLF, semicolons, other order and case", "\ufeffWorkspace; ICCID\r\n7; 8988303000006738593\r\n8;89883030000067385911\r\n", two, []int{2, 3}},
		{"tabs, quotes, empty rows", "\niccid\tworkspace\n\t\n\n\"8988303000006738593\"\t7\n\t\n8988303000006738591\t\"8\"", two, []int{5, 7}},
		{"a value over two lines", "iccid,workspace\n\"\n8988303000006738593\",7\n8988303000006738591,8\n", two, []int{2, 4}},
		{"empty rows of fewer cells", "iccid,workspace\n8988303000006738593,7\n , , \n8988303000006738591,8\n", two, []int{2, 4}},
		{"status as the API says it", "status,iccid\nFactory Test,8988303000006738593\n", []fleet.SIM{{ICCID: "8988303000006738593", Status: fleet.SIMFactoryTest}}, []int{2}},
		{"header only", "iccid", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list, err := world.ReadSIMs(func() (io.Reader, error) { return iotest.OneByteReader(strings.NewReader(test.text)), nil })
			if err != nil {
				t.Fatalf("%v\n%q", err, messages(t, err))
			}
			sims, lines := all(t, list)
			if diff := cmp.Diff(test.want, sims); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.lines, lines); diff != "" || list.Count != len(sims) {
				t.Errorf("%d SIMs on the lines (-want +got):\n%s", list.Count, diff)
			}
		})
	}
}

const allColumns = "iccid, id, imsi, msisdn, eid, workspace, issuer, reseller, status, production_date, activation_date, device, model, bic"

func TestReadSIMsRefused(t *testing.T) {
	const spreadsheet = "a spreadsheet has rounded it, and its last digits are lost: format the column as text, fill in the numbers again and save"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty file", "", []string{"line 1: the file is empty: its first line must name the columns, such as " + strings.ReplaceAll(allColumns, " ", "")}},
		{"header", "\nicid,id,ID\n1,2,3\n", []string{
			"line 2: no line names the columns, with iccid among them: write one above the rows; known are " + allColumns,
		}},
		{"unknown and doubled columns", "\niccid,Farbe,id,ID\n1,2,3,4\n", []string{
			`line 2: unknown column "Farbe": known are ` + allColumns,
			`line 2: columns 3 and 4, "id" and "ID", are both id: remove one of the two`,
		}},
		{"no header", "8988303000006738593", []string{
			"line 1: no line names the columns, with iccid among them: write one above the rows; known are " + allColumns,
		}},
		{"quotes in the header", "\"iccid\n", []string{"line 1: no line names the columns, with iccid among them: write one above the rows; known are " + allColumns}},
		{"UTF-16 that is cut off", "\xff\xfei\x00c", []string{"line 1: it is cut off: UTF-16 text has an even number of bytes"}},
		{"rounded numbers", "iccid;imsi;eid\n8.98E+18;;\n8,98830E+18;2.95E+14;8.9e31\n", []string{
			`line 2: iccid: "8.98E+18": ` + spreadsheet,
			`line 3: iccid: "8,98830E+18": ` + spreadsheet,
			`line 3: imsi: "2.95E+14": ` + spreadsheet,
			`line 3: eid: "8.9e31": ` + spreadsheet,
		}},
		{"other rounded numbers", "iccid,eid,bic,msisdn\n8988303000006738593,89049032123456700000000000000000,1.23457E+15,4.2E+11\n" +
			"8988303000006738591,89049032123456786777669017534464,,\n8988303000006738590,89049032000000000000000000000250,,\n", []string{
			`line 2: eid: "89049032123456700000000000000000": ` + spreadsheet,
			`line 2: bic: "1.23457E+15": ` + spreadsheet,
			`line 2: msisdn: "4.2E+11": ` + spreadsheet,
			`line 3: eid: "89049032123456786777669017534464": ` + spreadsheet,
		}},
		{"values", "iccid,id,workspace,status,production_date,msisdn\n,1,,,,\n8988303,0,+1,on,18/11/2021,12\n89883030000067385938,1.0,,,,\n", []string{
			"line 2: iccid: it is empty: fill it in or remove the line",
			`line 3: iccid: "8988303" is not a valid ICCID: it has 7 digits, not 19`,
			`line 3: id: "0" is not a valid id: write a whole number from 1`,
			`line 3: workspace: "+1" is not a valid id: write a whole number from 1`,
			`line 3: status: "on" is unknown: write one of issued, activated, suspended, deleted, factory_test`,
			`line 3: production_date: "18/11/2021" is not a valid date: write 2021-11-18 or 2021-11-18T08:25:53Z`,
			`line 3: msisdn: "12" must be 3 to 15 digits and nothing else`,
			`line 4: iccid: "89883030000067385938" has 20 digits and its last is not the check digit of the first 19 (that would be 7)`,
			`line 4: id: "1.0" is not a valid id: write a whole number from 1`,
		}},
		{"shape of a line", "iccid,id\n8988303000006738593\n8988303000006738593,1,2\n8988303\"000,1\n\"8988303000006738593,1\n,\n", []string{
			"line 2: it has 1 values, the header names 2 columns: add or remove separators",
			"line 3: it has 3 values, the header names 2 columns: add or remove separators",
			`line 4: iccid: "8988303\"000" is not a valid ICCID: it must be exactly 19 digits`,
			"line 5: a quotation mark is not closed or is followed by text: put the whole value in quotes, and double each quote inside",
		}},
		{"duplicates", "iccid,id\n8988303000006738593,1\n8988303000006738591,1\n89883030000067385937,2\n8988303000006738590,1\n", []string{
			"line 3: id: 1 is on line 2 already: remove one of the two",
			"line 4: iccid: 8988303000006738593 is on line 2 already: remove one of the two",
			"line 5: id: 1 is on line 2 already: remove one of the two",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list, err := world.ReadSIMs(from(test.text))
			if list != nil {
				t.Errorf("a refused file yields %+v", list)
			}
			wantRefusal(t, err, test.want...)
		})
	}
}

func TestReadSIMsManyProblems(t *testing.T) {
	_, err := world.ReadSIMs(from("iccid\n" + strings.Repeat("x\n", 1500)))
	got := messages(t, err)
	if len(got) != 1001 || got[999] != `line 1001: iccid: "x" is not a valid ICCID: it must be exactly 19 digits` || got[1000] != "and 500 more problems: fix these first" {
		t.Errorf("got %d problems, the last being %q", len(got), got[len(got)-2:])
	}
}

func TestReadSIMsReadFailureIsNotARefusal(t *testing.T) {
	failure := errors.New("disk on fire")
	for _, before := range []string{"", "iccid\n8988303000006738593\n" + strings.Repeat("\n", 100_000)} {
		broken := func() (io.Reader, error) {
			return io.MultiReader(strings.NewReader(before), iotest.ErrReader(failure)), nil
		}
		if _, err := world.ReadSIMs(broken); !errors.Is(err, failure) || fleet.CodeOf(err) != 0 {
			t.Errorf("after %d bytes: got %v", len(before), err)
		}
	}
}

func BenchmarkReadSIMs(b *testing.B) {
	var text strings.Builder
	text.WriteString("iccid,id,imsi,msisdn,workspace,status\n")
	r := world.SIMRange{FirstID: 1, FirstICCID: "8988303000000100000", Count: 100_000, Workspace: 100}
	for s := range r.SIMs() {
		fmt.Fprintf(&text, "%s,%d,%s,%s,%d,activated\n", s.ICCID.WithLuhn(), s.ID, s.IMSI, s.MSISDN, s.Workspace)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if list, err := world.ReadSIMs(from(text.String())); err != nil || list.Count != r.Count {
			b.Fatal(err)
		}
	}
}

// Duplicates are found at any distance, and false positives of the filter are not reported.
func TestReadSIMsFindsDoublesFarApart(t *testing.T) {
	var text strings.Builder
	text.WriteString("iccid,id\n")
	r := world.SIMRange{FirstID: 1, FirstICCID: "8988303000000100000", Count: 100_000, Workspace: 100}
	for s := range r.SIMs() {
		fmt.Fprintf(&text, "%s,%d\n", s.ICCID, s.ID)
	}
	if list, err := world.ReadSIMs(from(text.String())); err != nil || list.Count != r.Count || list.MaxID != 100_000 {
		t.Fatalf("%+v: %v", list, err)
	}
	text.WriteString("8988303000000100004,400000\n8988303000000900000,90000\n")
	_, err := world.ReadSIMs(from(text.String()))
	wantRefusal(t, err,
		"line 100002: iccid: 8988303000000100004 is on line 6 already: remove one of the two",
		"line 100003: id: 90000 is on line 90001 already: remove one of the two")
}

// Reading the SIMs of a file that has changed ends with an error.
func TestReadSIMsOfAFileThatChanges(t *testing.T) {
	const line = "8988303000006738593\n"
	for name, later := range map[string]string{
		"longer": "iccid\n" + line + "8988303000006738591\n", "shorter": "iccid\n", "bad": "iccid\nx\n", "another": "id\n1\n", "empty": "",
	} {
		text := "iccid\n" + line
		list, err := world.ReadSIMs(func() (io.Reader, error) { return strings.NewReader(text), nil })
		if err != nil {
			t.Fatal(err)
		}
		text = later
		var last error
		for _, err := range list.SIMs() {
			last = err
		}
		if last == nil || fleet.CodeOf(last) != 0 {
			t.Errorf("%s: %v", name, last)
		}
	}
}
