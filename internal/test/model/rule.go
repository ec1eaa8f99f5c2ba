package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// rule is a rule of migrations as its owner wrote it.
type rule struct {
	owner     int64 // 0 for the installation
	version   int64 // of the rule set that gave it its contents
	id        string
	effect    string
	code      int
	message   string
	citation  string
	cure      string
	approvers int
	from, to  time.Time
	cases     []object
	body      object // as it was written
}

// shippedRule is the rule of a new installation. The model knows the border without it.
func shippedRule() *rule {
	br := []any{"BR"}
	return &rule{
		version: 1, id: "BR-1", effect: "refuse", code: 1505, message: "Migration between Brazilian and non-Brazilian workspaces is not allowed",
		cases: []object{{"source_country": br, "target_country_not": br}, {"source_country_not": br, "target_country": br}},
	}
}

// readRule understands a rule that its owner has written.
func readRule(owner int64, body object) *rule {
	r := &rule{owner: owner, body: body, code: 1520}
	r.id, _ = body["id"].(string)
	r.effect, _ = body["effect"].(string)
	r.message, _ = body["message"].(string)
	r.citation, _ = body["citation"].(string)
	r.cure, _ = body["cure"].(string)
	if code, given := body["code"].(int); given {
		r.code = code
	}
	if r.effect == "require_approval" {
		r.code, r.approvers = 1515, 1
		if n, given := body["approvers"].(int); given {
			r.approvers = n
		}
	}
	for name, at := range map[string]*time.Time{"valid_from": &r.from, "valid_to": &r.to} {
		if text, given := body[name].(string); given {
			*at, _ = time.Parse(time.RFC3339, text)
		}
	}
	r.cases, _ = body["when"].([]object)
	return r
}

// SetRules replaces the rules of an owner; 0 is the installation, which keeps the shipped one.
func (m *Model) SetRules(owner int64, bodies []object) { m.replaceRules(owner, bodies) }

// replaceRules does what SetRules does, and returns the new rules.
func (m *Model) replaceRules(owner int64, bodies []object) []*rule {
	m.ruleSet++
	var kept, mine []*rule
	for _, r := range m.rules {
		if r.owner != owner || r.body == nil {
			kept = append(kept, r)
		}
	}
	for _, body := range bodies {
		r := readRule(owner, body)
		r.version = m.ruleSet
		for _, old := range m.rules {
			if old.owner == owner && sameContent(old.body, body) {
				r.version = old.version
				break
			}
		}
		mine = append(mine, r)
	}
	m.rules = slices.Concat(kept, mine)
	slices.SortStableFunc(m.rules, func(a, b *rule) int { return cmp.Compare(a.owner, b.owner) })
	return mine
}

func sameContent(a, b object) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

func (m *Model) ruleBody(r *rule) object {
	when := []any{}
	for _, c := range r.cases {
		when = append(when, c)
	}
	body := object{"id": r.id, "version": r.version, "effect": r.effect, "error_code": r.code, "message": r.message, "when": when, "words": Words}
	r.show(body)
	if r.approvers > 0 {
		body["approvers"] = r.approvers
	}
	if r.owner != 0 {
		body["workspace"] = object{"id": r.owner}
	}
	jobTime(body, "valid_from", r.from)
	jobTime(body, "valid_to", r.to)
	return body
}

// show adds the texts that a rule may have.
func (r *rule) show(body object) {
	for name, text := range map[string]string{"citation": r.citation, "cure": r.cure} {
		if text != "" {
			body[name] = text
		}
	}
}

// ListRules models GET /api/v1/migration_rule.
func (m *Model) ListRules(bearer int) Answer {
	c, no := m.admit(bearer, readers)
	if no != nil {
		return *no
	}
	list := []any{}
	for _, r := range m.rules {
		if r.owner == 0 || r.owner == c.workspace || c.user != nil && m.role(c.user, r.owner) != 0 {
			list = append(list, m.ruleBody(r))
		}
	}
	return ok(list)
}

