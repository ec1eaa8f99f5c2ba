package console

import (
	"cmp"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var rulesRoutes = []route{
	{pattern: "GET /rules", need: identity.ReadMigrations, handle: rulesPage},
}

// rulesData is what the page of rules shows.
type rulesData struct {
	Groups []ruleGroup
}

// ruleGroup is the rules that are in force, that are announced, or that have ended.
type ruleGroup struct {
	Name  string // now, soon or over
	Rules []ruleRow
}

// ruleRow is a rule in words.
type ruleRow struct {
	control.MadeRule
	Class string // of the tag of the effect
}

// effectClasses are the classes of the tags of effects.
var effectClasses = map[fleet.RuleEffect]string{fleet.RuleRefuse: "bad", fleet.RuleApproval: "warn"}

func rulesPage(r *request) (reply, error) {
	rules, err := r.control().MadeRules(r.Context(), r.caller)
	if err != nil {
		return reply{}, err
	}
	d, now := rulesData{Groups: []ruleGroup{{Name: "now"}, {Name: "soon"}, {Name: "over"}}}, r.control().Now()
	for _, rule := range rules {
		at := &d.Groups[ruleGroupOf(rule.Rule, now)]
		at.Rules = append(at.Rules, ruleRow{rule, effectClasses[rule.Effect]})
	}
	d.Groups = slices.DeleteFunc(d.Groups, func(g ruleGroup) bool { return len(g.Rules) == 0 && g.Name != "now" })
	return r.page("rules", "rules", text("rules.title"), d)
}

// ruleGroupOf returns the index of the group of a rule.
func ruleGroupOf(rule fleet.Rule, now time.Time) int {
	switch {
	case rule.ValidFrom.After(now):
		return 1
	case !rule.ValidTo.IsZero() && !now.Before(rule.ValidTo):
		return 2
	}
	return 0
}

// Words says what the rule does, with a full stop.
func (r ruleRow) Words() string { return r.Rule.Words() + "." }

// Maker says who made the rule.
func (r ruleRow) Maker() string {
	if r.Made.IsZero() {
		return text("rules.shipped")
	}
	return cmp.Or(r.By, text("token.operator"))
}

// Scope says which moves the rule is asked about.
func (r ruleRow) Scope() string {
	if r.Workspace == 0 {
		return text("rules.installation")
	}
	return text("rules.workspace", r.Owner)
}
