package httpx

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

// WhatIfBody encodes the result of a what-if, for the operator API and the command.
func WhatIfBody(r fleet.WhatIfResult) wire.WhatIf {
	out := wire.WhatIf{
		RuleSet: r.RuleSet, Since: wire.NewTime(r.Since), Until: wire.NewTime(r.Until), At: wire.NewTime(r.At),
		JudgedByTodayValue: r.Today, Ledger: pastBody(r.Moved, &r.Ledger),
		Fleet: wire.WhatIfFleet{
			WhatIfSIMs: simsBody(r.Fleet.SIMs, &r.Fleet.Effects), NotJudged: r.Fleet.Unknown, Stuck: wire.WhatIfStuck(r.Fleet.Stuck),
		},
		Rules: make([]wire.WhatIfRule, len(r.Rules)), Pairs: make([]wire.WhatIfPair, len(r.Pairs)),
		PairsLeftOut: r.PairsLeftOut, UntrackedSIMs: r.Untracked,
	}
	if out.JudgedByTodayValue == nil {
		out.JudgedByTodayValue = []string{}
	}
	for i, rule := range r.Rules {
		out.Rules[i] = impactBody(rule)
	}
	for i, p := range r.Pairs {
		out.Pairs[i] = wire.WhatIfPair{
			Source: spaceBody(p.Source), Target: spaceBody(p.Target),
			Ledger: pastBody(p.Moved, &p.Ledger), Fleet: simsBody(p.SIMs, &p.Fleet),
		}
	}
	return out
}

func spaceBody(w fleet.Workspace) wire.NamedRef { return wire.NamedRef{ID: int64(w.ID), Name: w.Name} }

func rulingsBody(by [4]fleet.Extent) wire.WhatIfRulings {
	return wire.WhatIfRulings{
		Refused: wire.WhatIfExtent(by[fleet.RulingRefuse]), Held: wire.WhatIfExtent(by[fleet.RulingHold]), Warned: wire.WhatIfExtent(by[fleet.RulingWarn]),
	}
}

func pastBody(all fleet.Extent, e *fleet.Effects) wire.WhatIfLedger {
	return wire.WhatIfLedger{
		WhatIfExtent: wire.WhatIfExtent(all), Present: rulingsBody(e.Present), Candidate: rulingsBody(e.Candidate),
		New: wire.WhatIfChanges{WhatIfRulings: rulingsBody(e.New), Allowed: wire.WhatIfExtent(e.New[fleet.RulingNone])},
	}
}

func countsBody(by [4]fleet.Extent) wire.WhatIfCounts {
	return wire.WhatIfCounts{Refused: by[fleet.RulingRefuse].SIMs, Held: by[fleet.RulingHold].SIMs, Warned: by[fleet.RulingWarn].SIMs}
}

func simsBody(sims int, e *fleet.Effects) wire.WhatIfSIMs {
	return wire.WhatIfSIMs{
		SIMs: sims, Present: countsBody(e.Present), Candidate: countsBody(e.Candidate),
		New: wire.WhatIfNewCounts{WhatIfCounts: countsBody(e.New), Allowed: e.New[fleet.RulingNone].SIMs},
	}
}

func impactBody(i *fleet.RuleImpact) wire.WhatIfRule {
	out := wire.WhatIfRule{
		ID: i.Rule.ID, Version: i.Rule.Version, Effect: string(i.Rule.Effect), In: "both", Announced: i.Announced,
		Ledger: wire.WhatIfExtent(i.Ledger), FailedSIMs: i.Failed, StricterSIMs: i.New, FleetSIMs: i.Fleet,
		Examples: []wire.WhatIfExample{}, Pairs: []wire.WhatIfRulePair{}, PairsLeftOut: i.PairsLeftOut,
	}
	switch {
	case !i.Present:
		out.In = "candidate"
	case !i.Candidate:
		out.In = "present"
	}
	if i.Rule.Workspace != 0 {
		owner := wire.RefTo(int64(i.Rule.Workspace))
		out.Workspace = &owner
	}
	for _, e := range i.Examples {
		out.Examples = append(out.Examples, wire.WhatIfExample{
			Migration: wire.RefTo(int64(e.Migration)), Timestamp: wire.NewTime(e.At), SIMs: e.SIMs,
			Source: wire.RefTo(int64(e.Source)), Target: wire.RefTo(int64(e.Target)),
		})
	}
	for _, p := range i.Pairs {
		out.Pairs = append(out.Pairs, wire.WhatIfRulePair{Source: spaceBody(p.Source), Target: spaceBody(p.Target), WhatIfExtent: wire.WhatIfExtent(p.Extent)})
	}
	return out
}
