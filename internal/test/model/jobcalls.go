package model

import (
	"slices"
)

// seenJob returns a job that a caller may see, nil for none.
func (m *Model) seenJob(c caller, id int64) *job {
	if id < 1 || id > int64(len(m.jobs)) {
		return nil
	}
	if j := m.jobs[id-1]; m.seesJob(c, j) {
		return j
	}
	return nil
}

func (m *Model) noJob(id int64) Answer { return notFound("job with id " + number(id) + " not found") }

func (m *Model) seesJob(c caller, j *job) bool {
	if c.user != nil && (c.user.super || c.user == j.user) {
		return true
	}
	return slices.ContainsFunc(j.sides(), func(ws int64) bool { return m.belongs(c, ws) })
}

// seesRow reports whether a caller sees a SIM of a job.
func (m *Model) seesRow(c caller, j *job, r *jobRow) bool {
	moves := r.verdict == planned || r.verdict == done || r.verdict == drifted
	return c.user != nil && c.user.super || r.source != 0 && m.belongs(c, r.source) || r.source == 0 && c.user == j.user && c.user != nil ||
		moves && (j.target != 0 && m.belongs(c, j.target) || r.home != 0 && m.belongs(c, r.home))
}

func (m *Model) seenRows(c caller, j *job) (rows []*jobRow) {
	for _, r := range j.rows {
		if m.seesRow(c, j, r) {
			rows = append(rows, r)
		}
	}
	return rows
}

// JobAct models start, pause, resume and cancel.
func (m *Model) JobAct(bearer int, id int64, do, match string) Answer {
	c, no := m.admit(bearer, members)
	if no != nil {
		return *no
	}
	j := m.seenJob(c, id)
	if j == nil {
		return m.noJob(id)
	}
	if do == "approve" || do == "reject" {
		return m.decideJob(c, j, do, match)
	}
	sides := []int64{j.target}
	if do == "pause" || do == "cancel" {
		for _, r := range m.seenRows(c, j) {
			sides = append(sides, r.source, r.home)
		}
	}
	if j.user != c.user && !slices.ContainsFunc(sides, func(ws int64) bool { return m.administers(c.user, ws) }) {
		return forbidden()
	}
	from := map[string][]string{
		"start": {"planned"}, "pause": {"waiting", "running"}, "resume": {"paused"}, "cancel": {"planning", "planned", "waiting", "running", "paused"},
	}[do]
	if !slices.Contains(from, j.state) {
		return inUse()
	}
	if no := j.mayStart(match); do == "start" && no != nil {
		return *no
	}
	to := map[string]string{"start": "waiting", "pause": "paused", "resume": "waiting", "cancel": "cancelled"}[do]
	m.set(j, to, jobDetails{by: c.user, why: true})
	if j.lease.Before(m.now) {
		j.lease = m.now
	}
	return m.jobAnswer(c, j)
}

func (j *job) mayStart(match string) *Answer {
	var no Answer
	switch {
	case match == "":
		no = badRequest()
	case match != j.tag:
		no = refusal(412, 4120, "PreconditionFailed")
	case j.count(refused, absent) > 0 && !j.options.skip || j.count(planned) == 0:
		no = inUse()
	default:
		return nil
	}
	return &no
}

// GetJob models GET /api/v1/migration_job/{id}.
func (m *Model) GetJob(bearer int, id int64) Answer {
	c, no := m.admit(bearer, readers)
	if no != nil {
		return *no
	}
	j := m.seenJob(c, id)
	if j == nil {
		return m.noJob(id)
	}
	return m.jobAnswer(c, j)
}

// WatchJob models the stream of a job that has ended.
func (m *Model) WatchJob(bearer int, id int64) Answer {
	a := m.GetJob(bearer, id)
	if a.Status == 200 {
		return Answer{Status: 200, Alike: true}
	}
	return a
}

var jobListing = listing{
	fields:     map[string]kind{"id": whole, "state": text, "kind": text, "user": whole, "target_workspace": wholeOrNull, "reference": text},
	unsorted:   []string{"state", "kind", "user", "target_workspace", "reference"},
	descending: true, perPage: 100, most: 1000,
}

// ListJobs models GET /api/v1/migration_job.
func (m *Model) ListJobs(bearer int, q Query) Answer {
	c, no := m.admit(bearer, readers)
	if no != nil {
		return *no
	}
	var rows []row
	for _, j := range m.jobs {
		if m.seesJob(c, j) {
			rows = append(rows, row{map[string]any{
				"id": j.id, "state": j.state, "kind": j.kind, "user": j.user.id, "target_workspace": orNone(j.target), "reference": j.note.reference,
			}, func() object { return m.jobBody(c, j) }})
		}
	}
	return jobListing.page(rows, q)
}

var jobSIMListing = listing{
	fields: map[string]kind{"id": whole, "verdict": text}, unsorted: []string{"verdict"}, perPage: 1000, most: 2500,
}

// ListJobSIMs models GET /api/v1/migration_job/{id}/sim.
func (m *Model) ListJobSIMs(bearer int, id int64, q Query) Answer {
	c, no := m.admit(bearer, readers)
	if no != nil {
		return *no
	}
	for _, f := range q.Filters {
		if slices.ContainsFunc(f.Values, func(v string) bool { return !slices.Contains(verdicts, v) }) {
			return refusal(422, 1301, "InvalidQueryCriteria")
		}
	}
	j := m.seenJob(c, id)
	if j == nil {
		return m.noJob(id)
	}
	var rows []row
	for _, r := range m.seenRows(c, j) {
		rows = append(rows, row{map[string]any{"id": r.pos, "verdict": r.verdict}, func() object { return m.jobRowBody(r) }})
	}
	return jobSIMListing.page(rows, q)
}

// TagOf records the entity tag of a job's plan, and reports whether it is plausible.
func (m *Model) TagOf(id int64, tag string) bool {
	if id < 1 || id > int64(len(m.jobs)) {
		return true
	}
	j := m.jobs[id-1]
	fine := j.tag == tag || j.tag == "" && tag != "" && !j.planned.IsZero()
	j.tag = tag
	return fine
}

// JobTag returns the entity tag of a job's plan.
func (m *Model) JobTag(id int64) string {
	if id < 1 || id > int64(len(m.jobs)) {
		return ""
	}
	return m.jobs[id-1].tag
}

// SeenJobs returns the newest jobs that a caller may see in one of the states, the newest first;
// nil means any state.
func (m *Model) SeenJobs(bearer int, states ...string) (ids []int64) {
	c, no := m.authenticate(bearer)
	if no != nil {
		return nil
	}
	const few = 5
	for i := len(m.jobs) - 1; i >= 0 && len(ids) < few; i-- {
		if j := m.jobs[i]; m.seesJob(c, j) && (states == nil || slices.Contains(states, j.state)) {
			ids = append(ids, j.id)
		}
	}
	return ids
}

// Ended reports whether a job has ended, or does not exist.
func (m *Model) Ended(id int64) bool {
	return id < 1 || id > int64(len(m.jobs)) || m.jobs[id-1].over()
}

// JobStates returns the states of all jobs.
func (m *Model) JobStates() (states []string) {
	for _, j := range m.jobs {
		states = append(states, j.state)
	}
	return states
}

// Jobs returns how many jobs there are.
func (m *Model) Jobs() int { return len(m.jobs) }
