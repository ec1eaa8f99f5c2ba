package operator_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// refusal matches a call that refuses a request, and its message.
var refusal = regexp.MustCompile(`(fleet\.Invalid|[pP]roblems\.Add|p\.Add|fleet\.Errorf)\(([^"\n]*)("[^"\n]*, )?"([^"\n]*)"`)

// Every refusal of a value says what to do: what it must be, or a cure after a colon.
func TestRefusalsNameTheCure(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range refusal.FindAllStringSubmatch(string(text), -1) {
			call, code, message := m[1], m[2], m[4]
			if strings.HasSuffix(file, "_test.go") || strings.Contains(code, "NotFound") || strings.Contains(code, "InvalidToken") || strings.Contains(code, "q.Code") {
				continue
			}
			n++
			if call == "fleet.Invalid" && !strings.Contains(m[0], `", "`) {
				continue // the field is an expression
			}
			_, cure, _ := strings.Cut(message, ": ") // after the field or the fault
			if call != "fleet.Invalid" {
				_, cure, _ = strings.Cut(strings.TrimPrefix(message, "%s: "), ": ")
			}
			if cure == "" && !strings.Contains(message, "must ") && !strings.HasSuffix(message, "%s") {
				t.Errorf("%s: %q names no cure", file, message)
			}
		}
	}
	if n < 25 {
		t.Errorf("only %d messages were found", n)
	}
}
