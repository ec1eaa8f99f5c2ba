package bugs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/bugs"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// TestEveryMutationHasAHarness compares the two lists.
func TestEveryMutationHasAHarness(t *testing.T) {
	responsible := make(map[string]int)
	for _, b := range bugs.Table {
		responsible[b.Name]++
		if _, found := mutants.Find(b.Name); !found {
			t.Errorf("the table names %s, which is not a mutation", b.Name)
		}
	}
	for _, m := range mutants.All() {
		if responsible[m.Name] != 1 {
			t.Errorf("%s has %d harnesses, want 1", m.Name, responsible[m.Name])
		}
	}
}

// TestNamedTestsExist finds the tests that the table names in the sources: a test that was renamed
// or moved would catch nothing.
func TestNamedTestsExist(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, b := range bugs.Table {
		pkg, match := b.Tests()
		if pkg == "" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(faults.Root(), pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range declared.FindAllSubmatch(text, -1) {
				found = found || regexp.MustCompile(match).Match(name[1])
			}
		}
		if !found {
			t.Errorf("%s: %s has no test that matches %s", b.Name, pkg, match)
		}
	}
}
