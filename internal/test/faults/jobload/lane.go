package jobload

import (
	"context"
	cryptorand "crypto/rand"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/rest"
)

// path is the address of the jobs.
const path = "/api/v1/migration_job"

// job is a job that a lane wants, and the responses about it.
type job struct {
	lane   int
	what   string // migration, undo or status
	sims   []int64
	target int64 // of a migration; 0 if it can have several, as in an undo
	id     int64 // 0 until it is acknowledged
	state  string

	cancelled bool // the lane may have cancelled it
	doneAtEnd int  // SIMs that were done when the cancellation was acknowledged; -1 if unknown
}

// lane makes one job after the other over its own SIMs.
type lane struct {
	load   *Load
	number int
	random *rand.Rand

	contested bool    // another user moves single SIMs of this lane
	homes     []int64 // the Workspaces that its SIMs are in: two after a cancelled job
	whole     *job    // the last job, if it has moved every SIM out of one Workspace
	before    int64   // that Workspace
}

// seenJob is what a lane reads of a job.
type seenJob struct {
	ID     int64  `json:"id"`
	State  string `json:"state"`
	Counts []struct {
		Verdict string `json:"verdict"`
		Count   int    `json:"count"`
	} `json:"counts"`
}

// done counts the SIMs that are done.
func (s seenJob) done() int {
	for _, c := range s.Counts {
		if c.Verdict == "done" {
			return c.Count
		}
	}
	return 0
}

var endStates = []string{"completed", "completed_with_refusals", "cancelled", "failed", "refused", "expired"}

func (l *lane) run(ctx context.Context) {
	for ctx.Err() == nil && !l.load.closing.Load() {
		j, where, body := l.draw()
		l.load.add(j)
		r, ok := l.load.jobs.Settle(ctx, l.random, http.MethodPost, where, body, cryptorand.Text())
		if !ok {
			return
		}
		var s seenJob
		if r.Status != http.StatusCreated || json.Unmarshal(r.Body, &s) != nil {
			l.load.addAnomaly("I12: %s of lane %d was answered %d: %.300s", j.what, l.number, r.Status, r.Body)
			return
		}
		l.load.update(func() { j.id = s.ID })
		if !l.follow(ctx, j) {
			return
		}
		l.ended(j)
	}
}

// draw chooses the next job.
func (l *lane) draw() (j *job, where, body string) {
	first := int64(firstSIM + l.number*laneSIMs)
	j = &job{lane: l.number, what: "migration", doneAtEnd: -1}
	for sim := range int64(laneSIMs) {
		j.sims = append(j.sims, first+sim)
	}
	if whole := l.whole; whole != nil && l.random.IntN(4) == 0 {
		j.what = "undo"
		return j, fmt.Sprintf("%s/%d/undo", path, whole.id), `{"dry_run": false}`
	}
	options := `"dry_run": false` + l.waves()
	if l.contested {
		options += `, "on_conflict": "skip"`
	}
	if l.whole != nil && activated(l.number) && l.random.IntN(6) == 0 { // SIMs that have moved are suspended
		j.what = "status"
		return j, "/api/v1/sim_status_job", fmt.Sprintf(`{"status": {"id": %d}, "select": %s, %s}`, fleet.SIMActivated, l.selection(first), options)
	}
	away := slices.DeleteFunc(slices.Clone(workspaces[:]), func(w int64) bool { return slices.Contains(l.homes, w) })
	j.target = away[l.random.IntN(len(away))]
	return j, path, fmt.Sprintf(`{"target_workspace": {"id": %d}, "select": %s, %s}`, j.target, l.selection(first), options)
}

// selection names the SIMs in one of three ways, some of them twice.
func (l *lane) selection(first int64) string {
	last := first + laneSIMs - 1
	ranged := fmt.Sprintf(`"iccid_ranges": [{"start": %q, "end": %q}]`, iccid(first), iccid(last))
	switch l.random.IntN(3) {
	case 0:
		return "{" + ranged + "}"
	case 1:
		var some []string
		for range 20 {
			some = append(some, fmt.Sprintf(`{"id": %d}`, first+l.random.Int64N(laneSIMs)))
		}
		return `{"sims": [` + strings.Join(some, ",") + `], ` + ranged + "}"
	}
	var all []string
	for sim := first; sim <= last; sim++ {
		all = append(all, `"`+iccid(sim)+`"`)
	}
	return `{"iccids": [` + strings.Join(all, ",") + `]}`
}

