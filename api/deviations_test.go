package api_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDeviationsAreWellFormed checks the form of the list: each row has a unique number and
// names one test that no other row names.
func TestDeviationsAreWellFormed(t *testing.T) {
	text, err := os.ReadFile("DEVIATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	test := regexp.MustCompile("^`TestContract_[A-Za-z0-9]+`$")
	seen, numbers := make(map[string]string), make(map[string]bool)
	rows := 0
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "| D") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 4 {
			t.Errorf("%d cells: %s", len(cells), line)
			continue
		}
		number, name := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[3])
		if numbers[number] || !regexp.MustCompile(`^D[0-9]+$`).MatchString(number) {
			t.Errorf("row %s: the number is used twice, or is not D and digits", number)
		}
		numbers[number] = true
		if name == "not built yet" {
			continue
		}
		if !test.MatchString(name) {
			t.Errorf("%s names no test: %s", number, name)
		}
		if other, twice := seen[name]; twice {
			t.Errorf("%s and %s name the same test %s", other, number, name)
		}
		seen[name] = number
	}
	if rows < 60 {
		t.Errorf("only %d rows were found", rows)
	}
}
