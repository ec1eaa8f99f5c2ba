package modeltest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tally is the work of a run: without enough of it a green run proves nothing.
type tally struct {
	checks, actions int
	answers         map[string]map[int]int
}

func (n *tally) count(operation string, status int) {
	n.actions++
	if n.answers == nil {
		n.answers = map[string]map[int]int{}
	}
	if n.answers[operation] == nil {
		n.answers[operation] = map[int]int{}
	}
	n.answers[operation][status]++
}

func (n *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d checks, %d actions", n.checks, n.actions)
	for _, op := range slices.Sorted(maps.Keys(n.answers)) {
		fmt.Fprintf(&b, "\n  %-20s", op)
		for _, status := range slices.Sorted(maps.Keys(n.answers[op])) {
			fmt.Fprintf(&b, " %d:%d", status, n.answers[op][status])
		}
	}
	return b.String()
}
