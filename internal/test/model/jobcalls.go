package model

import (
	"cmp"
	"slices"
	"time"
)

// JobAsk is a request for a job. Body has Go's own types; times are texts.
type JobAsk struct {
	Path string // migration_job, sim_status_job, or the operation on an earlier job: retry or undo
	Of   int64  // the earlier job
	Body object
}

// CreateJob models the four operations that make a job.
func (m *Model) CreateJob(h int, a JobAsk) Answer {
	need := anyUser
	if a.Path == "sim_status_job" {
		need = writers
	}
	c, no := m.admit(h, need)
	if no != nil {
		return *no
	}
	j := &job{user: c.user, workspace: c.workspace, parts: jobParts{status: -1}}
	if !j.read(a) {
		return badRequest()
	}
	if c.user == nil {
		return forbidden()
	}
	if a.Path == "retry" {
		if _, no := m.admit(h, readers); no != nil {
			return *no
		}
		old := m.seenJob(c, a.Of)
		if old == nil {
			return m.noJob(a.Of)
		}
		j.retry(old, a.Body["on_conflict"] != nil)
		if _, no := m.admit(h, writers); no != nil && j.kind == "sim_status" {
			return *no
		}
	}
	if no := m.checkJob(c, j, a); no != nil {
		return *no
	}
	if end := j.options.notAfter; !end.IsZero() && !m.now.Before(end) {
		return badRequest()
	}
	j.id = int64(len(m.jobs) + 1)
	j.created, j.lease = m.now, m.now
	m.jobs = append(m.jobs, j)
	m.set(j, "planning", jobDetails{by: j.user})
	a201 := m.jobAnswer(c, j)
	a201.Status = 201
	return a201.with("Location", "/api/v1/migration_job/"+number(j.id))
}

// retry takes over what a retry has of the earlier job.
func (j *job) retry(old *job, given bool) {
	mine := j.options
	j.kind, j.target, j.origin, j.options = old.kind, old.target, old.id, old.options
	j.options.auto, j.options.notBefore, j.options.notAfter = mine.auto, mine.notBefore, mine.notAfter
	if given {
		j.options.skip = mine.skip
	}
	j.parts.failedOf = old
}

// read understands the body of a request for a job.
func (j *job) read(a JobAsk) bool {
	o := &j.options
	fine := j.readTimes(a.Body)
	n, short := noteOf(a.Body)
	j.note = n
	j.readWaves(a.Body)
	said := func(name string, usual bool) bool {
		if v, is := a.Body[name].(bool); is {
			return v
		}
		return usual
	}
	o.detach = said("auto_detach_devices", false)
	switch a.Path {
	case "migration_job":
		j.kind = "migration"
		target, given := refID(a.Body["target_workspace"])
		j.target = target
		var w wanted
		fine = fine && given && w.statuses(a.Body["allowed_sim_statuses"])
		o.allowed = w.allowed
		landing, _ := a.Body["landing"].(object)
		o.activate = landing["status"] == "activate"
	case "sim_status_job":
		j.kind = "sim_status"
		status, _ := refID(a.Body["status"])
		o.status = int(status)
		fine = fine && (status == activated || status == suspended)
	case "undo":
		j.kind, j.origin = "undo", a.Of
		o.restoreStatus, o.restoreDevices = said("restore_status", true), said("restore_devices", true)
		return fine && short
	case "retry":
		return fine && short
	}
	return fine && short && j.readSelection(a.Body["select"])
}

// readTimes understands what every request for a job may have.
func (j *job) readTimes(body object) (fine bool) {
	o := &j.options
	o.auto, o.skip, fine = body["dry_run"] == false, body["on_conflict"] == "skip", true
	for name, at := range map[string]*time.Time{"not_before": &o.notBefore, "not_after": &o.notAfter} {
		if said, is := body[name].(string); is {
			var err error
			*at, err = time.Parse(time.RFC3339, said)
			fine = fine && err == nil
		}
	}
	return fine && (o.notAfter.IsZero() || o.notBefore.Before(o.notAfter))
}

func (j *job) readWaves(body object) {
	waves, _ := body["waves"].([]object)
	for _, w := range waves {
		one := jobWave{}
		one.sims, _ = w["sims"].(int)
		one.percent, _ = w["percent"].(int)
		pause, _ := w["pause_seconds"].(int)
		one.pause, one.then = time.Duration(pause)*time.Second, w["then"] == "pause"
		j.options.waves = append(j.options.waves, one)
	}
	if g, is := body["gate"].(object); is {
		j.options.gate = &jobGate{}
		j.options.gate.percent, _ = g["max_refused_percent"].(int)
		j.options.gate.least, _ = g["min_sims"].(int)
	}
}

