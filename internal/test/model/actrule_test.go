package model_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/model"
)

const rulesPath = "/api/v1/migration_rule"

// ruleLists are conditions that compare with a list, with some values.
var ruleLists = map[string][]any{
	"source_country": {"DE", "FR", "US"}, "target_country": {"DE", "FR", "US"}, "source_type": {3, 4}, "target_type": {3, 4},
	"source_workspace": {100, 200, 300, 900}, "target_workspace": {100, 200, 300}, "status": {0, 1, 2, 4}, "issuer": {1, 900},
}

// rule draws a rule.
func (p *pair) rule(n int) object {
	r := object{
		"id": fmt.Sprint("R-", n), "effect": pick(p, []string{"refuse", "require_approval", "warn", "warn"}, "effect"),
		"message": pick(p, []string{"House rule", "☃"}, "message"),
	}
	if p.chance(4, "citation") {
		r["citation"] = "§ 1"
	}
	if p.chance(4, "cure") {
		r["cure"] = "Ask."
	}
	if r["effect"] == "require_approval" && p.chance(4, "approvers") {
		r["approvers"] = 2
	} else if r["effect"] != "require_approval" && p.chance(3, "code") {
		r["code"] = 1530 + n
	}
	switch p.index(8, "validity") {
	case 0:
		r["valid_from"] = p.later(time.Minute, time.Hour, -time.Hour)
	case 1:
		r["valid_to"] = p.later(time.Minute, time.Hour, 48*time.Hour)
	}
	cases := []object{p.ruleCase()}
	if p.chance(4, "another case") {
		cases = append(cases, p.ruleCase())
	}
	r["when"] = cases
	return r
}

// ruleCase draws one or two conditions.
func (p *pair) ruleCase() object {
	c := object{}
	for range 1 + p.index(2, "conditions") {
		switch p.index(6, "condition") {
		case 0:
			c["same_country"] = p.chance(2, "same")
		case 1:
			c["attached"] = p.chance(2, "attached")
		case 2:
			c["request_above"] = p.index(4, "above")
		case 3:
			c["moved_within_days"] = 1 + p.index(2, "days")
		default:
			name := pick(p, sorted(ruleLists), "list")
			values := some(p, ruleLists[name], 1, 2, "values")
			c[name+pick(p, []string{"", "", "_not"}, "negated")] = slices.Compact(values)
		}
	}
	return c
}

// rules draws a rule set: mostly none, so that most migrations still move SIMs.
func (p *pair) rules() []object {
	list := []object{}
	if p.chance(2, "some rules") {
		for n := range 1 + p.index(2, "rules") {
			list = append(list, p.rule(n))
		}
	}
	return list
}

// putRules replaces the rules of the caller's Workspace.
func (p *pair) putRules() {
	bearer, rules := p.head(), p.rules()
	text := p.plainJSON(object{"rules": rules})
	fine := !p.chance(10, "malformed")
	if !fine {
		text = pick(p, []string{
			`{}`, `{"rules": {}}`, `{"rules": [{"id": "A"}]}`, `{"rules": [{"id": "A", "effect": "allow", "message": "m", "when": [{}]}]}`,
			`{"rules": [{"id": "A", "effect": "refuse", "message": "m", "when": [{"moon": ["full"]}]}]}`,
			`{"rules": [{"id": "BR-2", "effect": "refuse", "message": "m", "when": [{}]}]}`,
		}, "fault")
	}
	p.try("put rules", bearer, request{"PUT", rulesPath, text, nil}, p.model.PutRules(bearer, rules, fine))
}

// rulesOfAll replaces the rules of the installation, as the operator does.
func (p *pair) rulesOfAll() { p.applyRules(p.rules()) }

func (p *pair) applyRules(rules []object) {
	if rules == nil {
		rules = []object{}
	}
	p.t.Logf("the installation has the rules %s", p.plainJSON(rules))
	for _, s := range p.sides {
		parsed, err := fleet.ParseRules(0, []byte(p.plainJSON(object{"rules": rules})))
		if err == nil {
			_, err = operator.New(s.server.Control).ApplyRules(p.t.Context(), append(fleet.ShippedRules(), parsed...))
		}
		if err != nil {
			p.t.Fatalf("%s: %v", s.engine, err)
		}
	}
	p.model.SetRules(0, rules)
}

func (p *pair) listRules() {
	bearer := p.caller()
	p.try("list rules", bearer, request{method: "GET", path: rulesPath}, p.model.ListRules(bearer))
}

func (p *pair) plainJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// holdJob makes a rule of the installation that requires an approval, and a job that it holds.
func (p *pair) holdJob() {
	rule := p.rule(0)
	rule["effect"] = "require_approval"
	delete(rule, "code")
	if !p.chance(4, "with conditions") {
		rule["when"] = []object{{}}
	}
	p.applyRules([]object{rule})
	bearer := p.mover()
	target := p.target(bearer)
	if ids := p.model.Movable(bearer, target, 60); len(ids) > 0 {
		p.sendJob("create job", bearer, model.JobAsk{Path: "migration_job", Body: object{
			"target_workspace": ref(target), "select": object{"sims": refs(some(p, ids, 1, 6, "held"))}, "auto_detach_devices": true,
			"dry_run": false, "on_conflict": "skip",
		}})
	}
}

// decider draws a bearer and a job that waits for their approval; found is false if there is none.
func (p *pair) decider() (bearer int, job int64, found bool) {
	var bearers []int
	for bearer := range p.model.Bearers() {
		if len(p.model.AwaitingApproval(bearer)) > 0 {
			bearers = append(bearers, bearer)
		}
	}
	if len(bearers) == 0 {
		return 0, 0, false
	}
	bearer = pick(p, bearers, "decider")
	return bearer, pick(p, p.model.AwaitingApproval(bearer), "waiting job"), true
}

// decideJob approves or rejects a job, mostly one that waits for the caller.
func (p *pair) decideJob() {
	bearer, id, found := p.decider()
	if !found && !p.chance(4, "hold none") {
		p.holdJob()
		bearer, id, found = p.decider()
	}
	if !found || p.chance(8, "another job") {
		bearer, id = p.mover(), int64(p.index(p.model.Jobs()+2, "any job"))
	}
	if !p.chance(4, "rules stay") {
		defer p.applyRules(nil)
	}
	do, match := pick(p, []string{"approve", "approve", "approve", "reject"}, "do"), ""
	header := map[string]string{}
	if do == "approve" && !p.chance(10, "no tag") {
		if match = p.model.JobTag(id); p.chance(8, "other tag") || match == "" {
			match = `"other"`
		}
		header["If-Match"] = match
	}
	want := p.model.JobAct(bearer, id, do, match)
	p.try(do+" job", bearer, request{"POST", fmt.Sprintf("%s/%d/%s", jobPaths, id, do), "", header}, want)
	if want.Status == http.StatusOK {
		p.tally.reach(map[string]string{"approve": "job approved", "reject": "job rejected"}[do])
		p.runJobs()
		p.readJob(bearer, id)
		p.readJobSIMs(bearer, id, model.Query{})
	}
}
