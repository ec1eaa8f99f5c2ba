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
func (m *Model) CreateJob(bearer int, a JobAsk) Answer {
	need := members
	if a.Path == "sim_status_job" {
		need = writers
	}
	c, no := m.admit(bearer, need)
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
		if _, no := m.admit(bearer, readers); no != nil {
			return *no
		}
		old := m.seenJob(c, a.Of)
		if old == nil {
			return m.noJob(a.Of)
		}
		j.retry(old, a.Body["on_conflict"] != nil)
		if _, no := m.admit(bearer, writers); no != nil && j.kind == "sim_status" {
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
	for _, ref := range asObjects(sel["except"]) {
		id, _ := refID(ref)
		j.parts.except = append(j.parts.except, id)
	}
	j.parts.exceptICCIDs, _ = sel["except_iccids"].([]string)
	_, filtered := sel["filter"]
	_, failed := sel["failed_of"]
	_, did := sel["done_by"]
	return len(j.parts.sims)+len(j.parts.iccids)+len(j.parts.ranges) > 0 || filtered || failed || did
}

func asObjects(v any) []object {
	list, _ := v.([]object)
	return list
}

// checkJob refuses a job that the caller may not create.
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

// moveBack has the source and the target of an undo.
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
