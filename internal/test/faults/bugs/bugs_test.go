package bugs_test

import (
	"testing"

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
