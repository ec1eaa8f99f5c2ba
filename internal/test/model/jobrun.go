package model

import (
	"cmp"
	"time"
)

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