// PutRules models PUT /api/v1/migration_rule. fine is false for rules that cannot be read.
func (m *Model) PutRules(bearer int, bodies []object, fine bool) Answer {
	c, no := m.admit(bearer, admins)
	switch {
	case no != nil:
		return *no
	case !fine:
		return badRequest()
	}
	list := []any{}
	for _, r := range m.replaceRules(c.workspace, bodies) {
		list = append(list, m.ruleBody(r))
	}
	return ok(list)
}

// ruleAsk has further input of the rules, in addition to a SIM and its Workspaces.
type ruleAsk struct {
	planning bool    // a job is planned: the number of its SIMs is not known, and it can wait for approval
	request  int     // SIMs of the request
	approved []*rule // whose approval the job has
}

// evaluate says whether a rule applies to a SIM: "yes", "no", or "failed" if a condition cannot be
// evaluated. While a job is planned it applies if the job has more SIMs than above.
func (m *Model) evaluate(r *rule, s *sim, target *workspace, a ruleAsk) (outcome string, above int) {
	outcome = "no"
	for _, c := range r.cases {
		holds, least := m.holdsCase(c, s, target, a)
		switch {
		case holds == "yes" && (outcome != "yes" || least < above):
			outcome, above = "yes", least
		case holds == "failed" && outcome == "no":
			outcome = "failed"
		}
	}
	return outcome, above
}

func (m *Model) holdsCase(c object, s *sim, target *workspace, a ruleAsk) (outcome string, above int) {
	outcome = "yes"
	source, now := m.workspaces[s.now().workspace], s.now()
	values := map[string]any{
		"source_country": source.country, "target_country": target.country, "source_type": source.kind, "target_type": target.kind,
		"source_workspace": source.id, "target_workspace": target.id, "status": now.status, "issuer": s.issuer,
	}
	for name, want := range c {
		limit, _ := want.(int)
		holds := true
		switch name {
		case "same_country":
			if source.country == "" || target.country == "" {
				outcome = worst(outcome, "failed")
				continue
			}
			holds = (source.country == target.country) == want
		case "attached":
			holds = (now.device != 0) == want
		case "moved_within_days":
			moved := m.lastMove(s)
			holds = !moved.IsZero() && m.now.Before(moved.Add(time.Duration(limit)*24*time.Hour))
		case "request_above":
			if a.planning {
				above = limit
			} else {
				holds = a.request > limit
			}
		default:
			base, negated := strings.CutSuffix(name, "_not")
			holds = contains(want, values[base]) != negated
		}
		if !holds {
			outcome = worst(outcome, "no")
		}
	}
	return outcome, above
}

// worst combines two conditions that must both hold: one that does not hold decides.
func worst(a, b string) string {
	if a == "no" || b == "no" {
		return "no"
	}
	if a == "failed" || b == "failed" {
		return "failed"
	}
	return "yes"
}

func contains(list, value any) bool {
	values, _ := list.([]any)
	for _, v := range values {
		if id, is := v.(int); is {
			switch of := value.(type) {
			case int:
				if id == of {
					return true
				}
			case int64:
				if int64(id) == of {
					return true
				}
			}
			continue
		}
		if v == value {
			return true
		}
	}
	return false
}

// lastMove returns when a SIM was migrated last.
func (m *Model) lastMove(s *sim) (at time.Time) {
	for _, e := range m.ledger {
		if e.kind == 1 && e.at.After(at) && slices.ContainsFunc(e.lines, func(l line) bool { return l.sim == s }) {
			at = e.at
		}
	}
	return at
}

// ruleHit is a rule that applies to SIMs, or cannot be evaluated for them.
type ruleHit struct {
	rule      *rule
	failed    bool
	announced bool // it is not valid yet
	above     int
	sims      []*sim
}

