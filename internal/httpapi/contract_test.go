package httpapi_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/simferry/simferry/internal/testkit"
)

// contract holds the test of each decision in api/DEVIATIONS.md, by the name it has there.
var contract = map[string]func(*testing.T, testkit.Engine){
	"list-cursor":     cursorOnEveryList,
	"own-memberships": ownMemberships,
	"list-too-large":  refusedWithWhatToAdd,
}

// pin adds the test of a decision; the files of this package call it in a declaration, for
// which it has a result.
func pin(name string, test func(*testing.T, testkit.Engine)) bool { //nolint:unparam // a declaration needs a value
	if contract[name] != nil {
		panic(name + " is pinned twice")
	}
	contract[name] = test
	return true
}

func TestContract(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(contract)) {
		t.Run(name, func(t *testing.T) { testkit.OnEach(t, contract[name]) })
	}
}