// waves cuts a job into small chunks, so that it has many transactions.
func (l *lane) waves() string {
	if l.random.IntN(4) == 0 {
		return ""
	}
	size := 10 + l.random.IntN(30)
	waves := strings.Repeat(fmt.Sprintf(`{"sims": %d},`, size), min(laneSIMs/size, 90))
	return `, "waves": [` + strings.TrimSuffix(waves, ",") + `]`
}

// follow reads a job until it has ended, and pauses, resumes or cancels it on the way. It returns
// false if ctx ends before.
func (l *lane) follow(ctx context.Context, j *job) bool {
	url := fmt.Sprintf("%s/%d", path, j.id)
	for n := 0; ctx.Err() == nil; n++ {
		s, ok := l.readJob(ctx, url)
		if !ok {
			return false
		}
		switch {
		case slices.Contains(endStates, s.State):
			l.load.update(func() { j.state = s.State })
			l.load.ended.Add(1)
			return true
		case s.State == "paused":
			l.settleAction(ctx, url+"/resume")
		case l.load.closing.Load():
		case l.load.acts && l.random.IntN(6) == 0:
			l.pause(ctx, url)
		case l.load.acts && len(l.homes) == 1 && j.what == "migration" && l.random.IntN(6) == 0:
			l.cancel(ctx, j, url)
		}
		faults.Pause(ctx, rest.Between)
	}
	return false
}

// readJob reads a job.
func (l *lane) readJob(ctx context.Context, url string) (s seenJob, ok bool) {
	var r rest.Outcome
	for !ok {
		if ctx.Err() != nil {
			return s, false
		}
		l.load.reading.RLock()
		r = l.load.jobs.Send(context.WithoutCancel(ctx), l.random, http.MethodGet, url, "", "")
		l.load.reading.RUnlock()
		if ok = r.Settled(); !ok {
			faults.Pause(ctx, rest.Between)
		}
	}
	if r.Status != http.StatusOK || json.Unmarshal(r.Body, &s) != nil {
		l.load.addAnomaly("I5: %s was acknowledged, and reading it is answered %d: %.200s", url, r.Status, r.Body)
		return s, false
	}
	return s, true
}

// settleAction does something with a job; it may be refused because the job is elsewhere by now.
func (l *lane) settleAction(ctx context.Context, url string) (s seenJob, done bool) {
	r, ok := l.load.jobs.Settle(ctx, l.random, http.MethodPost, url, "", cryptorand.Text())
	if !ok || r.Status == http.StatusConflict {
		return s, false
	}
	if r.Status != http.StatusOK || json.Unmarshal(r.Body, &s) != nil {
		l.load.addAnomaly("%s was answered %d: %.200s", url, r.Status, r.Body)
		return s, false
	}
	l.load.actions.Add(1)
	return s, true
}

// pause pauses a job and checks that it does not change until it is resumed.
func (l *lane) pause(ctx context.Context, url string) {
	s, done := l.settleAction(ctx, url+"/pause")
	for range 3 {
		if !done {
			return
		}
		var now seenJob
		if now, done = l.readJob(ctx, url); done && (now.State != "paused" || now.done() != s.done()) {
			l.load.addAnomaly("I15: %s was paused with %d SIMs done, and is %s with %d", url, s.done(), now.State, now.done())
		}
	}
}

// cancel cancels a job. What is done then is all that will be done.
func (l *lane) cancel(ctx context.Context, j *job, url string) {
	l.load.update(func() { j.cancelled = true })
	if s, done := l.settleAction(ctx, url+"/cancel"); done {
		l.load.update(func() { j.doneAtEnd = s.done() })
	}
}

// ended records where the SIMs of the lane are now.
func (l *lane) ended(j *job) {
	l.whole = nil
	switch {
	case l.contested || j.what == "status": // an undo of what came before would find changed SIMs
	case j.what == "undo":
		l.homes = []int64{l.before}
	case j.state != "completed": // cancelled on the way
		l.homes = append(slices.Clone(l.homes), j.target)
	default:
		if len(l.homes) == 1 {
			l.whole, l.before = j, l.homes[0]
		}
		l.homes = []int64{j.target}
	}
}
