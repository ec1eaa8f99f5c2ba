package model

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// job is a job with its plan. Users and times are those of the model.
type job struct {
	id        int64
	kind      string // migration, sim_status or undo
	state     string
	details   jobDetails
	user      *user
	workspace int64
	target    int64 // 0 for none
	origin    int64
	options   jobOptions
	note      note
	parts     jobParts
	rows      []*jobRow // by position
	tag       string    // of the plan, as the servers returned it
	hits      []*jobHit
	given     []approval
	done      int // rows that have left the state planned since the plan was made
	wave      int

	created, planned, started, ended, expires time.Time

	next  time.Time // when the next step is due; zero for never
	lease time.Time // no server runs the job until then
}

type jobDetails struct {
	at    time.Time
	by    *user
	why   bool
	waits string
	until time.Time
	wave  int
}

// jobOptions are the options of a job, decoded from its request.
type jobOptions struct {
	auto, skip, activate, detach  bool
	allowed                       []int
	status                        int // of sim_status
	restoreStatus, restoreDevices bool
	notBefore, notAfter           time.Time
	waves                         []jobWave
	gate                          *jobGate
}

type jobWave struct {
	sims, percent int
	pause         time.Duration
	then          bool // the job pauses after the wave
}

type jobGate struct{ percent, least int }

// jobParts is the selection of a job.
type jobParts struct {
	sims      []int64
	iccids    []string
	ranges    [][2]string
	workspace int64 // of a filter, 0 for none
	status    int   // of the filter, -1 for any
	failedOf  *job
	doneBy    *job

	except       []int64
	exceptICCIDs []string
}

// jobRow is a SIM of a job, or a selected id or ICCID that no SIM has.
type jobRow struct {
	pos     int64
	sim     *sim
	given   string
	version int
	source  int64
	home    int64
	verdict string
	codes   []int
	undoes  int64
	entry   int64
}

const (
	planned, done, refused, drifted, absent, unchanged = "planned", "done", "refused", "drifted", "not_found", "unchanged"
)

var verdicts = []string{planned, done, refused, drifted, absent, unchanged}

// count returns how many SIMs have one of the verdicts.
func (j *job) count(verdicts ...string) (n int) {
	for _, r := range j.rows {
		if slices.Contains(verdicts, r.verdict) {
			n++
		}
	}
	return n
}

// over reports whether a job has ended.
func (j *job) over() bool {
	return slices.Contains([]string{"refused", "completed", "completed_with_refusals", "cancelled", "failed", "expired"}, j.state)
}

// set moves a job to a state.
func (m *Model) set(j *job, state string, d jobDetails) {
	d.at = m.now
	j.state, j.details, j.next = state, d, m.now
	switch {
	case j.over():
		j.ended, j.next = m.now, time.Time{}
	case state == "planned":
		j.expires = m.now.Add(24 * time.Hour)
		j.next = j.expires
	case state == "paused":
		j.next = j.options.notAfter
	case state == "waiting" && !d.until.IsZero():
		j.next = d.until
		if end := j.options.notAfter; !end.IsZero() && end.Before(d.until) {
			j.next = end
		}
	}
}

// RunJobs runs the jobs that are due, like the servers: one job after the other, each until it
// waits or ends.
func (m *Model) RunJobs() {
	for {
		var first *job
		for _, j := range m.jobs {
			due := !j.next.IsZero() && !j.next.After(m.now) && !j.lease.After(m.now)
			if due && (first == nil || cmp.Or(j.lease.Compare(first.lease), j.next.Compare(first.next)) < 0) {
				first = j
			}
		}
		if first == nil {
			return
		}
		for m.step(first) {
			if first.next.IsZero() || first.next.After(m.now) {
				break
			}
		}
		first.lease = m.now
	}
}

// step runs the next step of a job, and reports whether the job has changed.
func (m *Model) step(j *job) bool {
	switch j.state {
	case "planning":
		if j.user.status != active {
			m.set(j, "failed", jobDetails{why: true})
			return true
		}
		m.plan(j)
		m.afterPlan(j)
	case "waiting":
		m.begin(j)
	case "running":
		m.chunk(j)
	default:
		return m.expire(j)
	}
	return true
}

func (m *Model) expire(j *job) bool {
	end := j.options.notAfter
	if j.state == "planned" {
		end = j.expires
	}
	if end.IsZero() || m.now.Before(end) {
		return false
	}
	m.set(j, "expired", jobDetails{why: true})
	return true
}

func (m *Model) afterPlan(j *job) {
	j.planned = m.now
	blocked := j.count(refused, absent)
	switch {
	case len(j.rows) == 0, m.tooLarge(j) && !j.options.skip:
		m.set(j, "refused", jobDetails{why: true})
	case !j.options.auto:
		m.set(j, "planned", jobDetails{})
	case blocked > 0 && (!j.options.skip || j.count(planned) == 0):
		m.set(j, "refused", jobDetails{why: true})
	case j.count(planned) == 0:
		m.set(j, "completed", jobDetails{why: true})
	default:
		m.begin(j)
	}
}

func (m *Model) begin(j *job) {
	if m.expire(j) {
		return
	}
	waits := func(why string, until time.Time) {
		at := m.now
		if j.state == "waiting" && j.details.waits == why {
			at = j.details.at
		}
		m.set(j, "waiting", jobDetails{waits: why, until: until, wave: j.details.wave})
		j.details.at = at
	}
	switch {
	case m.unapproved(j):
		switch {
		case j.details.waits != "approval" || j.details.until.IsZero():
			waits("approval", m.now.Add(7*24*time.Hour))
		case m.now.Before(j.details.until):
			waits("approval", j.details.until)
		default:
			m.set(j, "expired", jobDetails{why: true})
		}
	case m.now.Before(j.options.notBefore):
		waits("start_time", j.options.notBefore)
	case j.details.waits == "wave" && m.now.Before(j.details.until):
		waits("wave", j.details.until)
	default:
		m.set(j, "running", jobDetails{by: j.details.by})
		if j.started.IsZero() {
			j.started = m.now
		}
	}
}

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
