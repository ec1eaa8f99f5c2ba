package fleet

import (
	"time"
)

// Bounds of a WhatIf, so that its memory does not grow with the ledger or the fleet.
const (
	maxWhatIfAnswers = 50_000 // that are kept for questions of the same class
	maxWhatIfPairs   = 20_000 // of source and target, and as many of rule, source and target
	maxWhatIfGroups  = 20_000 // of SIMs of the fleet, until they are judged
)

// PastMigration is a ledger entry with its SIMs, grouped by the facts that rules ask about.
type PastMigration struct {
	ID      MigrationID
	At      time.Time
	SIMs    int
	Request int // SIMs of the request: those of the whole job, if a job wrote the entry
	Groups  []SIMGroup
}

// SIMGroup is a number of SIMs with equal facts. Facts that no rule asks about are zero.
type SIMGroup struct {
	Source, Target WorkspaceID // the target is 0 for SIMs of the fleet
	Status         SIMStatus
	Attached       bool
	Facts          SIMFacts
	SIMs           int
}

// WhatIf compares a candidate rule set with the present one, over past migrations and then over
// the fleet. It asks the rules once for each combination of facts that they distinguish.
type WhatIf struct {
	present, candidate *RuleSet
	now, at            time.Time // when the present and the candidate rules must be valid
	spaces             map[WorkspaceID]*Workspace
	classes            *ruleClasses
	answers            map[ruleClass]*whatIfAnswer
	left               map[int64]map[WorkspaceID]int // SIMs that have left Workspaces, by day
	impacts            map[RuleRef]*RuleImpact
	pairs              map[Pair]*PairEffects
	targets            map[WorkspaceID][]*PairEffects // of each source
	groups             map[ruleClass]*SIMGroup        // of the fleet, not judged yet
	cells              int                            // pairs of all impacts
	turn               int64                          // of the migration or group that is judged now
	result             WhatIfResult
}

// whatIfAnswer is the answer of both rule sets to the questions of one class.
type whatIfAnswer struct {
	present, candidate Ruling
	hits               []whatIfHit
}

type whatIfHit struct {
	impact *RuleImpact
	AppliedRule
}

// NewWhatIf compares the present rules, as they are now, with the candidate rules that are valid
// at a time. Rules that become valid later are announced.
func NewWhatIf(present, candidate *RuleSet, now, at time.Time, spaces []Workspace) *WhatIf {
	w := &WhatIf{
		present: present, candidate: candidate, now: now, at: at,
		spaces:  make(map[WorkspaceID]*Workspace, len(spaces)),
		classes: newRuleClasses(present, candidate),
		answers: make(map[ruleClass]*whatIfAnswer),
		left:    make(map[int64]map[WorkspaceID]int),
		impacts: make(map[RuleRef]*RuleImpact),
		pairs:   make(map[Pair]*PairEffects),
		targets: make(map[WorkspaceID][]*PairEffects),
		groups:  make(map[ruleClass]*SIMGroup),
	}
	for i := range spaces {
		w.spaces[spaces[i].ID] = &spaces[i]
	}
	for i := range candidate.Rules {
		w.impact(&candidate.Rules[i]).Candidate = true
	}
	for i := range present.Rules {
		w.impact(&present.Rules[i]).Present = true
	}
	return w
}

func (w *WhatIf) impact(r *Rule) *RuleImpact {
	ref := r.Ref()
	if w.impacts[ref] == nil {
		w.impacts[ref] = &RuleImpact{Rule: r, pairs: make(map[Pair]*Extent)}
	}
	return w.impacts[ref]
}

// ask returns the answer of both rule sets.
func (w *WhatIf) ask(q *RuleQuestion) *whatIfAnswer {
	class := w.classes.of(q, q.Target.ID)
	if a := w.answers[class]; a != nil {
		return a
	}
	w.result.Evaluated++
	before, after := w.present.Ask(q, w.now), w.candidate.Ask(q, w.at)
	a := &whatIfAnswer{present: before.Ruling, candidate: after.Ruling}
	for _, r := range after.Applied {
		a.hits = append(a.hits, whatIfHit{w.impact(r.Rule), r})
	}
	for _, r := range before.Applied {
		if i := w.impact(r.Rule); !i.Candidate {
			a.hits = append(a.hits, whatIfHit{i, r})
		}
	}
	if len(w.answers) >= maxWhatIfAnswers {
		clear(w.answers)
	}
	w.answers[class] = a
	return a
}

// Past judges a past migration. Migrations come in the order of their ids.
func (w *WhatIf) Past(m *PastMigration) {
	today := w.leftOn(m.At)
	whole := verdicts{}
	pairs := make(map[*PairEffects]*verdicts, 1)
	w.turn++
	for i := range m.Groups {
		g := &m.Groups[i]
		source, target := w.spaces[g.Source], w.spaces[g.Target]
		if source == nil || target == nil {
			continue // made after the start
		}
		a := w.ask(&RuleQuestion{
			Source: source, Target: target, Status: g.Status, Attached: g.Attached, Facts: g.Facts,
			Now: m.At, Request: max(m.Request, 1), Day: max(m.SIMs, 1), Today: today[g.Source],
		})
		whole.include(a)
		sims := Extent{SIMs: g.SIMs}
		w.result.Ledger.add(a.present, a.candidate, sims)
		if p := w.pair(Pair{g.Source, g.Target}, sims); p != nil {
			if pairs[p] == nil {
				pairs[p] = &verdicts{}
			}
			pairs[p].include(a)
			p.Ledger.add(a.present, a.candidate, sims)
			p.Moved.SIMs += g.SIMs
		}
		w.noteHits(a, m, g)
	}
	w.result.Moved.add(Extent{1, m.SIMs})
	w.result.Ledger.add(whole.present, whole.candidate, Extent{Migrations: 1})
	for p, v := range pairs {
		p.Moved.Migrations++
		p.Ledger.add(v.present, v.candidate, Extent{Migrations: 1})
	}
	for i := range m.Groups {
		today[m.Groups[i].Source] += m.Groups[i].SIMs
	}
}

