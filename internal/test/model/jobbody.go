package model

import (
	"slices"
	"time"
)

// Words is the value of a text that the model does not predict.
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
	m.showRules(c, j, details)
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
