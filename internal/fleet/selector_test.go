package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
)

func TestSelectorLimit(t *testing.T) {
	numbers := func(n int) (list []fleet.SIMID) {
		for i := range n {
			list = append(list, fleet.SIMID(i+1))
		}
		return list
	}
	digits := func(n int) (list []string) {
		for _, id := range numbers(n) {
			list = append(list, string(iccid(id)))
		}
		return list
	}
	last := func(n int) string { return digits(n)[n-1] }
	for form, selects := range map[string]struct {
		field string
		of    func(n int) (fleet.Selector, error)
	}{
		"sims":                 {"sims", func(n int) (fleet.Selector, error) { return fleet.SelectSIMs(numbers(n)) }},
		"sims, each twice":     {"sims", func(n int) (fleet.Selector, error) { return fleet.SelectSIMs(slices.Repeat(numbers(n), 2)) }},
		"iccids":               {"iccids", func(n int) (fleet.Selector, error) { return fleet.SelectICCIDs(digits(n)) }},
		"iccids, each twice":   {"iccids", func(n int) (fleet.Selector, error) { return fleet.SelectICCIDs(slices.Repeat(digits(n), 2)) }},
		"iccid_range":          {"iccid_range", func(n int) (fleet.Selector, error) { return fleet.SelectRange(string(iccid(1)), last(n)) }},
		"iccid_range at 10^19": {"iccid_range", topRange},
	} {
		if sel, err := selects.of(500); err != nil || size(sel) != 500 {
			t.Errorf("%s: 500 give %d, %v", form, size(sel), err)
		}
		_, err := selects.of(501)
		e := refused(t, err, fleet.BadRequest)
		if e.Field != selects.field || !strings.Contains(e.Message, "501") || !strings.Contains(e.Message, "500") {
			t.Errorf("%s: 501 give %q in the field %q", form, e.Message, e.Field)
		}
	}
}

// topRange selects the last n 19-digit numbers.
func topRange(n int) (fleet.Selector, error) {
	return fleet.SelectRange(fmt.Sprint(uint64(1e19)-uint64(n)), "9999999999999999999")
}

func size(sel fleet.Selector) int {
	if sel.Range != nil {
		return sel.Range.Width()
	}
	return len(sel.SIMs) + len(sel.ICCIDs)
}

func TestEmptySelectorsAreRefused(t *testing.T) {
	_, err := fleet.SelectSIMs([]fleet.SIMID{})
	if e := refused(t, err, fleet.BadRequest); e.Field != "sims" {
		t.Errorf("field %q", e.Field)
	}
	_, err = fleet.SelectICCIDs(nil)
	if e := refused(t, err, fleet.BadRequest); e.Field != "iccids" {
		t.Errorf("field %q", e.Field)
	}
}

func TestSelectICCIDsNamesInvalidICCIDs(t *testing.T) {
	_, err := fleet.SelectICCIDs([]string{"8988303000006738593", "89883030000067385937", "89883030000067385938", "x"})
	e := refused(t, err, fleet.BadRequest)
	want := []fleet.Problem{
		{Code: fleet.InvalidFormat, Message: `iccids[1]: "89883030000067385937" has 20 digits, the last being the check digit: drop it and send "8988303000006738593"`},
		{Code: fleet.InvalidFormat, Message: `iccids[2]: "89883030000067385938" has 20 digits and its last is not the check digit of the first 19 (that would be 7)`},
		{Code: fleet.InvalidFormat, Message: `iccids[3]: "x" is not a valid ICCID: it must be exactly 19 digits`},
	}
	if diff := cmp.Diff(want, e.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if e.Field != "iccids" || e.Message != want[0].Message {
		t.Errorf("field %q, message %q", e.Field, e.Message)
	}

	_, err = fleet.SelectICCIDs(slices.Repeat([]string{"x"}, 5000))
	if n := len(refused(t, err, fleet.BadRequest).Problems); n != 10 {
		t.Errorf("%d of 5000 wrong values are named, want 10", n)
	}
}

func TestSelectRangeRefuses(t *testing.T) {
	const low, high = "8988303000000000100", "8988303000000000200"
	for _, test := range []struct{ name, start, end, field, says string }{
		{"end before start", high, low, "iccid_range.end", "lies before start"},
		{"start no ICCID", "x", high, "iccid_range.start", "exactly 19 digits"},
		{"end no ICCID", low, "", "iccid_range.end", "exactly 19 digits"},
		{"start with check digit", "89883030000067385937", high, "iccid_range.start", "drop it"},
		{"the widest of all", "0000000000000000000", "9999999999999999999", "iccid_range", "10000000000000000000 numbers"},
		// As float64 both ends are 8988303000000000000.
		{"too wide by one, where floats see no width", "8988303000000000000", "8988303000000000500", "iccid_range", "501 numbers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := fleet.SelectRange(test.start, test.end)
			if e := refused(t, err, fleet.BadRequest); e.Field != test.field || !strings.Contains(e.Message, test.says) {
				t.Errorf("field %q, message %q", e.Field, e.Message)
			}
		})
	}
}

func FuzzSelectICCIDs(f *testing.F) {
	f.Add("8988303000006738593,8988303000006738591,8988303000006738593")
	f.Add("89883030000067385937")
	f.Add("")
	f.Add(strings.Repeat(",", 600))
	f.Fuzz(func(t *testing.T, list string) {
		values := strings.Split(list, ",")
		sel, err := fleet.SelectICCIDs(values)
		if err != nil {
			if e := refused(t, err, fleet.BadRequest); e.Field != "iccids" || len(e.Problems) > 10 {
				t.Errorf("field %q, %d problems", e.Field, len(e.Problems))
			}
			return
		}
		if n := len(sel.ICCIDs); n == 0 || n > fleet.MaxSIMs {
			t.Errorf("%d ICCIDs", n)
		}
		seen := make(map[fleet.ICCID]bool)
		for _, id := range sel.ICCIDs {
			if seen[id] || !slices.Contains(values, string(id)) {
				t.Errorf("%s occurs twice, or was never named", id)
			}
			seen[id] = true
		}
		if len(seen) != len(slices.Compact(slices.Sorted(slices.Values(values)))) {
			t.Errorf("%d of %v", len(seen), values)
		}
	})
}

func FuzzSelectRange(f *testing.F) {
	f.Add("8988303000000000000", "8988303000000000499")
	f.Add("9999999999999999999", "0000000000000000000")
	f.Add("9999999999999999500", "9999999999999999999")
	f.Add("89883030000067385937", "")
	f.Fuzz(func(t *testing.T, start, end string) {
		sel, err := fleet.SelectRange(start, end)
		if err != nil {
			if e := refused(t, err, fleet.BadRequest); !strings.HasPrefix(e.Field, "iccid_range") {
				t.Errorf("field %q", e.Field)
			}
			return
		}
		width := sel.Range.Width()
		if width < 1 || width > fleet.MaxSIMs {
			t.Fatalf("width %d", width)
		}
		if last, ok := sel.Range.Start.Add(width - 1); !ok || last != sel.Range.End {
			t.Errorf("%s + %d is %s, not %s", sel.Range.Start, width-1, last, sel.Range.End)
		}
	})
}
