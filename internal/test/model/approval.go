package model

import (
	"slices"
	"time"
)

// jobHit is a rule that applies to planned SIMs of a job without refusing them.
type jobHit struct {
	rule      *rule
	announced bool
	above     int
	sims      int
}

// approval is one user's approval of a plan.
type approval struct {
	user    *user
	at      time.Time
	sources []int64
}

// noteHits adds the rules that apply to planned SIMs of a job.
func (m *Model) noteHits(j *job, target int64, sims []*sim) {
	a := ruleAsk{planning: true}
	for _, h := range m.hits(target, sims, a) {
		if code, _ := h.refusal(a); code != 0 || h.failed {
			continue
		}
		i := slices.IndexFunc(j.hits, func(k *jobHit) bool { return k.rule.same(h.rule) })
		if i < 0 {
			i = len(j.hits)
			j.hits = append(j.hits, &jobHit{h.rule, h.announced, h.above, 0})
		}
		j.hits[i].sims += len(h.sims)
		j.hits[i].above = min(j.hits[i].above, h.above)
	}
}

// size returns how many SIMs request_above counts.
func sizeOf(rows []*jobRow) (n int) {
	for _, r := range rows {
		if r.verdict != absent {
			n++
		}
	}
	return n
}

// askOf returns what rules are evaluated with when SIMs of a job are moved.
func (j *job) askOf() ruleAsk {
	a := ruleAsk{request: sizeOf(j.rows)}
	for _, h := range j.hits {
		if h.rule.effect == "require_approval" {
			a.approved = append(a.approved, h.rule)
		}
	}
	return a
}

// applies reports whether a rule applies to a job now.
func (m *Model) applies(j *job, h *jobHit) bool {
	return sizeOf(j.rows) > h.above && (!h.announced || !m.now.Before(h.rule.from))
}

// tooLarge reports whether a rule refuses the job because of its size.
func (m *Model) tooLarge(j *job) bool {
	return slices.ContainsFunc(j.hits, func(h *jobHit) bool { return h.rule.effect == "refuse" && h.above > 0 && m.applies(j, h) })
}

// plannedSources returns the Workspaces whose SIMs a plan moves.
func (j *job) plannedSources() (sources []int64) {
	for _, r := range j.rows {
		if r.verdict == planned && r.source != 0 && !slices.Contains(sources, r.source) {
			sources = append(sources, r.source)
		}
	}
	return sources
}

// unapproved reports whether the plan of a job lacks an approval: so many users who are still
// Administrators must have approved it for each source.
func (m *Model) unapproved(j *job) bool {
	needed := 0
	for _, h := range j.hits {
		if h.rule.effect == "require_approval" && m.applies(j, h) {
			needed = max(needed, h.rule.approvers)
		}
	}
	if needed == 0 {
		return false
	}
	return slices.ContainsFunc(j.plannedSources(), func(source int64) bool {
		n := 0
		for _, a := range j.given {
			if a.user != j.user && slices.Contains(a.sources, source) && m.administers(a.user, source) {
				n++
			}
		}
		return n < needed
	})
}

// decide models approve and reject.
func (m *Model) decideJob(c caller, j *job, do, match string) Answer {
	var mine []int64
	for _, source := range j.plannedSources() {
		if m.administers(c.user, source) {
			mine = append(mine, source)
		}
	}
	switch {
	case j.user == c.user, len(mine) == 0:
		return forbidden()
	case j.state != "waiting" || j.details.waits != "approval":
		return inUse()
	case do == "reject":
		m.set(j, "cancelled", jobDetails{by: c.user, why: true})
		return m.jobAnswer(c, j)
	case match == "":
		return badRequest()
	case match != j.tag:
		return refusal(412, 4120, "PreconditionFailed")
	}
	j.given = append(slices.DeleteFunc(j.given, func(a approval) bool { return a.user == c.user }), approval{c.user, m.now, mine})
	d := jobDetails{by: c.user, why: true}
	at := m.now
	if m.unapproved(j) {
		at, d.waits, d.until = j.details.at, "approval", j.details.until
	}
	m.set(j, "waiting", d)
	j.details.at = at
	if j.lease.Before(m.now) {
		j.lease = m.now
	}
	return m.jobAnswer(c, j)
}

// showRules adds to the state of a job the approvals that it needs and has, and the warnings. Rules
// for larger jobs are left out if the caller sees fewer SIMs.
func (m *Model) showRules(c caller, j *job, details object) {
	size := sizeOf(m.seenRows(c, j))
	rules, warnings, given := []any{}, []any{}, []any{}
	approvers := 0
	for _, h := range j.hits {
		if size <= h.above {
			continue
		}
		shown := h.rule.warning(h.announced, h.sims)
		if h.rule.effect == "require_approval" {
			rules = append(rules, shown)
			approvers = max(approvers, h.rule.approvers)
		}
		if h.rule.effect == "warn" || h.announced {
			warnings = append(warnings, shown)
		}
	}
	for _, a := range j.given {
		given = append(given, object{"user": object{"id": a.user.id, "name": a.user.username}, "at": resourceTime(a.at)})
	}
	if len(rules) > 0 {
		details["approval"] = object{"approvers": approvers, "rules": rules, "given": given}
	}
	if len(warnings) > 0 {
		details["warnings"] = warnings
	}
}

// AwaitingApproval returns jobs that wait for an approval which a caller may give.
func (m *Model) AwaitingApproval(bearer int) (ids []int64) {
	c, no := m.authenticate(bearer)
	if no != nil || c.user == nil {
		return nil
	}
	for _, j := range slices.Backward(m.jobs) {
		mine := slices.ContainsFunc(j.plannedSources(), func(ws int64) bool { return m.administers(c.user, ws) })
		if j.state == "waiting" && j.details.waits == "approval" && j.user != c.user && mine && len(ids) < 4 {
			ids = append(ids, j.id)
		}
	}
	return ids
}
