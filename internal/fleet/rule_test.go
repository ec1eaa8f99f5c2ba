package fleet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/fleet"
)

// ruled returns rules that are written as JSON objects.
func ruled(t tester, owner fleet.WorkspaceID, texts ...string) []fleet.Rule {
	t.Helper()
	rules, err := fleet.ParseRules(owner, []byte(`{"rules": [`+strings.Join(texts, ",")+`]}`))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return rules
}

func under(rules []fleet.Rule, sims ...fleet.SIMState) fleet.Snapshot {
	snap := snapshot(sims...)
	snap.Rules.Set = fleet.NewRuleSet(7, rules)
	return snap
}

// ruleOf wraps conditions into a rule.
func ruleOf(effect, conditions string) string {
	return fmt.Sprintf(`{"id": "T-1", "effect": %q, "message": "told", "citation": "§ 1", "cure": "Ask.", "when": [%s]}`, effect, conditions)
}

// The shipped rule set is what every rule set without further rules does.
func TestShippedRuleCannotBeForgotten(t *testing.T) {
	snap := snapshot(sim(1))
	snap.Rules = fleet.RuleInput{}
	want := refuses(because(fleet.RuleFailed, 1))
	if diff := cmp.Diff(want, decide(t, to(lyon, byID(t, 1)), snap)); diff != "" {
		t.Errorf("without a rule set (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(movesSIMs(1), decide(t, to(lyon, byID(t, 1)), under(nil, sim(1)))); diff != "" {
		t.Errorf("with an empty rule set (-want +got):\n%s", diff)
	}
}

func TestRuleConditions(t *testing.T) {
	now := shipped().Now
	facts := map[fleet.SIMID]fleet.SIMFacts{
		1: {Model: 5, Issuer: 600, Batch: "B1", Moved: now.AddDate(0, 0, -10)}, 2: {Model: 6, Issuer: 601, Batch: "B2"},
	}
	sims := []fleet.SIMState{sim(1), sim(2, in(vienna), as(fleet.SIMSuspended), attached(9001))}
	for _, test := range []struct {
		when string
		hits []fleet.SIMID
	}{
		{`{}`, []fleet.SIMID{1, 2}},
		{`{"source_country": ["DE", "FR"]}`, []fleet.SIMID{1}},
		{`{"source_country_not": ["DE"]}`, []fleet.SIMID{2}},
		{`{"target_country": ["FR"]}`, []fleet.SIMID{1, 2}},
		{`{"target_country_not": ["FR"]}`, nil},
		{`{"same_country": false}`, []fleet.SIMID{1, 2}},
		{`{"same_country": true}`, nil},
		{`{"source_type": [4]}`, []fleet.SIMID{1, 2}},
		{`{"source_type_not": [4]}`, nil},
		{`{"target_type": [3]}`, nil},
		{`{"source_workspace": [100]}`, []fleet.SIMID{1}},
		{`{"source_workspace_not": [100]}`, []fleet.SIMID{2}},
		{`{"target_workspace": [200]}`, []fleet.SIMID{1, 2}},
		{`{"target_workspace_not": [200]}`, nil},
		{`{"status": [2]}`, []fleet.SIMID{2}},
		{`{"status_not": [2, 3]}`, []fleet.SIMID{1}},
		{`{"model": [5]}`, []fleet.SIMID{1}},
		{`{"model_not": [5]}`, []fleet.SIMID{2}},
		{`{"issuer": [601]}`, []fleet.SIMID{2}},
		{`{"batch": ["B1"]}`, []fleet.SIMID{1}},
		{`{"batch_not": ["B1"]}`, []fleet.SIMID{2}},
		{`{"moved_within_days": 11}`, []fleet.SIMID{1}},
		{`{"moved_within_days": 10}`, nil},
		{`{"request_above": 1}`, []fleet.SIMID{1, 2}},
		{`{"request_above": 2}`, nil},
		{`{"day_above": 41}`, []fleet.SIMID{1}},
		{`{"attached": true}`, []fleet.SIMID{2}},
		{`{"attached": false}`, []fleet.SIMID{1}},
		{`{"source_country": ["DE"], "status": [2]}`, nil},
		{`{"source_country": ["DE"]}, {"status": [2]}`, []fleet.SIMID{1, 2}},
	} {
		snap := under(ruled(t, 0, ruleOf("refuse", test.when)), sims...)
		snap.Rules.Facts, snap.Rules.Today = facts, map[fleet.WorkspaceID]int{berlin: 40}
		want := refuses(because(fleet.RuleRefused, test.hits...))
		if test.hits == nil {
			want = movesSIMs(1, 2)
		}
		if diff := cmp.Diff(want, decide(t, detaching(to(lyon, byID(t, 1, 2))), snap)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.when, diff)
		}
	}
}

