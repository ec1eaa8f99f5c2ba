package model

import (
	"slices"
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
