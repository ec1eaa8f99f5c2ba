package fleet

import (
	"slices"
	"time"
)

// Ruling is what the rules of a set decide about a SIM, from the mildest to the strictest.
type Ruling int8

// The rulings. A rule that is not valid yet decides nothing.
const (
	RulingNone Ruling = iota
	RulingWarn
	RulingHold // approval is required
	RulingRefuse
)

// RuleQuestion is what the rules are asked about SIMs with equal facts.
type RuleQuestion struct {
	Source, Target *Workspace
	Status         SIMStatus
	Attached       bool
	Facts          SIMFacts
	Now            time.Time // when the SIMs move
	Request        int       // SIMs of the request, at least 1
	Day            int       // SIMs of the request that day_above counts, at least 1
	Today          int       // SIMs that have left the source before, on the day of Now
}

// AppliedRule is a rule that applies to the SIMs of a question.
type AppliedRule struct {
	Rule      *Rule
	Ruling    Ruling
	Failed    bool // a condition cannot be evaluated, so the rule refuses
	Announced bool // the rule is not valid yet; Ruling is RulingNone
}

// RuleAnswer is the strictest ruling about the SIMs of a question, and the rules that apply.
type RuleAnswer struct {
	Ruling  Ruling
	Applied []AppliedRule
}

// Ask asks the rules that are valid at a time. It evaluates them with the code that plans
// migrations.
func (s *RuleSet) Ask(q *RuleQuestion, valid time.Time) (a RuleAnswer) {
	const id SIMID = 1
	sim := SIMState{ID: id, Status: q.Status, Workspace: q.Source.ID}
	if q.Attached {
		sim.Device = 1
	}
	in := RuleInput{
		Set: s, Now: q.Now, Valid: valid, Request: q.Request, Day: q.Day,
		Facts: map[SIMID]SIMFacts{id: q.Facts}, Today: map[WorkspaceID]int{q.Source.ID: q.Today},
	}
	run := ruleRun{in: &in, target: q.Target, size: 1}
	run.ask(q.Source, &sim)
	conflicts, hits := run.finish()
	for _, c := range conflicts {
		r := AppliedRule{Rule: c.Rule, Ruling: RulingRefuse, Failed: c.Code == RuleFailed}
		if c.Code == ApprovalRequired {
			r.Ruling = RulingHold
		}
		a.Applied = append(a.Applied, r)
	}
	for _, h := range hits {
		r := AppliedRule{Rule: h.Rule, Announced: h.Announced}
		if !h.Announced {
			r.Ruling = RulingWarn
		}
		a.Applied = append(a.Applied, r)
	}
	for _, r := range a.Applied {
		a.Ruling = max(a.Ruling, r.Ruling)
	}
	return a
}

// RuleColumns lists the facts that the conditions of rule sets ask about, beside the Workspaces.
type RuleColumns struct {
	Status, Attached, Model, Issuer, Batch, Moved bool
	Request                                       bool // request_above
}

// Columns returns the facts that any of the sets asks about.
func Columns(sets ...*RuleSet) (c RuleColumns) {
	eachCase(sets, func(r *RuleCase) {
		c.Status = c.Status || r.Status != nil || r.StatusNot != nil
		c.Attached = c.Attached || r.Attached != nil
		c.Model = c.Model || r.Model != nil || r.ModelNot != nil
		c.Issuer = c.Issuer || r.Issuer != nil || r.IssuerNot != nil
		c.Batch = c.Batch || r.Batch != nil || r.BatchNot != nil
		c.Moved = c.Moved || r.MovedWithinDays != nil
		c.Request = c.Request || r.RequestAbove != nil
	})
	return c
}

func eachCase(sets []*RuleSet, do func(*RuleCase)) {
	for _, s := range sets {
		for i := range s.Rules {
			for j := range s.Rules[i].When {
				do(&s.Rules[i].When[j])
			}
		}
	}
}

// ruleClass identifies questions that every rule answers alike.
type ruleClass struct {
	source, target      WorkspaceID
	model               ModelID
	issuer              WorkspaceID
	batch               string
	request, day, moved int16 // how many of the limits are exceeded
	status              SIMStatus
	attached            bool
}

// ruleClasses finds the class of a question. Values that no condition names are one class, and so
// are numbers between the same two limits.
type ruleClasses struct {
	columns               RuleColumns
	models                map[ModelID]bool
	issuers               map[WorkspaceID]bool
	batches               map[string]bool
	requests, days, moved []int // the limits of conditions, ascending
}

func newRuleClasses(sets ...*RuleSet) *ruleClasses {
	c := &ruleClasses{
		columns: Columns(sets...),
		models:  make(map[ModelID]bool), issuers: make(map[WorkspaceID]bool), batches: make(map[string]bool),
	}
	eachCase(sets, func(r *RuleCase) {
		addAll(c.models, r.Model, r.ModelNot)
		addAll(c.issuers, r.Issuer, r.IssuerNot)
		addAll(c.batches, r.Batch, r.BatchNot)
		addLimit(&c.requests, r.RequestAbove)
		addLimit(&c.days, r.DayAbove)
		addLimit(&c.moved, r.MovedWithinDays)
	})
	return c
}

func addAll[T comparable](set map[T]bool, lists ...[]T) {
	for _, v := range slices.Concat(lists...) {
		set[v] = true
	}
}

func addLimit(limits *[]int, limit *int) {
	if limit == nil {
		return
	}
	if i, found := slices.BinarySearch(*limits, *limit); !found {
		*limits = slices.Insert(*limits, i, *limit)
	}
}

// named returns the value if conditions name it, otherwise the zero value.
func named[T comparable](set map[T]bool, value T) (v T) {
	if set[value] {
		return value
	}
	return v
}

// above returns how many limits a number exceeds.
func above(limits []int, n int) int16 {
	i, _ := slices.BinarySearch(limits, n)
	return int16(i)
}

// of returns the class of a question; target is 0 for the class of its SIMs at their source.
func (c *ruleClasses) of(q *RuleQuestion, target WorkspaceID) ruleClass {
	k := ruleClass{
		source: q.Source.ID, target: target,
		model: named(c.models, q.Facts.Model), issuer: named(c.issuers, q.Facts.Issuer), batch: named(c.batches, q.Facts.Batch),
		request: above(c.requests, q.Request), day: above(c.days, q.Today+q.Day),
	}
	if c.columns.Status {
		k.status = q.Status
	}
	if c.columns.Attached {
		k.attached = q.Attached
	}
	if len(c.moved) > 0 && !q.Facts.Moved.IsZero() {
		const day = 24 * time.Hour
		ago := q.Now.Sub(q.Facts.Moved)
		k.moved = 1 // 1 more than the number of limits that are at or below the time since
		for _, days := range c.moved {
			if ago >= time.Duration(days)*day {
				k.moved++
			}
		}
	}
	return k
}

// With returns the set with other rules of the installation, as they would be stored next.
func (s *RuleSet) With(rules []Rule) *RuleSet {
	next := NextRules(s.Of(0), rules, s.Version+1)
	for _, r := range s.Rules {
		if r.Workspace != 0 {
			next = append(next, r)
		}
	}
	return NewRuleSet(s.Version+1, next)
}