// A condition that cannot be evaluated refuses, whatever the effect, and says so.
func TestFailingConditionRefuses(t *testing.T) {
	stateless := func(snap fleet.Snapshot) fleet.Snapshot {
		change(snap.Workspaces, berlin, func(s *fleet.Standing) { s.Workspace.Country = "" })
		return snap
	}
	for _, effect := range fleet.RuleEffects {
		for _, when := range []string{`{"model": [1]}`, `{"issuer_not": [1]}`, `{"batch": ["B"]}`, `{"moved_within_days": 1}`, `{"day_above": 1}`, `{"same_country": true}`} {
			snap := stateless(under(ruled(t, 0, ruleOf(string(effect), when)), sim(1)))
			_, err := fleet.PlanMigration(to(lyon, byID(t, 1)), snap)
			var c *fleet.Conflicts
			if !errors.As(err, &c) || c.Groups[0].Code != fleet.RuleFailed || !strings.Contains(c.Groups[0].Message, "T-1 cannot be evaluated") {
				t.Errorf("%s %s: %v", effect, when, err)
			}
		}
	}
	for _, stored := range []string{
		`[{"id": "T-1", "version": 3, "effect": "warn", "message": "m", "code": 1520, "when": [{"moon_phase": ["full"]}]}]`,
		`[{"id": "T-1", "version": 3, "effect": "forbid", "message": "m", "code": 1520, "when": [{}]}]`,
		`[{"id": "T-1", "version": 3, "effect": "warn", "message": "m", "code": 1520, "when": [{"status": "all"}]}]`,
		`[17]`, `{`,
	} {
		_, err := fleet.PlanMigration(to(lyon, byID(t, 1)), under(fleet.ReadRules(0, []byte(stored)), sim(1)))
		var c *fleet.Conflicts
		if !errors.As(err, &c) || c.Groups[0].Code != fleet.RuleFailed {
			t.Errorf("%s: %v", stored, err)
		}
	}
}

func TestRuleEffectsAndValidity(t *testing.T) {
	now := shipped().Now
	day := func(n int) string { return now.AddDate(0, 0, n).Format(time.RFC3339) }
	ask := func(effect, more string) fleet.Snapshot {
		text := strings.Replace(ruleOf(effect, `{}`), `"id"`, more+`"id"`, 1)
		return under(ruled(t, 0, text), sim(1))
	}
	refused, moves := refuses(because(fleet.RuleRefused, 1)), movesSIMs(1)
	for _, test := range []struct {
		effect, more string
		want         verdict
		hits         int
	}{
		{"refuse", ``, refused, 0},
		{"require_approval", ``, refuses(because(fleet.ApprovalRequired, 1)), 0},
		{"warn", ``, moves, 1},
		{"refuse", `"code": 1566, `, refuses(because(1566, 1)), 0},
		{"refuse", `"valid_from": "` + day(1) + `", `, moves, 1},
		{"refuse", `"valid_from": "` + day(0) + `", `, refused, 0},
		{"refuse", `"valid_to": "` + day(0) + `", `, moves, 0},
		{"refuse", `"valid_to": "` + day(1) + `", `, refused, 0},
	} {
		snap := ask(test.effect, test.more)
		if diff := cmp.Diff(test.want, decide(t, to(lyon, byID(t, 1)), snap)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", test.effect, test.more, diff)
		}
		if test.want.Moves == nil {
			continue
		}
		p := plan(t, to(lyon, byID(t, 1)), snap)
		if len(p.Hits) != test.hits || test.hits == 1 && p.Hits[0].Announced != (test.effect == "refuse") {
			t.Errorf("%s %s: hits %+v", test.effect, test.more, p.Hits)
		}
		if p.RuleSet() != 7 {
			t.Errorf("the plan was decided by rule set %d", p.RuleSet())
		}
	}
}

