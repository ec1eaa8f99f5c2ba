// Package mutants lists bugs that the harnesses must catch, as edits of the sources. None of
// them is in the product: faults.Build applies one while it compiles. internal/test/faults/bugs
// names the harness that has to catch each.
package mutants

import (
	"fmt"
	"slices"

	"github.com/simferry/simferry/internal/test/faults"
)

// All returns every mutation.
func All() []faults.Mutation {
	return slices.Concat(crash, jobs, offers, planner, requests, security, selection, wire, storage, whatIf)
}

// Find returns the mutation of a name.
func Find(name string) (faults.Mutation, bool) {
	for _, m := range All() {
		if m.Name == name {
			return m, true
		}
	}
	return faults.Mutation{}, false
}

// MustFind calls Find for a name that is written in the code. It panics if there is none.
func MustFind(name string) faults.Mutation {
	m, found := Find(name)
	if !found {
		panic(fmt.Sprintf("no mutation is called %q", name))
	}
	return m
}

// replace returns a mutation of one edit.
func replace(name, does, file, before, after string) faults.Mutation {
	return faults.Mutation{Name: name, Summary: does, Edits: []faults.Edit{{File: file, Old: before, New: after}}}
}
