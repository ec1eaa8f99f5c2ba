package fleet_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

func TestCheckDigit(t *testing.T) {
	for id, want := range map[fleet.ICCID]byte{
		"8988303000006738593": '7',
		"8988303000006738591": '1',
		"8988303000008013931": '1',
		"0000000000000000000": '0',
		"9999999999999999999": '9',
	} {
		if got := id.CheckDigit(); got != want {
			t.Errorf("check digit of %s is %c, want %c", id, got, want)
		}
		if got := id.WithLuhn(); got != string(id)+string(want) {
			t.Errorf("%s with its check digit is %s", id, got)
		}
	}
}

func TestParseICCID(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     fleet.ICCID // from both parsers, unless lenient says otherwise
		lenient  fleet.ICCID
		message  string
		alsoSays string
	}{
		{name: "19 digits", in: "8988303000006738593", want: "8988303000006738593"},
		{name: "zeros in front", in: "0000000000000000001", want: "0000000000000000001"},
		{name: "20 digits, right check digit", in: "89883030000067385937", lenient: "8988303000006738593",
			message: "drop it and send", alsoSays: `"8988303000006738593"`},
		{name: "20 digits, wrong check digit", in: "89883030000067385938", message: "is not the check digit", alsoSays: "would be 7"},
		{name: "empty", in: "", message: "exactly 19 digits"},
		{name: "18 digits", in: "898830300000673859", message: "it has 18 digits, not 19"},
		{name: "21 digits", in: "898830300000673859371", message: "it has 21 digits, not 19"},
		{name: "a letter", in: "898830300000673859F", message: "exactly 19 digits"},
		{name: "20 characters, one a letter", in: "8988303000006738593F", message: "exactly 19 digits"},
		{name: "a space", in: " 988303000006738593", message: "exactly 19 digits"},
		{name: "a sign", in: "-988303000006738593", message: "exactly 19 digits"},
		{name: "a float", in: "8.98830300000673e18", message: "exactly 19 digits"},
		{name: "digits of another script", in: "８９８８３０３", message: "exactly 19 digits"},
		{name: "a million digits", in: strings.Repeat("1", 1_000_000), message: "it has 1000000 digits"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := fleet.ParseICCID(test.in)
			checkICCID(t, got, test.want, err, test.message)
			if err != nil && !strings.Contains(err.Error(), test.alsoSays) {
				t.Errorf("error %q does not say %s", err, test.alsoSays)
			}
			if test.lenient != "" {
				test.want, test.message = test.lenient, ""
			}
			got, err = fleet.ParseICCIDWithLuhn(test.in)
			checkICCID(t, got, test.want, err, test.message)
		})
	}
}

func checkICCID(t *testing.T, got, want fleet.ICCID, err error, message string) {
	t.Helper()
	switch {
	case got != want:
		t.Errorf("got %q (%v), want %q", got, err, want)
	case (err == nil) != (message == ""):
		t.Errorf("error %v, want %q", err, message)
	case err != nil && !strings.Contains(err.Error(), message):
		t.Errorf("error %q does not say %q", err, message)
	case err != nil && len(err.Error()) > 300:
		t.Errorf("error has %d characters", len(err.Error()))
	}
}

func TestICCIDAdd(t *testing.T) {
	const top = "9999999999999999999"
	for _, test := range []struct {
		from fleet.ICCID
		n    int
		want fleet.ICCID
		ok   bool
	}{
		{"8988303000000000129", 0, "8988303000000000129", true},
		{"8988303000000000999", 1, "8988303000000001000", true},
		{"0000000000000000000", 1, "0000000000000000001", true},
		{"9999999999999999998", 1, top, true},
		{top, 0, top, true},
		{top, 1, "", false},
		{top, 1<<63 - 1, "", false}, // the sum does not fit into 64 bits
		{"8988303000000000129", -1, "", false},
	} {
		got, ok := test.from.Add(test.n)
		if got != test.want || ok != test.ok {
			t.Errorf("%s + %d = %q, %v; want %q, %v", test.from, test.n, got, ok, test.want, test.ok)
		}
	}
}

func FuzzParseICCID(f *testing.F) {
	for _, s := range []string{"", "8988303000006738593", "89883030000067385937", "89883030000067385938", "8.98e18", "\xff", "８９"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		strict, err := fleet.ParseICCID(s)
		if err == nil && (string(strict) != s || len(s) != fleet.ICCIDLength) {
			t.Errorf("ParseICCID(%q) = %q", s, strict)
		}
		lenient, lerr := fleet.ParseICCIDWithLuhn(s)
		if err == nil && (lerr != nil || lenient != strict) {
			t.Errorf("%q is accepted by ParseICCID, but ParseICCIDWithLuhn returns %q, %v", s, lenient, lerr)
		}
		if lerr == nil && s != string(lenient) && s != lenient.WithLuhn() {
			t.Errorf("ParseICCIDWithLuhn(%q) = %q", s, lenient)
		}
		for _, e := range []error{err, lerr} {
			if e != nil && len(e.Error()) > 400 {
				t.Errorf("error of %d characters", len(e.Error()))
			}
		}
	})
}
