package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// truth is the result of a condition. A condition that cannot be evaluated has failed.
type truth int8

const (
	no truth = iota
	yes
	failed
)

// and returns no if t or u do not hold, otherwise failed if one of them has failed.
func (t truth) and(u truth) truth {
	switch {
	case t == no || u == no:
		return no
	case t == failed || u == failed:
		return failed
	}
	return yes
}

// or returns yes if t or u hold, otherwise failed if one of them has failed.
func (t truth) or(u truth) truth {
	switch {
	case t == yes || u == yes:
		return yes
	case t == failed || u == failed:
		return failed
	}
	return no
}

func truthOf(holds bool) truth {
	if holds {
		return yes
	}
	return no
}

// among is the truth of a pair of conditions: in a list, and not in a list. Absent lists hold.
func among[T comparable](value T, in, notIn []T) truth {
	return truthOf((in == nil || slices.Contains(in, value)) && (notIn == nil || !slices.Contains(notIn, value)))
}

// places evaluates the conditions about the two Workspaces.
func (c *RuleCase) places(source, target *Workspace) truth {
	t := among(source.Country, c.SourceCountry, c.SourceCountryNot).
		and(among(target.Country, c.TargetCountry, c.TargetCountryNot)).
		and(among(source.Type, c.SourceType, c.SourceTypeNot)).
		and(among(target.Type, c.TargetType, c.TargetTypeNot)).
		and(among(source.ID, c.SourceWorkspace, c.SourceWorkspaceNot)).
		and(among(target.ID, c.TargetWorkspace, c.TargetWorkspaceNot))
	if c.SameCountry == nil {
		return t
	}
	if source.Country == "" || target.Country == "" {
		return t.and(failed)
	}
	return t.and(truthOf((source.Country == target.Country) == *c.SameCountry))
}

// sized evaluates the conditions about the number of SIMs. While a job is planned they hold for a
// request of more SIMs than above.
func (c *RuleCase) sized(in *RuleInput, source WorkspaceID, size int) (t truth, above int) {
	t = yes
	request, day := size, size
	if in.Request > 0 {
		request = in.Request
	}
	if in.Day > 0 {
		day = in.Day
	}
	if c.RequestAbove != nil {
		if in.Planning {
			above = max(above, *c.RequestAbove)
		} else {
			t = t.and(truthOf(request > *c.RequestAbove))
		}
	}
	if c.DayAbove != nil {
		switch {
		case in.Today == nil:
			t = t.and(failed)
		case in.Planning:
			above = max(above, *c.DayAbove-in.Today[source])
		default:
			t = t.and(truthOf(in.Today[source]+day > *c.DayAbove))
		}
	}
	return t, above
}

// card evaluates the conditions about a SIM.
func (c *RuleCase) card(in *RuleInput, s *SIMState) truth {
	t := among(s.Status, c.Status, c.StatusNot)
	if c.Attached != nil {
		t = t.and(truthOf((s.Device != 0) == *c.Attached))
	}
	if !c.asksFacts() && c.MovedWithinDays == nil {
		return t
	}
	f, known := in.Facts[s.ID]
	if !known {
		return t.and(failed)
	}
	t = t.and(among(f.Model, c.Model, c.ModelNot)).and(among(f.Issuer, c.Issuer, c.IssuerNot)).and(among(f.Batch, c.Batch, c.BatchNot))
	if c.MovedWithinDays != nil {
		recent := !f.Moved.IsZero() && in.Now.Sub(f.Moved) < time.Duration(*c.MovedWithinDays)*24*time.Hour
		t = t.and(truthOf(recent))
	}
	return t
}

// asksCard reports whether a case has conditions about single SIMs.
func (c *RuleCase) asksCard() bool {
	return c.Status != nil || c.StatusNot != nil || c.Attached != nil || c.asksFacts() || c.MovedWithinDays != nil
}

// openRule is a rule that can apply to SIMs of one source: what its cases are without the
// conditions about single SIMs.
type openRule struct {
	rule      *Rule
	announced bool
	cases     []openCase
	settled   truth // by the cases without such conditions
	above     int   // of settled
}

type openCase struct {
	of    *RuleCase
	so    truth
	above int
}

// ruleRun evaluates the rules of a plan, one SIM after the other.
type ruleRun struct {
	in     *RuleInput
	target *Workspace
	size   int
	source WorkspaceID
	open   []openRule
	begun  bool

	hits []ruleHits // in the order of the first SIM
}

