package model

import (
	"maps"
	"slices"
)

// mostInChunk is how many SIMs a job moves at once.
const mostInChunk = 500

// chunk moves the next SIMs of a job.
func (m *Model) chunk(j *job) {
	if m.expire(j) {
		return
	}
	end := j.waveEnd()
	if rows := j.nextRows(min(mostInChunk, end-j.done)); len(rows) > 0 {
		m.work(j, rows)
	}
	switch {
	case j.count(planned) == 0 && j.count(refused, drifted, absent) > 0:
		m.set(j, "completed_with_refusals", jobDetails{why: true})
	case j.count(planned) == 0:
		m.set(j, "completed", jobDetails{})
	case j.done >= end:
		m.waveEnded(j)
	}
}

// waveEnd returns how many SIMs are done when the present wave ends.
func (j *job) waveEnd() int {
	all, end := j.done+j.count(planned), 0
	for i, w := range j.options.waves {
		if w.sims > 0 {
			end += w.sims
		} else {
			end = max(end, (all*w.percent+99)/100)
		}
		if i == j.wave {
			return min(end, all)
		}
	}
	return all
}

func (m *Model) waveEnded(j *job) {
	w := j.options.waves[j.wave]
	j.wave++
	d := jobDetails{wave: j.wave, why: true}
	if g := j.options.gate; g != nil {
		switch {
		case j.done == 0 || j.done < g.least:
			m.set(j, "paused", d)
			return
		case (j.done-j.count(done))*100 > g.percent*j.done:
			m.set(j, "failed", d)
			return
		}
	}
	switch {
	case w.then:
		m.set(j, "paused", d)
	case w.pause > 0:
		d.why, d.waits, d.until = false, "wave", m.now.Add(w.pause)
		m.set(j, "waiting", d)
	}
}

// nextRows returns the next planned SIMs; those of one entry in an undo.
func (j *job) nextRows(most int) (rows []*jobRow) {
	for _, r := range j.rows {
		if r.verdict == planned && len(rows) < most {
			rows = append(rows, r)
		}
	}
	if j.kind == "undo" && j.user.status == active {
		for i, r := range rows {
			if r.undoes != rows[0].undoes {
				return rows[:i]
			}
		}
	}
	return rows
}

// work gives each of the rows its last verdict, and moves the SIMs that are as planned.
func (m *Model) work(j *job, rows []*jobRow) {
	for _, r := range rows {
		if j.user.status != active {
			r.refuse(1517)
		}
	}
	if j.kind == "undo" && j.user.status == active && !m.undoFound(j, rows) {
		for _, r := range rows {
			r.refuse(1201)
		}
	}
	m.judgeAgain(j, rows)
	var moving []*jobRow
	for _, r := range rows {
		if r.verdict == planned {
			moving = append(moving, r)
			r.verdict = done
		}
	}
	if len(moving) > 0 {
		map[string]func(*job, []*jobRow){"migration": m.workMigration, "sim_status": m.workStatus, "undo": m.workUndo}[j.kind](j, moving)
	}
	j.done += len(rows)
}

// judgeAgain finds planned SIMs that have changed since the plan, and asks the rules about the
// others.
func (m *Model) judgeAgain(j *job, rows []*jobRow) {
	near := map[int64]bool{j.target: true} // Workspaces that the plan names
	for _, r := range rows {
		near[r.source] = true
	}
	for _, r := range rows {
		if r.verdict != planned {
			continue
		}
		here := m.shown(j.user, r.sim) && (j.kind == "undo" || near[r.sim.now().workspace])
		switch {
		case !here && m.role(j.user, r.source) == 0:
			r.refuse(1504)
		case !here || r.sim.version() != r.version:
			r.verdict = drifted
		default:
			m.judge(j, r, j.askOf())
		}
	}
	if j.kind == "undo" {
		m.judgeUndo(j, rows, j.askOf())
	}
}

// entryOf begins an entry of the ledger that a job writes.
func (j *job) entryOf(kind int, lines []line) *entry {
	return &entry{kind: kind, user: j.user.id, job: j, note: j.note, count: len(lines), lines: lines}
}

func (m *Model) wrote(rows []*jobRow) {
	for _, r := range rows {
		r.entry = int64(len(m.ledger))
	}
}

func simsOf(rows []*jobRow) (list []*sim) {
	for _, r := range rows {
		list = append(list, r.sim)
	}
	return list
}

func (m *Model) workMigration(j *job, rows []*jobRow) {
	e := j.entryOf(1, nil)
	e.by, e.target, e.detach, e.allowed, e.sources = "role", j.target, j.options.detach, j.options.allowed, countBySource(simsOf(rows))
	for _, r := range rows {
		was := r.sim.now()
		next := state{workspace: j.target, status: was.status}
		if was.status == activated && !j.options.activate {
			next.status = suspended
		}
		m.change(r.sim, next)
		e.lines = append(e.lines, line{sim: r.sim, version: r.sim.version()})
	}
	m.plugged(j.creator(), e)
	m.wrote(rows)
	m.moveEvents(e, int64(len(m.ledger)))
}