// readSelection understands what a job selects. The earlier jobs of failed_of and done_by follow in
// checkJob.
func (j *job) readSelection(v any) bool {
	sel, _ := v.(object)
	for _, ref := range asObjects(sel["sims"]) {
		if id, _ := refID(ref); !slices.Contains(j.parts.sims, id) {
			j.parts.sims = append(j.parts.sims, id)
		}
	}
	iccids, _ := sel["iccids"].([]string)
	for _, iccid := range iccids {
		if !nineteenDigits(iccid) {
			return false
		}
		if !slices.Contains(j.parts.iccids, iccid) {
			j.parts.iccids = append(j.parts.iccids, iccid)
		}
	}
	for _, r := range asObjects(sel["iccid_ranges"]) {
		start, _ := r["start"].(string)
		end, _ := r["end"].(string)
		if !nineteenDigits(start) || !nineteenDigits(end) || end < start {
			return false
		}
		j.parts.ranges = append(j.parts.ranges, [2]string{start, end})
	}
	_, filtered := sel["filter"]
	_, failed := sel["failed_of"]
	_, did := sel["done_by"]
	return len(j.parts.sims)+len(j.parts.iccids)+len(j.parts.ranges) > 0 || filtered || failed || did
}

func asObjects(v any) []object {
	list, _ := v.([]object)
	return list
}

// checkJob refuses what the caller may not ask for.
func (m *Model) checkJob(c caller, j *job, a JobAsk) *Answer {
	missing := func(ws int64) *Answer { no := notFound("workspace with id " + number(ws) + " not found"); return &no }
	if j.kind == "migration" && !m.administers(c.user, j.target) {
		return missing(j.target)
	}
	sel, _ := a.Body["select"].(object)
	if f, is := sel["filter"].(object); is && a.Path != "retry" && a.Path != "undo" {
		ws, _ := refID(f["workspace"])
		if m.role(c.user, ws) == 0 {
			return missing(ws)
		}
		j.parts.workspace = ws
		if q, _ := f["q"].(string); q != "" {
			j.parts.status = int(q[len(q)-1] - '0')
		}
	}
	earlier := []struct {
		id   int64
		said bool
		into **job
	}{{j.origin, a.Path == "retry", &j.parts.failedOf}, {a.Of, a.Path == "undo", &j.parts.doneBy}}
	for name, into := range map[string]**job{"failed_of": &j.parts.failedOf, "done_by": &j.parts.doneBy} {
		if id, is := refID(sel[name]); is {
			earlier = append(earlier, struct {
				id   int64
				said bool
				into **job
			}{id, true, into})
		}
	}
	for _, e := range earlier {
		if !e.said {
			continue
		}
		old := m.seenJob(c, e.id)
		if old == nil {
			no := m.noJob(e.id)
			return &no
		}
		*e.into = old
		if no := m.mayContinue(c, j, old, e.into == &j.parts.doneBy); no != nil {
			return no
		}
	}
	return nil
}

// mayContinue refuses an earlier job that cannot be retried or undone, or not by the caller.
func (m *Model) mayContinue(c caller, j, old *job, did bool) *Answer {
	if !old.over() || did && j.kind == "undo" && old.kind == "sim_status" || !did && (old.kind == "undo") != (j.kind == "undo") {
		no := inUse()
		return &no
	}
	if j.kind != "undo" {
		return nil
	}
	return m.mayUndo(c, m.movesBack(c, old, did))
}

// moveBack is where an undo takes SIMs from, and where they go.
type moveBack struct{ from, to int64 }

// movesBack returns the moves that an undo of a job, or the retry of an undo, would make.
func (m *Model) movesBack(c caller, old *job, did bool) (moves []moveBack) {
	seen := m.seenRows(c, old)
	slices.SortStableFunc(seen, func(x, y *jobRow) int { return cmp.Or(cmp.Compare(x.source, y.source), cmp.Compare(x.home, y.home)) })
	for _, r := range seen {
		back := moveBack{r.source, r.home}
		switch {
		case did != (r.verdict == done):
			continue
		case did && old.kind == "undo":
			back = moveBack{r.home, r.source}
		case did:
			back = moveBack{old.target, r.source}
		}
		if back.from != 0 && back.to != 0 {
			moves = append(moves, back)
		}
	}
	return moves
}

