package fleet

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// What a result of a WhatIf shows at most.
const (
	maxWhatIfShown  = 100 // pairs
	maxRulePairs    = 10  // pairs of each rule
	maxRuleExamples = 5   // ledger entries of each rule
)

// Extent is a number of migrations and of SIMs.
type Extent struct{ Migrations, SIMs int }

func (e *Extent) add(more Extent) {
	e.Migrations += more.Migrations
	e.SIMs += more.SIMs
}

// Effects counts migrations and SIMs by ruling. New is what the candidate rules decide otherwise:
// newly warned about, held or refused; RulingNone is what is newly allowed, perhaps with a
// warning.
type Effects struct{ Present, Candidate, New [4]Extent }

func (e *Effects) add(present, candidate Ruling, x Extent) {
	e.Present[present].add(x)
	e.Candidate[candidate].add(x)
	for r, is := range newly(present, candidate) {
		if is {
			e.New[r].add(x)
		}
	}
}

// newly returns what the candidate rules decide otherwise than the present ones.
func newly(present, candidate Ruling) (is [4]bool) {
	is[RulingNone] = present >= RulingHold && candidate < RulingHold
	if candidate > RulingNone {
		is[candidate] = candidate != present
	}
	return is
}

// Pair is a source and a target.
type Pair struct{ Source, Target WorkspaceID }

// PairEffects is what the rules decide about SIMs of a source that move to a target.
type PairEffects struct {
	Source, Target Workspace
	Moved          Extent  // the past migrations that were judged
	Ledger         Effects // of those
	SIMs           int     // of the source, now
	Fleet          Effects // of those
}

// RuleExample is a past migration that a rule applies to, and the number of those SIMs.
type RuleExample struct {
	Migration      MigrationID
	At             time.Time
	Source, Target WorkspaceID // of the first such SIMs
	SIMs           int
}

// RuleImpact is what one rule applies to.
type RuleImpact struct {
	Rule               *Rule
	Present, Candidate bool // the rule sets that have it, in this version
	Announced          bool // it was not valid yet: it would apply
	Ledger             Extent
	Failed             int // SIMs of Ledger for which it cannot be evaluated
	New                int // SIMs of Ledger for which it makes the decision stricter than it is now
	Fleet              int // SIMs to which it applies for at least one known target
	Examples           []RuleExample
	Pairs              []RulePair // of Ledger: those with the most SIMs
	PairsLeftOut       int
	pairs              map[Pair]*Extent
	turn               int64
}

// RulePair is what a rule applies to between two Workspaces.
type RulePair struct {
	Source, Target Workspace
	Extent
}

// example keeps the newest examples.
func (i *RuleImpact) example(e RuleExample) {
	if len(i.Examples) == maxRuleExamples {
		i.Examples = slices.Delete(i.Examples, 0, 1)
	}
	i.Examples = append(i.Examples, e)
}

// seenRulings are the rulings about SIMs for at least one target.
type seenRulings struct{ present, candidate, fresh [4]bool }

func (s *seenRulings) include(a *whatIfAnswer) {
	s.present[a.present], s.candidate[a.candidate] = true, true
	for r, is := range newly(a.present, a.candidate) {
		s.fresh[r] = s.fresh[r] || is
	}
}

// FleetEffects counts SIMs of the fleet, each moved alone to each target that its Workspace has
// moved SIMs to. A SIM counts for a ruling if it applies for at least one of these targets.
type FleetEffects struct {
	SIMs    int // in Workspaces with known targets
	Unknown int // in Workspaces without: they are not judged
	Effects
	Stuck Stuck
}

// Stuck counts SIMs that are refused for every known target.
type Stuck struct{ Present, Candidate, New, Freed int }

func (f *FleetEffects) count(s *seenRulings, least verdicts, sims int) {
	for r := range s.present {
		for _, c := range []struct {
			is bool
			to *Extent
		}{{s.present[r], &f.Present[r]}, {s.candidate[r], &f.Candidate[r]}, {s.fresh[r], &f.New[r]}} {
			if c.is {
				c.to.SIMs += sims
			}
		}
	}
	before, after := least.present == RulingRefuse, least.candidate == RulingRefuse
	for _, c := range []struct {
		is bool
		to *int
	}{{before, &f.Stuck.Present}, {after, &f.Stuck.Candidate}, {after && !before, &f.Stuck.New}, {before && !after, &f.Stuck.Freed}} {
		if c.is {
			*c.to += sims
		}
	}
}

