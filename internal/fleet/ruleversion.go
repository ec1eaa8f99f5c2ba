package fleet

import (
	"bytes"
	"encoding/json"
	"slices"
)

// NextRules returns the rules of an owner as they are stored in a new version: a rule that has not
// changed keeps its version.
func NextRules(before, after []Rule, version int64) []Rule {
	next := slices.Clone(after)
	for i := range next {
		next[i].Version = version
		for j := range before {
			old := before[j]
			if next[i].Version = old.Version; old.Broken == "" && sameRule(old, next[i]) {
				break
			}
			next[i].Version = version
		}
	}
	return next
}

func sameRule(a, b Rule) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// Of returns the rules of one owner; 0 is the installation.
func (s *RuleSet) Of(owner WorkspaceID) []Rule {
	var list []Rule
	for _, r := range s.Rules {
		if r.Workspace == owner {
			list = append(list, r)
		}
	}
	return list
}
