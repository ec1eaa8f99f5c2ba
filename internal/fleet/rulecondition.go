package fleet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// condition is a property of RuleCase: how it is checked, and what it says.
type condition struct {
	name  string
	check func(c *RuleCase) error
	words func(c *RuleCase) string // "" if it is absent
}

// conditions are all properties of RuleCase, in its order.
var conditions = slices.Concat(
	listed("source_country", "the source is in", isCountry, asText, func(c *RuleCase) ([]string, []string) { return c.SourceCountry, c.SourceCountryNot }),
	listed("target_country", "the target is in", isCountry, asText, func(c *RuleCase) ([]string, []string) { return c.TargetCountry, c.TargetCountryNot }),
	flagged("same_country", "both Workspaces are in the same country", "the Workspaces are in different countries", func(c *RuleCase) *bool { return c.SameCountry }),
	listed("source_type", "the source has the type", WorkspaceType.Known, WorkspaceType.String, func(c *RuleCase) ([]WorkspaceType, []WorkspaceType) { return c.SourceType, c.SourceTypeNot }),
	listed("target_type", "the target has the type", WorkspaceType.Known, WorkspaceType.String, func(c *RuleCase) ([]WorkspaceType, []WorkspaceType) { return c.TargetType, c.TargetTypeNot }),
	listed("source_workspace", "the source is the Workspace", positive, asNumber, func(c *RuleCase) ([]WorkspaceID, []WorkspaceID) { return c.SourceWorkspace, c.SourceWorkspaceNot }),
	listed("target_workspace", "the target is the Workspace", positive, asNumber, func(c *RuleCase) ([]WorkspaceID, []WorkspaceID) { return c.TargetWorkspace, c.TargetWorkspaceNot }),
	listed("status", "the SIM is", SIMStatus.Known, SIMStatus.String, func(c *RuleCase) ([]SIMStatus, []SIMStatus) { return c.Status, c.StatusNot }),
	listed("model", "the SIM has the model", positive, asNumber, func(c *RuleCase) ([]ModelID, []ModelID) { return c.Model, c.ModelNot }),
	listed("issuer", "the SIM was issued by the Workspace", positive, asNumber, func(c *RuleCase) ([]WorkspaceID, []WorkspaceID) { return c.Issuer, c.IssuerNot }),
	listed("batch", "the SIM is of the batch", isBatch, asText, func(c *RuleCase) ([]string, []string) { return c.Batch, c.BatchNot }),
	numbered("moved_within_days", "the SIM was moved within %s days", 1, maxRuleDays, func(c *RuleCase) *int { return c.MovedWithinDays }),
	numbered("request_above", "the request has more than %s SIMs", 0, maxRuleSIMs, func(c *RuleCase) *int { return c.RequestAbove }),
	numbered("day_above", "more than %s SIMs would leave the source on that day", 0, maxRuleSIMs, func(c *RuleCase) *int { return c.DayAbove }),
	flagged("attached", "the SIM is in a device", "the SIM is not in a device", func(c *RuleCase) *bool { return c.Attached }),
)

func isCountry(code string) bool { _, known := CountryByISO(code); return known }

func isBatch(code string) bool {
	return code != "" && utf8.RuneCountInString(code) <= maxRuleText && CheckText(code) == nil
}

func positive[T ~int64](id T) bool { return id > 0 }

func asText(s string) string { return s }

func asNumber[T ~int64](id T) string { return fmt.Sprint(int64(id)) }

// listed returns a pair of conditions: in a list, and not in a list.
func listed[T any](name, words string, valid func(T) bool, show func(T) string, of func(*RuleCase) (in, notIn []T)) []condition {
	one := func(name string, get func(*RuleCase) []T, word func(string) string) condition {
		return condition{name, func(c *RuleCase) error { return checkValues(get(c), valid) }, func(c *RuleCase) string {
			list := get(c)
			if list == nil {
				return ""
			}
			shown := make([]string, len(list))
			for i, v := range list {
				shown[i] = show(v)
			}
			return word(strings.Join(shown, ", "))
		}}
	}
	return []condition{
		one(name, func(c *RuleCase) []T { in, _ := of(c); return in }, func(list string) string { return words + " " + orList(list) }),
		one(name+"_not", func(c *RuleCase) []T { _, notIn := of(c); return notIn }, func(list string) string {
			return negated(words) + " " + orList(list)
		}),
	}
}

func checkValues[T any](list []T, valid func(T) bool) error {
	switch {
	case list == nil:
		return nil
	case len(list) == 0:
		return errors.New("the list is empty: leave the condition out, or name values")
	case len(list) > maxRuleValues:
		return fmt.Errorf("it has %d values; at most %d are allowed", len(list), maxRuleValues)
	}
	for _, v := range list {
		if !valid(v) {
			return fmt.Errorf("%v is not a valid value", v)
		}
	}
	return nil
}

// orList turns "a, b, c" into "a, b or c".
func orList(list string) string {
	if i := strings.LastIndex(list, ", "); i >= 0 {
		return list[:i] + " or" + list[i+1:]
	}
	return list
}

// negated returns the words of the opposite condition.
func negated(words string) string {
	for _, verb := range []string{" is", " was", " has"} {
		if before, after, found := strings.Cut(words, verb); found {
			if verb == " has" {
				return before + " does not have" + after
			}
			return before + verb + " not" + after
		}
	}
	return "not: " + words
}

func flagged(name, isTrue, isFalse string, of func(*RuleCase) *bool) []condition {
	return []condition{{name, func(*RuleCase) error { return nil }, func(c *RuleCase) string {
		switch v := of(c); {
		case v == nil:
			return ""
		case *v:
			return isTrue
		}
		return isFalse
	}}}
}

func numbered(name, words string, least, most int, of func(*RuleCase) *int) []condition {
	return []condition{{name, func(c *RuleCase) error {
		if v := of(c); v != nil && (*v < least || *v > most) {
			return fmt.Errorf("it must be %d to %d", least, most)
		}
		return nil
	}, func(c *RuleCase) string {
		if v := of(c); v != nil {
			return fmt.Sprintf(words, fmt.Sprint(*v))
		}
		return ""
	}}}
}

// Words describes when a rule applies and what it does, as one sentence.
func (r *Rule) Words() string {
	if r.Broken != "" {
		return "Refuses every SIM, because the rule cannot be read: " + r.Broken
	}
	does := map[RuleEffect]string{RuleRefuse: "Refuses", RuleApproval: "Requires approval for", RuleWarn: "Warns about"}[r.Effect]
	cases := make([]string, len(r.When))
	for i := range r.When {
		cases[i] = r.When[i].words()
	}
	words := does + " a SIM if " + strings.Join(cases, ", or if ")
	if r.Needed() > 1 {
		words += fmt.Sprintf("; %d Administrators must approve", r.Needed())
	}
	return words
}

func (c *RuleCase) words() string {
	var parts []string
	for _, f := range conditions {
		if words := f.words(c); words != "" {
			parts = append(parts, words)
		}
	}
	if len(parts) == 0 {
		return "it moves"
	}
	return strings.Join(parts, " and ")
}