// verdicts are the strictest rulings about SIMs.
type verdicts struct{ present, candidate Ruling }

func (v *verdicts) include(a *whatIfAnswer) {
	v.present, v.candidate = max(v.present, a.present), max(v.candidate, a.candidate)
}

// leftOn returns the number of SIMs that have left each Workspace on a day (UTC). Only the last
// days are kept: ids and times of ledger entries can differ a little in their order.
func (w *WhatIf) leftOn(at time.Time) map[WorkspaceID]int {
	day := at.Unix() / (24 * 60 * 60)
	if w.left[day] == nil {
		for old := range w.left {
			if old < day-1 {
				delete(w.left, old)
			}
		}
		w.left[day] = make(map[WorkspaceID]int)
	}
	return w.left[day]
}

// pair returns the counts of a pair of Workspaces, nil if there are too many pairs.
func (w *WhatIf) pair(k Pair, sims Extent) *PairEffects {
	p := w.pairs[k]
	switch {
	case p != nil:
		return p
	case len(w.pairs) >= maxWhatIfPairs:
		w.result.Untracked += sims.SIMs
		return nil
	}
	p = &PairEffects{Source: *w.spaces[k.Source], Target: *w.spaces[k.Target]}
	w.pairs[k], w.targets[k.Source] = p, append(w.targets[k.Source], p)
	return p
}

// noteHits counts the SIMs of a past migration for each rule that applies to them.
func (w *WhatIf) noteHits(a *whatIfAnswer, m *PastMigration, g *SIMGroup) {
	for _, h := range a.hits {
		i := h.impact
		add := Extent{SIMs: g.SIMs}
		if i.turn != w.turn {
			i.turn, add.Migrations = w.turn, 1
			i.example(RuleExample{Migration: m.ID, At: m.At, Source: g.Source, Target: g.Target})
		}
		i.Examples[len(i.Examples)-1].SIMs += g.SIMs
		i.Ledger.add(add)
		i.Announced = i.Announced || h.Announced
		if h.Failed {
			i.Failed += g.SIMs
		}
		if h.decidesAnew(a) {
			i.New += g.SIMs
		}
		if p := w.cell(i, Pair{g.Source, g.Target}); p != nil {
			p.add(add)
		}
	}
}

// decidesAnew reports whether the rule is a reason why the candidate rules are stricter.
func (h *whatIfHit) decidesAnew(a *whatIfAnswer) bool {
	return h.impact.Candidate && h.Ruling > RulingNone && h.Ruling == a.candidate && a.candidate > a.present
}

func (w *WhatIf) cell(i *RuleImpact, k Pair) *Extent {
	if p := i.pairs[k]; p != nil {
		return p
	}
	if w.cells >= maxWhatIfPairs {
		return nil
	}
	w.cells++
	i.pairs[k] = &Extent{}
	return i.pairs[k]
}

// Fleet adds SIMs of the fleet, after all past migrations.
func (w *WhatIf) Fleet(g SIMGroup) {
	source := w.spaces[g.Source]
	if source == nil {
		return
	}
	if len(w.targets[g.Source]) == 0 {
		w.result.Fleet.Unknown += g.SIMs
		return
	}
	w.result.Fleet.SIMs += g.SIMs
	class := w.classes.of(w.fleetQuestion(source, &g), 0)
	if known := w.groups[class]; known != nil {
		known.SIMs += g.SIMs
		return
	}
	if len(w.groups) >= maxWhatIfGroups {
		w.judgeFleet()
	}
	w.groups[class] = &g
}

// fleetQuestion is about SIMs that move alone, now.
func (w *WhatIf) fleetQuestion(source *Workspace, g *SIMGroup) *RuleQuestion {
	return &RuleQuestion{
		Source: source, Status: g.Status, Attached: g.Attached, Facts: g.Facts,
		Now: w.now, Request: 1, Day: 1, Today: w.leftOn(w.now)[g.Source],
	}
}

// judgeFleet asks about each group of SIMs and each target to which SIMs of its source have moved.
func (w *WhatIf) judgeFleet() {
	for _, g := range w.groups {
		w.turn++
		var seen seenRulings
		stuck := verdicts{RulingRefuse, RulingRefuse}
		q := w.fleetQuestion(w.spaces[g.Source], g)
		for _, p := range w.targets[g.Source] {
			q.Target = &p.Target
			a := w.ask(q)
			stuck.present, stuck.candidate = min(stuck.present, a.present), min(stuck.candidate, a.candidate)
			seen.include(a)
			p.SIMs += g.SIMs
			p.Fleet.add(a.present, a.candidate, Extent{SIMs: g.SIMs})
			w.noteFleetHits(a, g)
		}
		w.result.Fleet.count(&seen, stuck, g.SIMs)
	}
	clear(w.groups)
}

func (w *WhatIf) noteFleetHits(a *whatIfAnswer, g *SIMGroup) {
	for _, h := range a.hits {
		if h.impact.turn != w.turn {
			h.impact.turn = w.turn
			h.impact.Fleet += g.SIMs
			h.impact.Announced = h.impact.Announced || h.Announced
		}
	}
}
