package fleet

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
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

// RulesTag returns the entity tag of all rules of an owner. It changes with each change of them,
// and tells nothing about the rules of others.
func RulesTag(rules []Rule) string {
	hash := sha256.New()
	for i := range rules {
		_, _ = fmt.Fprintf(hash, "%q %d\n", rules[i].ID, rules[i].Version)
	}
	return `"` + base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:18]) + `"`
}

// MatchRules requires that If-Match names the present rules of an owner; "" and * name any.
//
// Errors: BadRequest for a malformed header; PreconditionStale.
func MatchRules(ifMatch string, rules []Rule) error {
	if ifMatch == "" {
		return nil
	}
	tags, err := ParseEntityTags(ifMatch)
	if err != nil || tags.Any || tags.Match(RulesTag(rules)) {
		return err
	}
	return &Error{Code: PreconditionStale, Field: "If-Match", Message: "If-Match: the rules have changed since they were read: read them again, and repeat the change"}
}
