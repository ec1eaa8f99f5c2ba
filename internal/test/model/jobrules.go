package model

import (
	"slices"
)

// judge applies the rules to a planned SIM of a job that is not an undo.
func (m *Model) judge(j *job, r *jobRow, a ruleAsk) {
	switch j.kind {
	case "sim_status":
		at := r.sim.now()
		role := m.role(j.user, at.workspace)
		switch {
		case role == 0 || role == observer:
			r.refuse(1104)
		case at.status == j.options.status:
			r.verdict = unchanged
		case !validTransition(at.status, j.options.status):
			r.refuse(1503)
		}
	case "migration":
		r.refuse(m.reasons(j, r.sim, a)...)
	}
}

func (r *jobRow) refuse(codes ...int) {
	if len(codes) > 0 {
		r.verdict, r.codes = refused, codes
	}
}

// reasons returns every rule of a migration that a SIM of a job breaks.
func (m *Model) reasons(j *job, s *sim, a ruleAsk) (codes []int) {
	target, at := m.workspaces[j.target], s.now()
	if !m.administers(j.user, j.target) {
		return []int{1518}
	}
	for _, rule := range []struct {
		code   int
		broken bool
	}{
		{1502, at.device != 0 && !j.options.detach},
		{1503, j.options.allowed != nil && !slices.Contains(j.options.allowed, at.status)},
		{1504, !m.administers(j.user, at.workspace)},
		{1505, (m.workspaces[at.workspace].country == "BR") != (target.country == "BR")},
		{1506, at.workspace == j.target},
		{1508, target.kind != enterprise},
		{1509, target.suspended},
		{1513, s.offer != 0},
	} {
		if rule.broken {
			codes = append(codes, rule.code)
		}
	}
	for _, h := range m.hits(j.target, []*sim{s}, a) {
		if code, _ := h.refusal(a); code != 0 {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// atHome sets the Workspace to which a SIM returns.
func (m *Model) atHome(j *job, r *jobRow) {
	e := m.ledger[r.undoes-1]
	for _, l := range e.lines {
		if l.sim == r.sim && (m.belongs(j.creator(), e.target) || m.belongs(j.creator(), l.before().workspace)) {
			r.home = l.before().workspace
		}
	}
}