// WhatIfResult is the result of a WhatIf.
type WhatIfResult struct {
	RuleSet      int64     // the version of the present rules
	Since, Until time.Time // the past migrations
	At           time.Time // when the candidate rules must be valid
	Moved        Extent
	Ledger       Effects
	Fleet        FleetEffects
	Rules        []*RuleImpact
	Pairs        []*PairEffects // those with the most changes
	PairsLeftOut int
	Untracked    int // SIMs of past migrations that count in the totals only: there are too many pairs
	Evaluated    int // how often both rule sets were evaluated
	Today        []string
}

// Result ends the comparison.
func (w *WhatIf) Result() WhatIfResult {
	w.judgeFleet()
	r := w.result
	r.RuleSet, r.At, r.Today = w.present.Version, w.at, w.judgedToday()
	for _, i := range w.impacts {
		if i.Candidate || i.Rule.Workspace == 0 || i.Ledger.SIMs > 0 || i.Fleet > 0 {
			i.finish(w.spaces)
			r.Rules = append(r.Rules, i)
		}
	}
	slices.SortFunc(r.Rules, func(a, b *RuleImpact) int {
		return cmp.Or(cmp.Compare(a.Rule.Workspace, b.Rule.Workspace), cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.Rule.Version, b.Rule.Version))
	})
	r.Pairs = slices.SortedFunc(maps.Values(w.pairs), func(a, b *PairEffects) int {
		return cmp.Or(cmp.Compare(b.weight(), a.weight()), cmp.Compare(b.Moved.SIMs, a.Moved.SIMs),
			cmp.Compare(a.Source.ID, b.Source.ID), cmp.Compare(a.Target.ID, b.Target.ID))
	})
	if len(r.Pairs) > maxWhatIfShown {
		r.Pairs, r.PairsLeftOut = r.Pairs[:maxWhatIfShown], len(r.Pairs)-maxWhatIfShown
	}
	return r
}

// weight orders pairs by what the candidate rules change.
func (p *PairEffects) weight() (sims int) {
	for r := range p.Ledger.New {
		sims += p.Ledger.New[r].SIMs + p.Fleet.New[r].SIMs
	}
	return sims
}

func (i *RuleImpact) finish(spaces map[WorkspaceID]*Workspace) {
	for k, x := range i.pairs {
		i.Pairs = append(i.Pairs, RulePair{*spaces[k.Source], *spaces[k.Target], *x})
	}
	slices.SortFunc(i.Pairs, func(a, b RulePair) int {
		return cmp.Or(cmp.Compare(b.SIMs, a.SIMs), cmp.Compare(a.Source.ID, b.Source.ID), cmp.Compare(a.Target.ID, b.Target.ID))
	})
	if len(i.Pairs) > maxRulePairs {
		i.Pairs, i.PairsLeftOut = i.Pairs[:maxRulePairs], len(i.Pairs)-maxRulePairs
	}
}

// judgedToday names the facts about past migrations that the ledger does not have, of those that
// conditions ask about: they were judged by their value now.
func (w *WhatIf) judgedToday() (facts []string) {
	c := w.classes.columns
	var countries, types bool
	eachCase([]*RuleSet{w.present, w.candidate}, func(r *RuleCase) {
		countries = countries || r.SourceCountry != nil || r.SourceCountryNot != nil || r.TargetCountry != nil || r.TargetCountryNot != nil || r.SameCountry != nil
		types = types || r.SourceType != nil || r.SourceTypeNot != nil || r.TargetType != nil || r.TargetTypeNot != nil
	})
	for _, f := range []struct {
		asked bool
		name  string
	}{
		{countries, "countries of Workspaces"}, {types, "types of Workspaces"},
		{c.Model, "models of SIMs"}, {c.Issuer, "issuers of SIMs"}, {c.Batch, "batches of SIMs"},
	} {
		if f.asked {
			facts = append(facts, f.name)
		}
	}
	return facts
}
