package termtext_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/simferry/simferry/internal/termtext"
)

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"Fleet DE": "Fleet DE",
		"Köln 東京 👩\u200d🚒 می\u200cخواهم": "Köln 東京 👩\u200d🚒 می\u200cخواهم",
		"\x1b[31mred\x1b]0;t\a":          `\u001b[31mred\u001b]0;t\u0007`,
		"c1 \u009b31m \u0085":            `c1 \u009b31m \u0085`,
		"raw c1 \x9b31m":                 `raw c1 \x9b31m`,
		"\u202egnp\u2066x\u2069":         `\u202egnp\u2066x\u2069`,
		"a\nb\tc\rd":                     `a\u000ab\u0009c\u000dd`,
		"zero\u200bwidth\ufeff\x7f":      `zero\u200bwidth\ufeff\u007f`,
		"tag\U000E0041":                  `tag\udb40\udc41`,
		"line\u2028separator":            `line\u2028separator`,
	} {
		if got := termtext.Escape(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// FuzzWriter splits any text at any place: nothing unsafe gets through, and JSON keeps its
// meaning.
func FuzzWriter(f *testing.F) {
	f.Add("Köln\x1b[2J\u202e", 3)
	f.Add("\x9b\xf0\x9f\x91", 1)
	f.Add("a\nb\t", 2)
	f.Fuzz(func(t *testing.T, text string, at int) {
		at = min(max(0, at), len(text))
		var out bytes.Buffer
		w := termtext.NewWriter(&out)
		for _, part := range []string{text[:at], text[at:]} {
			if n, err := w.Write([]byte(part)); err != nil || n != len(part) {
				t.Fatal(n, err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return termtext.Unsafe(r) && r != '\n' && r != '\t' }) {
			t.Fatalf("%q became %q", text, got)
		}
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if _, err := w.Write(encoded); err != nil {
			t.Fatal(err)
		}
		var back, want string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil {
			t.Fatalf("%s: %v", out.Bytes(), err)
		}
		if err := json.Unmarshal(encoded, &want); err != nil || back != want {
			t.Fatalf("%q became %q", want, back)
		}
	})
}
