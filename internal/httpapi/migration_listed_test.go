package httpapi_test

import (
	"os"
	"regexp"
	"testing"
)

// Every decision names a test, and every test is a decision's.
func TestEveryDeviationIsPinned(t *testing.T) {
	list, err := os.ReadFile("../../api/DEVIATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| (D[0-9]+) \\|.*`TestContract/([a-z0-9-]+)` \\|$")
	named := make(map[string]bool)
	for _, m := range row.FindAllStringSubmatch(string(list), -1) {
		named[m[2]] = true
		if contract[m[2]] == nil {
			t.Errorf("%s names TestContract/%s, and there is no such test: pin it", m[1], m[2])
		}
	}
	for name := range contract {
		if !named[name] {
			t.Errorf("TestContract/%s is pinned, and api/DEVIATIONS.md does not name it", name)
		}
	}
	if len(named) < 60 {
		t.Errorf("only %d rows were found", len(named))
	}
}