// A rule of a Workspace applies to its own SIMs only.
func TestRulesOfWorkspaces(t *testing.T) {
	rules := slices.Concat(ruled(t, vienna, ruleOf("refuse", `{}`)), ruled(t, rio, ruleOf("refuse", `{}`)))
	got := decide(t, to(lyon, byID(t, 1, 2)), under(rules, sim(1), sim(2, in(vienna))))
	if diff := cmp.Diff(refuses(because(fleet.RuleRefused, 2)), got); diff != "" {
		t.Errorf("out of Vienna (-want +got):\n%s", diff)
	}
	got = decide(t, to(vienna, byID(t, 1)), under(rules, sim(1)))
	if diff := cmp.Diff(refuses(because(fleet.RuleRefused, 1)), got); diff != "" {
		t.Errorf("into Vienna (-want +got):\n%s", diff)
	}
}

// While a job is planned the size of its request is not known: a rule says what it must exceed.
func TestRulesOfAJob(t *testing.T) {
	rules := ruled(t, 0, ruleOf("require_approval", `{"request_above": 500}, {"request_above": 100, "source_country": ["AT"]}`))
	snap := under(rules, sim(1), sim(2, in(vienna)))
	snap.Rules.Planning = true
	p := plan(t, to(lyon, byID(t, 1)), snap)
	if len(p.Hits) != 1 || p.Hits[0].Above != 500 {
		t.Errorf("hits %+v", p.Hits)
	}
	if p = plan(t, to(lyon, byID(t, 1, 2)), snap); len(p.Hits) != 1 || p.Hits[0].Above != 100 || p.Hits[0].SIMs != 2 {
		t.Errorf("hits %+v", p.Hits)
	}
	snap.Rules = fleet.RuleInput{Set: snap.Rules.Set, Now: snap.Rules.Now, Request: 501}
	if diff := cmp.Diff(refuses(because(fleet.ApprovalRequired, 1)), decide(t, to(lyon, byID(t, 1)), snap)); diff != "" {
		t.Errorf("without approval (-want +got):\n%s", diff)
	}
	snap.Rules.Approved = []fleet.RuleRef{snap.Rules.Set.Rules[0].Ref()}
	if diff := cmp.Diff(movesSIMs(1), decide(t, to(lyon, byID(t, 1)), snap)); diff != "" {
		t.Errorf("with approval (-want +got):\n%s", diff)
	}
	snap.Rules.Approved[0].Version++
	if diff := cmp.Diff(refuses(because(fleet.ApprovalRequired, 1)), decide(t, to(lyon, byID(t, 1)), snap)); diff != "" {
		t.Errorf("with the approval of another version (-want +got):\n%s", diff)
	}
}

