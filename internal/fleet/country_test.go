package fleet_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
)

func TestCountriesAreComplete(t *testing.T) {
	if got, want := len(fleet.Countries), 249; got != want {
		t.Errorf("%d countries, ISO 3166-1 has %d", got, want)
	}
	ids := make(map[int64]string)
	names, codes := make(map[string]string), make(map[string]string)
	for _, c := range fleet.Countries {
		once(t, ids, c.ID, c.Name)
		once(t, names, c.Name, c.ISO)
		once(t, codes, c.ISO, c.Name)
	}
}

// once reports a key that an earlier country uses.
func once[K comparable](t *testing.T, taken map[K]string, key K, by string) {
	t.Helper()
	if other, ok := taken[key]; ok {
		t.Errorf("%v is %s and %s", key, other, by)
	}
	taken[key] = by
}

func TestCountryForm(t *testing.T) {
	name := regexp.MustCompile(`^\p{Lu}[\p{L} ,.'()-]*[\p{L}.)]$`)
	iso := regexp.MustCompile(`^[A-Z]{2}$`)
	mcc := regexp.MustCompile(`^([2-7][0-9]{2})?$`) // the first digit is the continent
	calling := regexp.MustCompile(`^(1([2-9][0-9]{2})?|[2-9][0-9]{0,2})$`)
	for _, c := range fleet.Countries {
		if c.ID < 1 || c.ID > 999 {
			t.Errorf("%s: id %d", c.Name, c.ID)
		}
		matches(t, c, name, c.Name)
		matches(t, c, iso, c.ISO)
		matches(t, c, mcc, c.MCC)
		matches(t, c, calling, c.CallingCode)
	}
}

func matches(t *testing.T, c fleet.Country, form *regexp.Regexp, value string) {
	t.Helper()
	if !form.MatchString(value) {
		t.Errorf("%s: %q is not of the form %s", c.Name, value, form)
	}
}

func TestCountriesAreSorted(t *testing.T) {
	plain := strings.NewReplacer("Å", "A", "ç", "c", "é", "e", "ô", "o", "ü", "u")
	byName := func(a, b fleet.Country) int {
		return strings.Compare(plain.Replace(a.Name), plain.Replace(b.Name))
	}
	sorted := slices.SortedFunc(slices.Values(fleet.Countries), byName)
	if diff := cmp.Diff(sorted, fleet.Countries); diff != "" {
		t.Errorf("not sorted by name (-want +got):\n%s", diff)
	}
}

// TestCountriesWithoutMCC checks that no mobile country code is lost.
func TestCountriesWithoutMCC(t *testing.T) {
	var none []string
	for _, c := range fleet.Countries {
		if c.MCC == "" {
			none = append(none, c.ISO)
		}
	}
	slices.Sort(none)
	want := []string{"AQ", "BV", "GS", "HM", "IO", "PN", "TF", "UM"}
	if diff := cmp.Diff(want, none); diff != "" {
		t.Errorf("without MCC (-want +got):\n%s", diff)
	}
}

func TestCountryByISO(t *testing.T) {
	for _, want := range []fleet.Country{
		{ID: 4, Name: "Afghanistan", ISO: "AF", MCC: "412", CallingCode: "93"},
		{ID: 248, Name: "Åland Islands", ISO: "AX", MCC: "244", CallingCode: "358"},
		{ID: 76, Name: "Brazil", ISO: "BR", MCC: "724", CallingCode: "55"},
		{ID: 124, Name: "Canada", ISO: "CA", MCC: "302", CallingCode: "1"},
		{ID: 756, Name: "Switzerland", ISO: "CH", MCC: "228", CallingCode: "41"},
		{ID: 276, Name: "Germany", ISO: "DE", MCC: "262", CallingCode: "49"},
		{ID: 250, Name: "France", ISO: "FR", MCC: "208", CallingCode: "33"},
		{ID: 826, Name: "United Kingdom", ISO: "GB", MCC: "234", CallingCode: "44"},
		{ID: 356, Name: "India", ISO: "IN", MCC: "404", CallingCode: "91"},
		{ID: 388, Name: "Jamaica", ISO: "JM", MCC: "338", CallingCode: "1876"},
		{ID: 438, Name: "Liechtenstein", ISO: "LI", MCC: "295", CallingCode: "423"},
		{ID: 840, Name: "United States", ISO: "US", MCC: "310", CallingCode: "1"},
	} {
		got, ok := fleet.CountryByISO(want.ISO)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s found: %v (-want +got):\n%s", want.ISO, ok, diff)
		}
	}
}

func TestCountryByISOFindsEveryCountry(t *testing.T) {
	for _, want := range fleet.Countries {
		if got, ok := fleet.CountryByISO(want.ISO); !ok || got != want {
			t.Errorf("%s: got %+v, %v", want.ISO, got, ok)
		}
	}
}

func TestCountryByISORefusesOthers(t *testing.T) {
	for _, code := range []string{"", "D", "de", "De", "DEU", "276", "XK", "UK", "ZZ", " DE"} {
		if got, ok := fleet.CountryByISO(code); ok || got != (fleet.Country{}) {
			t.Errorf("%q: got %+v, %v", code, got, ok)
		}
	}
}