// hits evaluates the rules for SIMs that would enter a target, in the order of the SIMs.
func (m *Model) hits(target int64, sims []*sim, a ruleAsk) (list []*ruleHit) {
	for _, s := range sims {
		for _, owner := range []int64{0, s.now().workspace, target} {
			if owner == target && owner == s.now().workspace && owner != 0 && slices.ContainsFunc(list, func(h *ruleHit) bool { return h.rule.owner == owner && slices.Contains(h.sims, s) }) {
				continue // the rules of a Workspace that a SIM does not leave apply once
			}
			for _, r := range m.rules {
				if r.owner == owner && r.body != nil && (r.to.IsZero() || m.now.Before(r.to)) {
					list = m.hit(list, r, s, target, a)
				}
			}
		}
	}
	return list
}

func (m *Model) hit(list []*ruleHit, r *rule, s *sim, target int64, a ruleAsk) []*ruleHit {
	outcome, above := m.evaluate(r, s, m.workspaces[target], a)
	if outcome == "no" {
		return list
	}
	failed := outcome == "failed"
	for _, h := range list {
		if h.rule == r && h.failed == failed {
			h.sims, h.above = append(h.sims, s), min(h.above, above)
			return list
		}
	}
	return append(list, &ruleHit{r, failed, m.now.Before(r.from), above, []*sim{s}})
}

// refusal returns the code and the message of a hit that refuses its SIMs, 0 if it does not.
func (h *ruleHit) refusal(a ruleAsk) (code int, message string) {
	switch r := h.rule; {
	case h.announced:
		return 0, ""
	case h.failed:
		return 1519, "Rule " + r.id + " cannot be evaluated, so it refuses: what a condition asks about is not known"
	case r.effect == "warn":
		return 0, ""
	case r.effect == "require_approval":
		if a.planning || slices.ContainsFunc(a.approved, r.same) {
			return 0, ""
		}
	case a.planning && h.above > 0:
		return 0, ""
	}
	return h.rule.code, h.rule.message
}

// same reports whether another rule is the same version of the same rule.
func (r *rule) same(o *rule) bool {
	return r.owner == o.owner && r.id == o.id && r.version == o.version
}

// ruleGroups returns the reasons of rules for which SIMs may not move.
func (m *Model) ruleGroups(target int64, sims []*sim, a ruleAsk) (groups []any) {
	for _, h := range m.hits(target, sims, a) {
		code, message := h.refusal(a)
		if code == 0 {
			continue
		}
		lines := []any{}
		for _, s := range h.sims {
			lines = append(lines, m.simLine(s))
		}
		groups = append(groups, object{"error_code": code, "message": message, "sims": lines, "rule": h.rule.ref(code)})
	}
	return groups
}

// ref returns the rule of a refusal.
func (r *rule) ref(code int) object {
	ref := object{"id": r.id, "version": r.version}
	r.show(ref)
	if code == 1515 && r.cure == "" {
		ref["cure"] = Words
	}
	if r.owner != 0 {
		ref["workspace"] = object{"id": r.owner}
	}
	return ref
}

// warnings returns the rules that apply to a migration without refusing it.
func (m *Model) warnings(target int64, sims []*sim) (list []any) {
	a := ruleAsk{request: len(sims)}
	for _, h := range m.hits(target, sims, a) {
		if code, _ := h.refusal(a); code == 0 && !h.failed {
			list = append(list, h.rule.warning(h.announced, len(h.sims)))
		}
	}
	return list
}

func (r *rule) warning(announced bool, sims int) object {
	body := object{"id": r.id, "version": r.version, "effect": r.effect, "message": r.message, "sim_count": sims}
	r.show(body)
	if announced {
		jobTime(body, "valid_from", r.from)
	}
	return body
}

// byCode orders reasons: by code, and those of one code as they are.
func byCode(groups []any) []any {
	slices.SortStableFunc(groups, func(a, b any) int {
		return cmp.Compare(a.(object)["error_code"].(int), b.(object)["error_code"].(int)) //nolint:errcheck,forcetypeassert // every group has a code
	})
	return groups
}
