package model

import (
	"fmt"
	"slices"
)

// Patch is a PATCH of a SIM.
type Patch struct {
	SIM         int64
	Status      int    // -1 if the body has none
	Owner       *int64 // customer_org, nil if the body has none
	Stock       bool   // customer_org is null
	Malformed   bool
	Key         string
	Fingerprint string // of the body
}

// PatchSIM models PATCH /api/v1/sim/{id}.
func (m *Model) PatchSIM(bearer int, p Patch) Answer {
	c, refused := m.admit(bearer, writers)
	if refused != nil {
		return *refused
	}
	if _, known := simStatusNames[p.Status]; p.Malformed || !known && p.Status >= 0 {
		return badRequest()
	}
	fingerprint := number(p.SIM) + p.Fingerprint
	key := keptKey{c.id(), c.app, c.workspace, "sim.patch", p.Key}
	if stored := m.kept[key]; p.Key != "" && stored != nil {
		return m.replay(stored, fingerprint, func() *Answer { return m.mayReplayPatch(c, stored) })
	}
	answer, e := m.patch(c, p)
	if p.Key != "" && (answer.Status == 204 || answer.Status == 409) {
		m.kept[key] = &keptAnswer{fingerprint: fingerprint, answer: answer, entry: e}
	}
	return answer.with("Idempotent-Replayed", "")
}

func (m *Model) patch(c caller, p Patch) (Answer, *entry) {
	s, no := m.visibleSIM(c, p.SIM)
	if no != nil {
		return *no, nil
	}
	was := s.now()
	target := was.workspace
	switch {
	case p.Stock:
		target = s.issuer
	case p.Owner != nil:
		target = *p.Owner
	}
	moving := target != was.workspace
	if moving && (s.issuer != c.workspace && s.reseller != c.workspace || !m.mayAssign(c)) {
		return forbidden(), nil
	}
	asks := p.Status >= 0 && p.Status != was.status
	if asks && !validTransition(was.status, p.Status) {
		return badRequest(), nil
	}
	answer := Answer{Status: 204}.with("Location", "")
	var e *entry
	if moving {
		if answer, e = m.assign(c, s, target); e == nil {
			return answer, nil
		}
	}
	if asks && validTransition(s.now().status, p.Status) {
		m.setStatus(c, s, p.Status)
	}
	return answer, e
}

// mayAssign reports whether the caller is an Administrator or a program of a Workspace that is
// not an enterprise.
func (m *Model) mayAssign(c caller) bool {
	return m.workspaces[c.workspace].kind != enterprise && (c.user == nil || m.administers(c.user, c.workspace))
}

func (m *Model) mayReplayPatch(c caller, stored *keptAnswer) *Answer {
	if stored.entry == nil && stored.answer.Status != 409 || m.mayAssign(c) {
		return nil
	}
	no := forbidden()
	return &no
}

// assign moves one SIM on behalf of its issuer or reseller: to a child, or back to the issuer.
func (m *Model) assign(c caller, s *sim, target int64) (Answer, *entry) {
	stock := target == s.issuer
	child := m.workspaces[target] != nil && m.workspaces[target].parent == c.workspace
	if !stock && target != c.workspace && !child {
		return allMissing([]string{"workspace with id " + number(target) + " not found"}), nil
	}
	w := wanted{target: target, ids: []int64{s.id}, stock: stock}
	if groups := m.conflicts(w, []*sim{s}, func(int64) bool { return true }); len(groups) > 0 {
		return against(groups), nil
	}
	e := m.move(c, "issuer", w, found{sims: []*sim{s}})
	return Answer{Status: 204}.with("Location", fmt.Sprintf("/api/v1/migration/%d", len(m.ledger))), e
}

// Deletion is a DELETE of SIMs.
type Deletion struct {
	SIMs      []int64
	Multi     bool
	Malformed bool
	Key       string
}

// DeleteSIMs models DELETE /api/v1/sim/{id}, or /api/v1/sim/multi.
func (m *Model) DeleteSIMs(bearer int, d Deletion) Answer {
	c, refused := m.admit(bearer, writers)
	if refused != nil {
		return *refused
	}
	var ids []int64
	for _, id := range d.SIMs {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if d.Malformed || len(ids) == 0 {
		return badRequest()
	}
	operation := map[bool]string{false: "sim.delete", true: "sim.delete.multi"}[d.Multi]
	key := keptKey{c.id(), c.app, c.workspace, operation, d.Key}
	if stored := m.kept[key]; d.Key != "" && stored != nil {
		return m.replay(stored, fmt.Sprint(ids), func() *Answer { return nil })
	}
	answer := m.delete(c, ids)
	if d.Key != "" && (answer.Status == 204 || answer.Status == 409) {
		m.kept[key] = &keptAnswer{fingerprint: fmt.Sprint(ids), answer: answer}
	}
	return answer.with("Idempotent-Replayed", "")
}

func (m *Model) delete(c caller, ids []int64) Answer {
	var sims []*sim
	var missing []string
	attached := false
	for _, id := range ids {
		s, no := m.visibleSIM(c, id)
		if no != nil {
			missing = append(missing, "sim with id "+number(id)+" not found")
			continue
		}
		sims = append(sims, s)
		attached = attached || s.now().device != 0
	}
	switch {
	case len(missing) > 0 && len(ids) > 1:
		return allMissing(missing)
	case len(missing) > 0:
		return notFound(missing[0])
	case attached:
		return refusal(409, 1406, "NotAllowed")
	}
	slices.SortFunc(sims, func(a, b *sim) int { return int(a.id - b.id) })
	e := &entry{kind: 5, user: c.id(), app: c.app, count: len(sims)}
	id := m.write(e)
	for _, s := range sims {
		next := s.now()
		next.status = deleted
		m.change(s, next)
		e.lines = append(e.lines, line{sim: s, version: s.version()})
		m.statusEvents(e.lines[len(e.lines)-1], c.id(), id)
	}
	return Answer{Status: 204}
}