// ruleHits are the SIMs that a rule applies to, or cannot be evaluated for.
type ruleHits struct {
	rule      *Rule
	failed    bool
	announced bool
	above     int
	sims      []SIMState
}

// ask evaluates every rule for a SIM. If the rule set could not be read, the SIM is refused.
func (r *ruleRun) ask(source *Workspace, s *SIMState) {
	if !r.begun || r.source != s.Workspace {
		r.begun, r.source = true, s.Workspace
		r.enter(source)
	}
	for i := range r.open {
		o := &r.open[i]
		t, above := o.settled, o.above
		for _, c := range o.cases {
			so := c.so.and(c.of.card(r.in, s))
			if so == yes && (t != yes || c.above < above) {
				above = c.above
			}
			t = t.or(so)
		}
		if t != no {
			r.hit(o, t == failed, above, s)
		}
	}
}

// notRead is the rule that refuses every SIM if the rule set could not be read.
var notRead = &Rule{ID: "rules", Effect: RuleRefuse, Broken: "the rules were not read"}

// enter finds the rules that can apply to SIMs of a source.
func (r *ruleRun) enter(source *Workspace) {
	r.open = r.open[:0]
	if r.in.Set == nil {
		r.add(notRead, source)
		return
	}
	for _, rule := range r.in.Set.shared {
		r.add(rule, source)
	}
	if len(r.in.Set.own) == 0 {
		return
	}
	for _, rule := range r.in.Set.own[source.ID] {
		r.add(rule, source)
	}
	if r.target.ID != source.ID {
		for _, rule := range r.in.Set.own[r.target.ID] {
			r.add(rule, source)
		}
	}
}

func (r *ruleRun) add(rule *Rule, source *Workspace) {
	valid := cmp.Or(r.in.Valid, r.in.Now)
	if !rule.ValidTo.IsZero() && !valid.Before(rule.ValidTo) {
		return
	}
	o := openRule{rule: rule, announced: valid.Before(rule.ValidFrom)}
	if rule.Broken != "" {
		o.settled = failed
	}
	for i := range rule.When {
		c := &rule.When[i]
		sized, above := c.sized(r.in, source.ID, r.size)
		so := c.places(source, r.target).and(sized)
		switch {
		case so == no:
		case c.asksCard():
			o.cases = append(o.cases, openCase{c, so, above})
		default:
			if so == yes && (o.settled != yes || above < o.above) {
				o.above = above
			}
			o.settled = o.settled.or(so)
		}
	}
	if o.settled != no || len(o.cases) > 0 {
		r.open = append(r.open, o)
	}
}

func (r *ruleRun) hit(o *openRule, failed bool, above int, s *SIMState) {
	i := slices.IndexFunc(r.hits, func(h ruleHits) bool { return h.rule == o.rule && h.failed == failed })
	if i < 0 {
		i = len(r.hits)
		r.hits = append(r.hits, ruleHits{rule: o.rule, failed: failed, announced: o.announced, above: above})
	}
	h := &r.hits[i]
	h.sims = append(h.sims, *s)
	h.above = min(h.above, above)
}

// conflict returns the reason why the SIMs may not move, nil if they may.
func (h *ruleHits) conflict(in *RuleInput) *Conflict {
	switch {
	case h.announced:
		return nil
	case h.failed:
		why := h.rule.Broken
		if why == "" {
			why = "what a condition asks about is not known"
		}
		return &Conflict{RuleFailed, fmt.Sprintf("Rule %s cannot be evaluated, so it refuses: %s", h.rule.ID, why), h.sims, h.rule}
	case h.rule.Effect == RuleWarn:
		return nil
	case h.rule.Effect == RuleApproval:
		if in.Planning || slices.Contains(in.Approved, h.rule.Ref()) {
			return nil
		}
		return &Conflict{ApprovalRequired, h.rule.Message, h.sims, h.rule}
	case in.Planning && h.above > 0:
		return nil
	}
	return &Conflict{h.rule.Code, h.rule.Message, h.sims, h.rule}
}

// finish returns the conflicts of the rules, and the rules that apply without a conflict.
func (r *ruleRun) finish() (conflicts []Conflict, hits []RuleHit) {
	for i := range r.hits {
		h := &r.hits[i]
		if c := h.conflict(r.in); c != nil {
			conflicts = append(conflicts, *c)
			continue
		}
		if h.rule.Broken == "" && !h.failed {
			hits = append(hits, RuleHit{Rule: h.rule, SIMs: len(h.sims), Above: h.above, Announced: h.announced})
		}
	}
	return conflicts, hits
}