// mayUndo refuses a caller who could make none of the moves.
func (m *Model) mayUndo(c caller, moves []moveBack) *Answer {
	fine := func(v moveBack) bool { return m.administers(c.user, v.from) && m.administers(c.user, v.to) }
	if len(moves) == 0 || slices.ContainsFunc(moves, fine) {
		return nil
	}
	no := forbidden()
	if m.role(c.user, moves[0].from) == 0 {
		no = notFound("workspace with id " + number(moves[0].from) + " not found")
	}
	for _, v := range slices.Backward(moves) {
		if !m.administers(c.user, v.to) {
			no = notFound("workspace with id " + number(v.to) + " not found")
		}
	}
	return &no
}

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
func (m *Model) JobAct(h int, id int64, do, match string) Answer {
	c, no := m.admit(h, anyUser)
	if no != nil {
		return *no
	}
	j := m.seenJob(c, id)
	if j == nil {
		return m.noJob(id)
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
func (m *Model) GetJob(h int, id int64) Answer {
	c, no := m.admit(h, readers)
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
func (m *Model) WatchJob(h int, id int64) Answer {
	a := m.GetJob(h, id)
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
func (m *Model) ListJobs(h int, q Query) Answer {
	c, no := m.admit(h, readers)
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
func (m *Model) ListJobSIMs(h int, id int64, q Query) Answer {
	c, no := m.admit(h, readers)
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

// Words stands for a text that the model leaves open.
const Words = "words"

func (m *Model) jobRowBody(r *jobRow) object {
	body := object{"verdict": r.verdict}
	if r.given != "" {
		body["identifier"] = r.given
	}
	if r.sim != nil {
		body["id"], body["iccid"], body["iccid_with_luhn"] = r.sim.id, r.sim.iccid, withLuhn(r.sim.iccid)
	}
	var errors []any
	for _, code := range r.codes {
		errors = append(errors, object{"error_code": code, "message": Words})
	}
	if errors != nil {
		body["errors"] = errors
	}
	if r.source != 0 {
		body["source_workspace"] = m.workspaceRef(r.source)
	}
	if r.entry != 0 {
		body["migration"] = object{"id": r.entry}
	}
	return body
}

func (m *Model) jobAnswer(c caller, j *job) Answer {
	return ok(m.jobBody(c, j)).with("ETag", j.tag)
}

func jobTime(body object, name string, t time.Time) {
	if !t.IsZero() {
		body[name] = resourceTime(t)
	}
}

func (m *Model) jobBody(c caller, j *job) object {
	o, d := j.options, j.details
	details := object{"state": j.state, "at": resourceTime(d.at)}
	jobTime(details, "until", d.until)
	if d.by != nil {
		details["user"] = object{"id": d.by.id, "name": d.by.username}
	}
	if d.why {
		details["why"] = Words
	}
	if d.waits != "" {
		details["waiting_for"] = d.waits
	}
	if d.wave != 0 {
		details["wave"] = d.wave
	}
	body := object{
		"id": j.id, "kind": j.kind, "state": j.state, "status_details": details, "dry_run": !o.auto,
		"user": object{"id": j.user.id, "name": j.user.username}, "target_workspace": nil, "auto_detach_devices": o.detach, "on_conflict": "stop",
	}
	if o.skip {
		body["on_conflict"] = "skip"
	}
	for name, t := range map[string]time.Time{
		"not_before": o.notBefore, "not_after": o.notAfter, "created_at": j.created, "planned_at": j.planned, "started_at": j.started,
		"ended_at": j.ended, "expires_at": j.expires,
	} {
		jobTime(body, name, t)
	}
	if o.allowed != nil {
		body["allowed_sim_statuses"] = allowedRefs(o.allowed)
	}
	if j.wave != 0 {
		body["wave"] = j.wave
	}
	j.note.show(body)
	j.showWaves(body)
	m.showKind(j, body)
	m.showCounts(c, j, body)
	return body
}

func (j *job) showWaves(body object) {
	var waves []any
	for _, w := range j.options.waves {
		one := object{}
		if w.sims != 0 {
			one["sims"] = w.sims
		}
		if w.percent != 0 {
			one["percent"] = w.percent
		}
		if w.pause != 0 {
			one["pause_seconds"] = int(w.pause / time.Second)
		}
		if w.then {
			one["then"] = "pause"
		}
		waves = append(waves, one)
	}
	if waves != nil {
		body["waves"] = waves
	}
	if g := j.options.gate; g != nil {
		gate := object{"max_refused_percent": g.percent}
		if g.least != 0 {
			gate["min_sims"] = g.least
		}
		body["gate"] = gate
	}
}

func (m *Model) showKind(j *job, body object) {
	if j.origin != 0 && j.parts.failedOf != nil {
		body["retries"] = object{"id": j.origin}
	}
	if j.origin != 0 && j.kind == "undo" {
		delete(body, "retries")
		body["undoes"] = object{"id": j.origin}
	}
	switch j.kind {
	case "migration":
		body["target_workspace"] = m.workspaceRef(j.target)
		body["landing"] = object{"status": map[bool]string{false: "contract", true: "activate"}[j.options.activate]}
	case "sim_status":
		body["status"] = statusRef(j.options.status)
	case "undo":
		body["restore_status"], body["restore_devices"] = j.options.restoreStatus, j.options.restoreDevices
	}
}

func (m *Model) showCounts(c caller, j *job, body object) {
	rows := m.seenRows(c, j)
	sources, counts := []any{}, []any{}
	var from []int64
	for _, r := range rows {
		if r.source != 0 {
			from = append(from, r.source)
		}
	}
	slices.Sort(from)
	for _, ws := range slices.Compact(from) {
		sources = append(sources, m.workspaceRef(ws))
	}
	for _, v := range verdicts {
		n := 0
		for _, r := range rows {
			if r.verdict == v {
				n++
			}
		}
		if n > 0 {
			counts = append(counts, object{"verdict": v, "count": n})
		}
	}
	body["source_workspaces"], body["counts"], body["sim_count"] = sources, counts, len(rows)
}

// TagOf notes the entity tag of a job's plan, and reports whether it can be so.
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
func (m *Model) SeenJobs(h int, states ...string) (ids []int64) {
	c, no := m.who(h)
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
