package fleet_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/simferry/simferry/internal/fleet"
)

// FuzzParseList checks that any input gives either a list that every engine can read, or an
// error that names the invalid parameter.
func FuzzParseList(f *testing.F) {
	for _, seed := range [][4]string{
		{"", "", "", ""},
		{"status:1|2,iccid:8988", "-id,iccid", "2", "10"},
		{"endpoint:null", "ENDPOINT,-ICCID", "0", "-1"},
		{"iccid_with_luhn:89883030000067385937", "id,-id", "99999999999999999999", "x"},
		{"production_date:2021-11-18|2021-11-18T08:25:53Z", "production_date", " 3 ", "2501"},
		{"timestamp:2021-11-18T08:25:53.000+0000,user:null|1", "--id", "1e3", "+5"},
		{"id:9223372036854775808", "id,", "\x00", "\xff"},
		{"imsi:\x00,msisdn:\xff,eid:\r\nX-Evil: 1", "id\r\n", "1\n", "1"},
		{"id", "nothing", "", ""},
		{strings.Repeat("id:1,", 60), strings.Repeat("id,", 60), "", ""},
		{"imsi:" + strings.Repeat("1|", 600), "imsi", "", ""},
		{"|,:|", ",", ":", "|"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, q, sort, page, perPage string) {
		for _, spec := range []fleet.ListSpec{fleet.SIMList, fleet.EventList, fleet.MigrationList} {
			l, err := fleet.ParseList(spec, q, sort, page, perPage)
			if err != nil {
				if code := fleet.CodeOf(err); code != fleet.BadQuery && code != fleet.BadSort {
					t.Fatalf("code %d: %v", code, err)
				}
				continue
			}
			checkParsed(t, spec, l)
		}
	})
}

func checkParsed(t *testing.T, spec fleet.ListSpec, l fleet.List) {
	t.Helper()
	if l.Page < 1 || l.PerPage < 1 || l.PerPage > spec.MaxPerPage || len(l.Sort) < 1 || len(l.Sort) > len(spec.Fields) || len(l.Filters) > 50 {
		t.Fatalf("out of bounds: page %d of %d, %d keys, %d filters", l.Page, l.PerPage, len(l.Sort), len(l.Filters))
	}
	known := make(map[string]bool)
	for _, field := range spec.Fields {
		known[field.Name] = true
	}
	sorted := make(map[string]bool)
	for _, o := range l.Sort {
		if !known[o.Field] || sorted[o.Field] {
			t.Fatalf("sorts by %q in %v", o.Field, l.Sort)
		}
		sorted[o.Field] = true
	}
	values := 0
	for _, f := range l.Filters {
		values += len(f.Texts) + len(f.Times)
		if !known[f.Field.Name] || len(f.Numbers)+len(f.Texts)+len(f.Times) == 0 && !f.Null || values > 500 {
			t.Fatalf("filters by %+v", f)
		}
		for _, text := range f.Texts {
			if text == "" || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Fatalf("%s: %q is not text that a database accepts", f.Field.Name, text)
			}
		}
		for _, r := range f.Times {
			if !r.From.Before(r.Until) {
				t.Fatalf("%s: %v has no length", f.Field.Name, r)
			}
		}
	}
	if page, offset := l.At(7); page < 1 || offset < 0 || offset > 7 {
		t.Fatalf("page %d at %d of 7", page, offset)
	}
}