func TestParseRulesRefuses(t *testing.T) {
	rule := func(more, when string) string {
		return `{"rules": [{"id": "A", "effect": "refuse", "message": "m"` + more + `, "when": [{` + when + `}]}]}`
	}
	for text, want := range map[string]string{
		rule(``, `"request_above": "500"`):                    "rules[0]: when.request_above: it must be a whole number",
		rule(``, `"request_above": 5.5`):                      "when.request_above: it must be a whole number",
		rule(``, `"status": 1`):                               "when.status: it must be a list",
		rule(``, `"status": ["x"]`):                           "when.status: it must be a whole number",
		rule(``, `"attached": "yes"`):                         "when.attached: it must be true or false",
		rule(`, "citation": 5`, ``):                           "citation: it must be text",
		rule(`, "valid_from": "yesterday"`, ``):               `"yesterday" is not a time: write valid_from`,
		rule(`, "id": "B"`, ``):                               `the property "id" twice`,
		rule(``, `"request_above": 5, "request_above": 6`):    `the property "request_above" twice`,
		rule(``, `"status": [1]}, {"status": [2]}, {"a": [{`): "it is not valid JSON",
		`rules: []`:            "it is not valid JSON: error at byte 1",
		`{"rules": [`:          "it ends too early",
		`{"rules": {}}`:        "rules: it must be a list, in [ ]: send",
		`{"rules": [5]}`:       "rules[0]: it must be an object, in { }",
		`{"rules": [{"when"]}`: "it is not valid JSON",
		`[]`:                   "rules",
		`{}`:                   "rules: it is required",
		`{"rule": []}`:         "unknown property or condition",
		`{"rules": [{"id": "A", "effect": "refuse", "message": "m", "when": [{"sourcecountry": ["DE"]}]}]}`:                                                  "sourcecountry",
		`{"rules": [{"id": "A", "effect": "refuse", "message": "m", "when": []}]}`:                                                                           "rules[0]: when",
		`{"rules": [{"id": "A", "effect": "refuse", "message": "m", "when": [{"source_country": []}]}]}`:                                                     "source_country: the list is empty",
		`{"rules": [{"id": "A", "effect": "refuse", "message": "m", "when": [{"source_country_not": ["XX"]}]}]}`:                                             "XX is not a valid value",
		`{"rules": [{"id": "A", "effect": "refuse", "message": "m", "when": [{"status": [9]}]}]}`:                                                            "status",
		`{"rules": [{"id": "A", "effect": "refuse", "message": "m", "when": [{"request_above": -1}]}]}`:                                                      "request_above: it must be 0",
		`{"rules": [{"id": "A", "effect": "allow", "message": "m", "when": [{}]}]}`:                                                                          "effect",
		`{"rules": [{"id": "A", "effect": "refuse", "message": "", "when": [{}]}]}`:                                                                          "message",
		`{"rules": [{"id": "A B", "effect": "refuse", "message": "m", "when": [{}]}]}`:                                                                       "id",
		`{"rules": [{"id": "A", "effect": "refuse", "message": "m", "code": 1504, "when": [{}]}]}`:                                                           "code",
		`{"rules": [{"id": "A", "effect": "warn", "message": "m", "approvers": 2, "when": [{}]}]}`:                                                           "approvers",
		`{"rules": [{"id": "A", "effect": "warn", "message": "m", "when": [{}]}, {"id": "a", "effect": "warn", "message": "m", "when": [{}]}]}`:              "rules[1].id",
		`{"rules": [{"id": "A", "effect": "warn", "message": "m", "when": [{}], "valid_from": "2026-02-01T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}]}`: "valid_to",
	} {
		if _, err := fleet.ParseRules(0, []byte(text)); err == nil || fleet.CodeOf(err) != fleet.BadRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := fleet.ParseRules(100, []byte(`{"rules": [`+strings.Replace(ruleOf("refuse", `{}`), "T-1", "br-1", 1)+`]}`)); err == nil {
		t.Error("a Workspace has a rule with a reserved id")
	}
}

func TestRuleWords(t *testing.T) {
	rules := slices.Concat(fleet.ShippedRules(), ruled(t, 0,
		`{"id": "A", "effect": "require_approval", "approvers": 2, "message": "m", "when": [{"status": [1, 2], "attached": false, "request_above": 500}]}`))
	for i, want := range []string{
		"Refuses a SIM if the source is in BR and the target is not in BR, or if the source is not in BR and the target is in BR",
		"Requires approval for a SIM if the SIM is Activated or Suspended and the request has more than 500 SIMs and the SIM is not in a device; 2 Administrators must approve",
	} {
		if got := rules[i].Words(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// Stored rules are read as they were written, and a rule that has not changed keeps its version.
func TestRulesAreReadAsWritten(t *testing.T) {
	rules := fleet.NextRules(nil, ruled(t, 0, ruleOf("warn", `{"source_country": ["DE"], "moved_within_days": 3}`)), 5)
	text, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rules, fleet.ReadRules(0, text)); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	same := fleet.NextRules(rules, ruled(t, 0, ruleOf("warn", `{"source_country": ["DE"], "moved_within_days": 3}`)), 6)
	other := fleet.NextRules(rules, ruled(t, 0, ruleOf("warn", `{"source_country": ["DE"], "moved_within_days": 4}`)), 6)
	if same[0].Version != 5 || other[0].Version != 6 {
		t.Errorf("versions %d and %d, want 5 and 6", same[0].Version, other[0].Version)
	}
}

// drawRule draws a rule as the JSON that an owner writes.
func drawRule(t *rapid.T, id int) string {
	lists := map[string][]any{
		"source_country": {"DE", "BR", "AT", "NO"}, "target_country": {"FR", "BR"}, "source_type": {3, 4}, "target_type": {3, 4},
		"source_workspace": {100, 110, 200, 400}, "target_workspace": {200, 410}, "status": {0, 1, 2, 4}, "model": {1, 2}, "issuer": {600, 601}, "batch": {"A", "B"},
	}
	var cases []map[string]any
	for range rapid.IntRange(1, 3).Draw(t, "cases") {
		c := make(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(lists)) {
			for _, suffix := range []string{"", "_not"} {
				if rapid.IntRange(0, 7).Draw(t, name+suffix) == 0 {
					c[name+suffix] = rapid.SliceOfNDistinct(rapid.SampledFrom(lists[name]), 1, 2, rapid.ID[any]).Draw(t, "values")
				}
			}
		}
		for _, name := range []string{"same_country", "attached"} {
			if rapid.IntRange(0, 5).Draw(t, name) == 0 {
				c[name] = rapid.Bool().Draw(t, "value")
			}
		}
		for name, least := range map[string]int{"moved_within_days": 1, "request_above": 0, "day_above": 0} {
			if rapid.IntRange(0, 5).Draw(t, name) == 0 {
				c[name] = rapid.IntRange(least, 4).Draw(t, "value")
			}
		}
		cases = append(cases, c)
	}
	rule := map[string]any{
		"id": fmt.Sprintf("R%d", id), "effect": rapid.SampledFrom([]string{"refuse", "refuse", "require_approval", "warn"}).Draw(t, "effect"), "message": "m", "when": cases,
	}
	now := shipped().Now
	if rapid.IntRange(0, 4).Draw(t, "from") == 0 {
		rule["valid_from"] = now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "at")) * time.Hour)
	}
	if rapid.IntRange(0, 4).Draw(t, "to") == 0 {
		rule["valid_to"] = now.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "until")) * time.Hour)
		delete(rule, "valid_from")
	}
	text, err := json.Marshal(rule)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// judgeRule evaluates a rule for a SIM a second time, from its JSON: "yes", "no" or "failed".
