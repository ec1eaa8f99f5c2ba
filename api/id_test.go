package api_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
)

func TestIDReadsWholeNumbers(t *testing.T) {
	for in, want := range map[string]api.ID{
		`0`: 0, `-0`: 0, `0.000`: 0, `0e999999999999`: 0, `0e-999999999999`: 0,
		`250`: 250, `250.0`: 250, `2.5e2`: 250, `2.50E+2`: 250, `25000e-2`: 250, `-7`: -7, `-70e-1`: -7,
		`9223372036854775807`: 1<<63 - 1, `9223372036854775807.000`: 1<<63 - 1, `9.223372036854775807e18`: 1<<63 - 1,
		`-9223372036854775808`: -1 << 63, `9007199254740993`: 9007199254740993, `123456789012345678`: 123456789012345678,
	} {
		var id api.ID
		if err := json.Unmarshal([]byte(in), &id); err != nil || id != want {
			t.Errorf("%s: got %d, %v, want %d", in, id, err, want)
		}
	}
}

func TestIDRefuses(t *testing.T) {
	for in, reason := range map[string]string{
		`250.5`: "without a fraction", `2.55e1`: "without a fraction", `1e-1`: "without a fraction",
		`1e-999999999999`: "without a fraction", `"250"`: "without quotes", `null`: "whole number",
		`true`: "whole number", `[1]`: "whole number", `{}`: "whole number",
		`9223372036854775808`: "between", `-9223372036854775809`: "between", `1e19`: "between",
		`1e400`: "between", `1e999999999999`: "between",
	} {
		id := api.ID(42)
		err := json.Unmarshal([]byte(in), &id)
		if err == nil || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), in) {
			t.Errorf("%s: got error %v, want one that names the value and says %q", in, err, reason)
		}
		if id != 42 {
			t.Errorf("%s: a refused value changed the id to %d", in, id)
		}
	}
}

func TestIDRefusesInvalidJSON(t *testing.T) {
	for _, in := range []string{``, `NaN`, `Infinity`, `+5`, `007`, `1_000`, ` 5`, `5 `, `.5`, `5.`, `0x10`, `1e`, `-`} {
		var id api.ID
		if err := id.UnmarshalJSON([]byte(in)); err == nil {
			t.Errorf("%q was read as %d", in, id)
		}
	}
}

func TestIDClipsLongValues(t *testing.T) {
	var id api.ID
	err := json.Unmarshal([]byte(`"`+strings.Repeat("x", 100_000)+`"`), &id)
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("the message should be short, got %d bytes", len(err.Error()))
	}
}

// FuzzID compares with exact rational arithmetic.
func FuzzID(f *testing.F) {
	for _, s := range []string{"250", "250.0", "2.5e2", "250.5", `"250"`, "1e19", "-9223372036854775808", "0e9", "null", "1e-3", "-0.0", "9223372036854775807.5"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var id api.ID
		err := json.Unmarshal(data, &id)
		var n json.Number
		isNumber := json.Unmarshal(data, &n) == nil && n != "" && !strings.HasPrefix(strings.TrimSpace(string(data)), `"`)
		if !isNumber || len(n) > 60 || longExponent(n) {
			if err == nil && !isNumber {
				t.Fatalf("%q was read as %d", data, id)
			}
			return
		}
		exact, _ := new(big.Rat).SetString(string(n))
		fits := exact.IsInt() && exact.Num().IsInt64()
		if fits != (err == nil) || (fits && exact.Num().Int64() != int64(id)) {
			t.Fatalf("%q: got %d, %v; exactly it is %s", data, id, err, exact)
		}
	})
}

// longExponent reports numbers for which big.Rat would need a billion digits.
func longExponent(n json.Number) bool {
	_, exponent, _ := strings.Cut(strings.ToLower(string(n)), "e")
	return len(exponent) > 4
}