func (m *Model) workStatus(j *job, rows []*jobRow) {
	e := j.entryOf(2, nil)
	for _, r := range rows {
		next := r.sim.now()
		next.status = j.options.status
		m.change(r.sim, next)
		e.lines = append(e.lines, line{sim: r.sim, version: r.sim.version()})
	}
	m.plugged(j.creator(), e)
	m.wrote(rows)
}

// wayBackOf returns the undo that a job makes for rows of one entry.
func (m *Model) wayBackOf(j *job, rows []*jobRow) (w wayBack) {
	of := rows[0].undoes
	w = wayBack{
		undoing: undoing{of, j.options.restoreStatus, j.options.restoreDevices}, entry: m.ledger[of-1], detach: j.options.detach, note: j.note,
	}
	for _, l := range w.entry.lines {
		if slices.ContainsFunc(rows, func(r *jobRow) bool { return r.sim == l.sim && r.verdict == planned }) {
			w.lines = append(w.lines, l)
			w.homes = append(w.homes, l.before().workspace)
		}
	}
	slices.Sort(w.homes)
	w.homes = slices.Compact(w.homes)
	return w
}

// undoFound reports whether the user who made a job still sees the SIMs of an entry.
func (m *Model) undoFound(j *job, rows []*jobRow) bool {
	e, caller := m.ledger[rows[0].undoes-1], j.creator()
	if !m.mayRead(caller, e) {
		return false
	}
	for _, l := range e.lines {
		named := slices.ContainsFunc(rows, func(r *jobRow) bool { return r.sim == l.sim })
		if named && !m.belongs(caller, e.target) && !m.belongs(caller, l.before().workspace) {
			return false
		}
	}
	return true
}

// judgeUndo applies the rules to the planned SIMs of an undo, one entry after the other.
func (m *Model) judgeUndo(j *job, rows []*jobRow, a ruleAsk) {
	for from := 0; from < len(rows); {
		until := from
		for until < len(rows) && rows[until].undoes == rows[from].undoes {
			until++
		}
		same := rows[from:until]
		from = until
		if !m.undoFound(j, same) {
			for _, r := range same {
				r.codes, r.source, r.home, r.version = []int{1201}, 0, 0, 0
				r.verdict = refused
			}
			continue
		}
		w := m.wayBackOf(j, same)
		if len(w.lines) == 0 {
			continue
		}
		if len(m.unseen(j.creator(), w)) > 0 {
			for _, r := range same {
				if r.verdict == planned {
					r.refuse(1201)
				}
			}
			continue
		}
		codes := map[int64][]int{}
		for _, group := range m.against(j.user, w, a) {
			g := group.(object)                   //nolint:errcheck,forcetypeassert // undoGroups made it
			for _, s := range g["sims"].([]any) { //nolint:errcheck,forcetypeassert // likewise
				id := s.(object)["id"].(int64)                       //nolint:errcheck,forcetypeassert // likewise
				codes[id] = append(codes[id], g["error_code"].(int)) //nolint:errcheck,forcetypeassert // likewise
			}
		}
		for _, r := range same {
			if r.verdict == planned {
				r.refuse(codes[r.sim.id]...)
			}
		}
		if a.planning {
			m.noteUndoHits(j, w, same)
		}
	}
}

// noteUndoHits adds the rules that apply to the planned SIMs of an undo of one entry.
func (m *Model) noteUndoHits(j *job, w wayBack, rows []*jobRow) {
	for _, home := range w.homes {
		var sims []*sim
		for _, l := range w.lines {
			moves := slices.ContainsFunc(rows, func(r *jobRow) bool { return r.sim == l.sim && r.verdict == planned })
			if moves && l.before().workspace == home {
				sims = append(sims, l.sim)
			}
		}
		m.noteHits(j, home, sims)
	}
}

func (m *Model) workUndo(j *job, rows []*jobRow) {
	for _, r := range rows {
		r.verdict = planned // for wayBackOf
	}
	w := m.wayBackOf(j, rows)
	for _, ws := range w.homes {
		u := w.undoing
		e := j.entryOf(1, nil)
		e.target, e.detach, e.by, e.undo = ws, w.detach, "role", &u
		var back []*jobRow
		for _, l := range w.lines {
			if l.before().workspace == ws {
				m.change(l.sim, w.after(l))
				e.lines = append(e.lines, line{sim: l.sim, version: l.sim.version()})
				back = append(back, rows[slices.IndexFunc(rows, func(r *jobRow) bool { return r.sim == l.sim })])
			}
		}
		e.sources = []source{{w.entry.target, len(e.lines)}}
		m.plugged(j.creator(), e)
		m.wrote(back)
		m.moveEvents(e, int64(len(m.ledger)))
	}
	for _, r := range rows {
		r.verdict = done
	}
}

// sides returns the Workspaces that a job concerns.
func (j *job) sides() []int64 {
	all := map[int64]bool{j.target: true}
	for _, r := range j.rows {
		all[r.source], all[r.home] = true, true
	}
	delete(all, 0)
	return slices.Sorted(maps.Keys(all))
}