func judgeRule(rule map[string]any, snap fleet.Snapshot, target fleet.Workspace, s fleet.SIMState, asked int) string {
	outcome := "no"
	cases, isList := rule["when"].([]any)
	if !isList {
		return "no cases"
	}
	for _, c := range cases {
		conditions, isObject := c.(map[string]any)
		if !isObject {
			return "no conditions"
		}
		switch judgeCase(conditions, snap, target, s, asked) {
		case "yes":
			return "yes"
		case "failed":
			outcome = "failed"
		}
	}
	return outcome
}

func judgeCase(c map[string]any, snap fleet.Snapshot, target fleet.Workspace, s fleet.SIMState, asked int) string {
	source := snap.Workspaces[s.Workspace].Workspace
	facts, known := snap.Rules.Facts[s.ID]
	values := map[string]any{
		"source_country": source.Country, "target_country": target.Country, "source_type": float64(source.Type), "target_type": float64(target.Type),
		"source_workspace": float64(source.ID), "target_workspace": float64(target.ID), "status": float64(s.Status),
		"model": float64(facts.Model), "issuer": float64(facts.Issuer), "batch": facts.Batch,
	}
	outcome := "yes"
	for name, want := range c {
		base := strings.TrimSuffix(name, "_not")
		var holds, fails bool
		number, _ := want.(float64)
		list, _ := want.([]any)
		switch name {
		case "same_country":
			holds, fails = (source.Country == target.Country) == want, source.Country == "" || target.Country == ""
		case "attached":
			holds = (s.Device != 0) == want
		case "moved_within_days":
			holds, fails = !facts.Moved.IsZero() && snap.Rules.Now.Before(facts.Moved.AddDate(0, 0, int(number))), !known
		case "request_above":
			holds = asked > int(number)
		case "day_above":
			holds, fails = snap.Rules.Today[source.ID]+asked > int(number), snap.Rules.Today == nil
		default:
			holds = slices.Contains(list, values[base]) != strings.HasSuffix(name, "_not")
			fails = !known && (base == "model" || base == "issuer" || base == "batch")
		}
		switch {
		case fails:
			outcome = "failed"
		case !holds:
			return "no"
		}
	}
	return outcome
}

