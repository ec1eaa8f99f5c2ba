package model

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
)

// plan gives every selected SIM its verdict.
func (m *Model) plan(j *job) {
	m.planNamed(j)
	for _, r := range j.parts.ranges {
		var found []*jobRow
		for _, id := range slices.Sorted(maps.Keys(m.sims)) {
			if s := m.sims[id]; r[0] <= s.iccid && s.iccid <= r[1] && m.shown(j.user, s) {
				found = append(found, &jobRow{pos: id, sim: s})
			}
		}
		m.freeze(j, found)
	}
	if ws := j.parts.workspace; ws != 0 {
		var found []*jobRow
		for id, s := range m.sims {
			at := s.now()
			if at.workspace == ws && (j.parts.status < 0 || at.status == j.parts.status) && m.shown(j.user, s) {
				found = append(found, &jobRow{pos: id, sim: s})
			}
		}
		slices.SortFunc(found, func(a, b *jobRow) int { return cmp.Compare(a.pos, b.pos) })
		m.freeze(j, found)
	}
	if of := j.parts.failedOf; of != nil {
		m.freeze(j, m.failedOf(j, of))
	}
	if of := j.parts.doneBy; of != nil {
		m.freeze(j, m.doneBy(j, of))
	}
}

// doneBy returns rows for the SIMs that another job has changed.
func (m *Model) doneBy(j, of *job) (found []*jobRow) {
	for _, r := range of.rows {
		if r.verdict != done || !m.seesRow(j.creator(), of, r) {
			continue
		}
		row := &jobRow{pos: r.pos, sim: r.sim}
		if j.kind == "undo" {
			row.pos, row.undoes = -r.pos, r.entry
		}
		found = append(found, row)
	}
	return found
}

// planNamed plans SIMs that are selected by id or ICCID.
func (m *Model) planNamed(j *job) {
	var found []*jobRow
	for _, id := range j.parts.sims {
		found = append(found, &jobRow{pos: id, sim: m.sims[id], given: number(id)})
	}
	m.freeze(j, found)
	found = nil
	for _, iccid := range j.parts.iccids {
		row := &jobRow{sim: m.simWith(iccid), given: iccid}
		if row.sim != nil {
			row.pos = row.sim.id
		}
		found = append(found, row)
	}
	m.freeze(j, found)
}

// failedOf returns rows for the SIMs that another job has not changed.
func (m *Model) failedOf(j, of *job) (found []*jobRow) {
	for _, r := range of.rows {
		if !slices.Contains([]string{planned, refused, drifted, absent}, r.verdict) || !m.seesRow(j.creator(), of, r) {
			continue
		}
		row := &jobRow{pos: r.pos, sim: r.sim, given: r.given, undoes: r.undoes}
		if r.sim == nil && len(r.given) == 19 {
			if row.sim = m.simWith(r.given); row.sim != nil {
				row.pos = row.sim.id
			}
		} else if r.sim == nil {
			row.pos, _ = strconv.ParseInt(r.given, 10, 64)
			row.sim = m.sims[row.pos]
		}
		found = append(found, row)
	}
	return found
}

// creator returns the creator of a job as a caller who reads.
func (j *job) creator() caller { return caller{user: j.user, workspace: j.workspace} }

// shown reports whether a SIM is visible to a user.
func (m *Model) shown(u *user, s *sim) bool {
	return s != nil && s.now().status != deleted && m.role(u, s.now().workspace) != 0
}

// freeze adds rows to the plan of a job. A SIM that is selected twice keeps its first row.
func (m *Model) freeze(j *job, rows []*jobRow) {
	for _, r := range rows {
		r.verdict = planned
		if r.undoes != 0 {
			m.atHome(j, r)
		}
		switch {
		case m.shown(j.user, r.sim):
			r.version, r.source, r.given = r.sim.version(), r.sim.now().workspace, ""
			m.judge(j, r, ruleAsk{planning: true})
		case r.given == "":
			r.verdict = absent
		default:
			r.sim, r.verdict, r.pos = nil, absent, placeOf(r.given)
		}
	}
	switch j.kind {
	case "undo":
		m.judgeUndo(j, rows, ruleAsk{planning: true})
	case "migration":
		m.noteHits(j, j.target, stillPlanned(rows))
	}
	for _, r := range slices.DeleteFunc(rows, j.leavesOut) {
		if !slices.ContainsFunc(j.rows, func(o *jobRow) bool { return o.pos == r.pos }) {
			j.rows = append(j.rows, r)
		}
	}
	slices.SortFunc(j.rows, func(a, b *jobRow) int { return cmp.Compare(a.pos, b.pos) })
}

func stillPlanned(rows []*jobRow) (sims []*sim) {
	for _, r := range rows {
		if r.verdict == planned {
			sims = append(sims, r.sim)
		}
	}
	return sims
}

// leavesOut reports whether the request excludes the SIM of a row.
func (j *job) leavesOut(r *jobRow) bool {
	switch {
	case r.given != "":
		id, _ := strconv.ParseInt(r.given, 10, 64)
		return slices.Contains(j.parts.exceptICCIDs, r.given) || slices.Contains(j.parts.except, id)
	case r.verdict != absent && slices.Contains(j.parts.exceptICCIDs, r.sim.iccid):
		return true
	}
	return slices.Contains(j.parts.except, r.sim.id)
}

// placeOf returns the position of a selected SIM that does not exist: before all others.
func placeOf(given string) int64 {
	n, _ := strconv.ParseInt(given, 10, 64)
	if n <= 0 {
		return -(math.MaxInt64 - 1 + n)
	}
	return -n
}