// Random rule sets give the reasons that an evaluation of their JSON gives.
func TestRandomRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var texts []string
		for i := range rapid.IntRange(0, 4).Draw(t, "rules") {
			texts = append(texts, drawRule(t, i))
		}
		owner := rapid.SampledFrom([]fleet.WorkspaceID{0, 0, berlin, lyon}).Draw(t, "owner")
		snap := drawSnapshot(t)
		snap.Rules.Set = fleet.NewRuleSet(9, ruled(t, owner, texts...))
		change(snap.Workspaces, vienna, func(s *fleet.Standing) { s.Workspace.Country = "" })
		if rapid.Bool().Draw(t, "counted") {
			snap.Rules.Today = map[fleet.WorkspaceID]int{berlin: 2}
		}
		snap.Rules.Facts = make(map[fleet.SIMID]fleet.SIMFacts)
		for _, s := range snap.SIMs {
			if rapid.IntRange(0, 5).Draw(t, "known") > 0 {
				f := fleet.SIMFacts{Model: fleet.ModelID(s.ID % 3), Issuer: 600 + fleet.WorkspaceID(s.ID%2), Batch: string(rune('A' + s.ID%3))}
				if s.ID%2 == 0 {
					f.Moved = snap.Rules.Now.AddDate(0, 0, -int(s.ID%5))
				}
				snap.Rules.Facts[s.ID] = f
			}
		}
		req := drawRequest(t, snap)
		found, _ := fleet.Resolve(req.Select, snap)
		want := expectedReasons(t, texts, owner, snap, req.Target, found)
		_, err := fleet.PlanMigration(req, snap)
		got := make(map[string][]fleet.SIMID)
		var conflicts *fleet.Conflicts
		switch {
		case errors.As(err, &conflicts):
			for _, g := range conflicts.Groups {
				if g.Rule != nil {
					got[fmt.Sprint(g.Rule.ID, " ", g.Code)] = ids(g.SIMs)
				}
			}
		case err != nil:
			return // not found
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", strings.Join(texts, "\n"), diff)
		}
	})
}

func expectedReasons(t *rapid.T, texts []string, owner fleet.WorkspaceID, snap fleet.Snapshot, target fleet.WorkspaceID, found []fleet.SIMState) map[string][]fleet.SIMID {
	want := make(map[string][]fleet.SIMID)
	for _, text := range texts {
		var rule map[string]any
		if err := json.Unmarshal([]byte(text), &rule); err != nil {
			t.Fatal(err)
		}
		if from, given := rule["valid_from"].(string); given && snap.Rules.Now.Format(time.RFC3339) < from {
			continue
		}
		if until, given := rule["valid_to"].(string); given && until <= snap.Rules.Now.Format(time.RFC3339) {
			continue
		}
		for _, s := range found {
			if owner != 0 && s.Workspace != owner && target != owner {
				continue
			}
			code := map[any]string{"refuse": "1520", "require_approval": "1515"}[rule["effect"]]
			switch judgeRule(rule, snap, snap.Workspaces[target].Workspace, s, len(found)) {
			case "no":
				continue
			case "failed":
				code = "1519"
			}
			if code != "" {
				key := fmt.Sprint(rule["id"], " ", code)
				want[key] = append(want[key], s.ID)
			}
		}
	}
	return want
}
