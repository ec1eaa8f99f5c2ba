package model_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/test/model"
)

const jobPaths = "/api/v1/migration_job"

// createJob creates a job, mostly of SIMs that the caller may move.
func (p *pair) createJob() {
	bearer := p.mover()
	a := model.JobAsk{Path: "migration_job", Body: object{}}
	target := p.target(bearer)
	if p.chance(4, "status job") {
		a.Path = "sim_status_job"
		a.Body["status"] = ref(pick(p, []int64{1, 2, 1, 2, 1, 2, 0, 9}, "status"))
	} else {
		a.Body["target_workspace"] = ref(target)
		p.landing(a.Body)
	}
	a.Body["select"] = p.jobSelection(bearer, target)
	p.jobTimes(a.Body)
	p.sendJob("create job", bearer, a)
}

// landing draws the options that only a migration has.
func (p *pair) landing(body object) {
	if !p.chance(6, "detach unsaid") {
		body["auto_detach_devices"] = !p.chance(6, "no detach")
	}
	if p.chance(8, "allowed") {
		body["allowed_sim_statuses"] = refs(some(p, []int64{0, 1, 2, 4, 1, 2, 0, 9}, 1, 4, "statuses"))
	}
	if p.chance(4, "landing") {
		body["landing"] = object{"status": pick(p, []string{"activate", "contract"}, "status")}
	}
}

// jobSelection draws one or two forms of selection.
func (p *pair) jobSelection(bearer int, target int64) object {
	sel := object{}
	for range 1 + p.index(2, "forms") {
		switch p.index(12, "form") {
		case 0:
			sel["iccids"] = some(p, someICCIDs, 1, 5, "iccids")
		case 1:
			sel["iccid_ranges"] = []object{{"start": "8988303000000000250", "end": pick(p, []string{"8988303000000000252", "8988303000000000290", "8988303000000000249"}, "end")}}
		case 2:
			sel["filter"] = object{"workspace": ref(pick(p, []int64{200, 300, 400, 500, 200, 999}, "of")), "q": pick(p, []string{"", "status:1", "status:2"}, "q")}
		case 3:
			sel[pick(p, []string{"failed_of", "done_by"}, "earlier")] = ref(p.someJob(bearer))
		case 4:
			sel["sims"] = refs(some(p, someSIMs, 1, 8, "any sims"))
		case 5:
			if p.chance(3, "nothing") {
				return object{"iccids": some(p, badICCIDs, 0, 1, "bad iccids")}
			}
		default:
			ids := p.model.Movable(bearer, target, 60)
			if len(ids) == 0 {
				ids = someSIMs
			}
			sel["sims"] = refs(some(p, ids, 1, 12, "movable"))
		}
	}
	if len(sel) == 0 {
		sel["sims"] = refs(some(p, someSIMs, 1, 3, "sims"))
	}
	p.exceptions(sel)
	return sel
}

// exceptions draws what a selection leaves out.
func (p *pair) exceptions(sel object) {
	if p.chance(6, "except") {
		sel["except"] = refs(some(p, someSIMs, 1, 4, "except"))
	}
	if p.chance(8, "except iccids") {
		sel["except_iccids"] = some(p, someICCIDs, 1, 4, "except iccids")
	}
}

// jobTimes draws when a job runs, and in which parts.
func (p *pair) jobTimes(body object) {
	p.jobOptions(body)
	at := func(d time.Duration) string {
		return p.clock.Now().Add(d).UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	if p.chance(5, "later") {
		body["not_before"] = at(pick(p, []time.Duration{time.Second, time.Minute, time.Minute, time.Hour, -time.Hour}, "not before"))
	}
	if p.chance(8, "deadline") {
		body["not_after"] = at(pick(p, []time.Duration{2 * time.Minute, 2 * time.Hour, 24 * time.Hour, -time.Hour}, "not after"))
	}
	if !p.chance(3, "waves") {
		return
	}
	wave := func() object {
		w := object{pick(p, []string{"sims", "percent"}, "unit"): 1 + p.index(3, "size")*20}
		if p.chance(3, "pause") {
			w["pause_seconds"] = 60
		}
		if p.chance(4, "then") {
			w["then"] = "pause"
		}
		return w
	}
	waves := []object{wave()}
	if p.chance(2, "another wave") {
		waves = append(waves, wave())
	}
	body["waves"] = waves
	if p.chance(3, "gate") {
		body["gate"] = object{"max_refused_percent": p.index(3, "share") * 30, "min_sims": p.index(3, "least")}
	}
}

// jobOptions draws what every request for a job may have.
func (p *pair) jobOptions(body object) {
	if !p.chance(3, "dry") {
		body["dry_run"] = false
	}
	if !p.chance(4, "conflict unsaid") {
		body["on_conflict"] = pick(p, []string{"skip", "skip", "skip", "stop"}, "on conflict")
	}
	if p.chance(3, "note") {
		p.addNote(body)
	}
}

// someJob draws a job, mostly one that the caller sees.
func (p *pair) someJob(bearer int, states ...string) int64 {
	ids := p.model.SeenJobs(bearer, states...)
	if len(ids) == 0 || p.chance(10, "any job") {
		ids = []int64{int64(p.model.Jobs()), 1, int64(p.model.Jobs() + 1)}
	}
	return pick(p, ids, "job")
}

// retryJob and undoJob make a job of an earlier one.
func (p *pair) retryJob() {
	p.jobOf("retry", "completed_with_refusals", "refused", "cancelled", "failed", "expired")
}
func (p *pair) undoJob() { p.jobOf("undo", "completed", "completed_with_refusals", "cancelled") }

func (p *pair) jobOf(path string, states ...string) {
	bearer := p.mover()
	a := model.JobAsk{Path: path, Of: p.someJob(bearer, states...), Body: object{}}
	p.jobOptions(a.Body)
	if path == "undo" {
		for _, option := range []string{"restore_status", "restore_devices", "auto_detach_devices"} {
			if p.chance(4, option+" said") {
				a.Body[option] = p.chance(2, option)
			}
		}
	}
	p.sendJob(path+" job", bearer, a)
}

// sendJob makes a job, lets the servers work on it, and reads it.
func (p *pair) sendJob(operation string, bearer int, a model.JobAsk) {
	path := "/api/v1/" + a.Path
	if a.Path == "retry" || a.Path == "undo" {
		path = fmt.Sprintf("%s/%d/%s", jobPaths, a.Of, a.Path)
	}
	want := p.model.CreateJob(bearer, a)
	p.try(operation, bearer, request{"POST", path, p.write(a.Body), map[string]string{}}, want)
	if want.Status == http.StatusCreated {
		p.runJobs()
		id := int64(p.model.Jobs())
		p.readJob(bearer, id)
		p.readJobSIMs(bearer, id, model.Query{})
	}
}

// runJobs lets the servers work on the jobs that are due.
func (p *pair) runJobs() {
	for _, s := range p.sides {
		s.server.RunJobs()
	}
	p.model.RunJobs()
	for _, state := range p.model.JobStates() {
		p.tally.reach("job " + state)
	}
}

// readJob reads a job.
func (p *pair) readJob(bearer int, id int64) {
	want := p.model.GetJob(bearer, id)
	tag := want.Header["ETag"]
	if want.Status == http.StatusOK {
		want = want.Without("ETag")
	}
	p.try("get job", bearer, request{"GET", fmt.Sprintf("%s/%d", jobPaths, id), "", nil}, want)
	if want.Status != http.StatusOK {
		return
	}
	if got := p.sides[0].answer.header.Get("ETag"); !p.model.TagOf(id, got) {
		p.t.Fatalf("the ETag of job %d is %q, and was %q", id, got, tag)
	}
}

func (p *pair) readJobSIMs(bearer int, id int64, q model.Query) {
	p.try("list job sims", bearer, request{"GET", fmt.Sprintf("%s/%d/sim%s", jobPaths, id, queryOf(q)), "", nil}, p.model.ListJobSIMs(bearer, id, q))
}

// lookAtJob reads an older job, some of its SIMs, the list, or the events of one that has ended.
func (p *pair) lookAtJob() {
	bearer := p.caller()
	id := p.someJob(bearer)
	p.runJobs()
	switch p.index(4, "what") {
	case 0:
		p.readJob(bearer, id)
	case 1:
		q := model.Query{PerPage: pick(p, []int{0, 1, 2, 5}, "per page"), Page: p.index(4, "page")}
		if p.chance(2, "verdict") {
			q.Filters = []model.Filter{{Field: "verdict", Values: some(p, []string{"done", "refused", "planned", "drifted", "not_found", "unchanged", "moved"}, 1, 2, "verdicts")}}
		}
		p.readJobSIMs(bearer, id, q)
	case 2:
		q := model.Query{PerPage: pick(p, []int{0, 1, 3}, "per page"), Page: p.index(3, "page")}
		if p.chance(2, "filter") {
			q.Filters = []model.Filter{pick(p, []model.Filter{
				{Field: "state", Values: []string{"completed"}}, {Field: "kind", Values: []string{"undo", "sim_status"}},
				{Field: "user", Values: []string{"1"}}, {Field: "target_workspace", Values: []string{"200"}}, {Field: "reference", Values: []string{"CHG-2"}},
			}, "by")}
		}
		p.try("list jobs", bearer, request{"GET", jobPaths + queryOf(q), "", nil}, p.model.ListJobs(bearer, q))
	default:
		if p.model.Ended(id) {
			kind := pick(p, []string{"migration_job", "sim_status_job"}, "kind")
			p.try("watch job", bearer, request{"GET", fmt.Sprintf("/api/v1/%s/%d/watch", kind, id), "", nil}, p.model.WatchJob(bearer, id))
		}
	}
}

// actOnJob starts, pauses, resumes or cancels a job, mostly one that can be.
func (p *pair) actOnJob() {
	bearer := p.mover()
	do := pick(p, []string{"start", "start", "pause", "resume", "resume", "cancel"}, "do")
	states := map[string][]string{"start": {"planned"}, "pause": {"waiting"}, "resume": {"paused"}, "cancel": {"waiting", "paused", "planned"}}[do]
	id := p.someJob(bearer, states...)
	header := map[string]string{}
	match := ""
	if do == "start" && !p.chance(10, "no tag") {
		match = p.model.JobTag(id)
		if p.chance(8, "other tag") || match == "" {
			match = `"other"`
		}
		header["If-Match"] = match
	}
	want := p.model.JobAct(bearer, id, do, match)
	p.try(do+" job", bearer, request{"POST", fmt.Sprintf("%s/%d/%s", jobPaths, id, do), "", header}, want)
	if want.Status == http.StatusOK {
		p.runJobs()
		p.readJob(bearer, id)
		p.readJobSIMs(bearer, id, model.Query{})
	}
}

// queryOf encodes the filters and the page of a query.
func queryOf(q model.Query) string {
	v := url.Values{}
	for _, f := range q.Filters {
		v.Set("q", f.Field+":"+strings.Join(f.Values, "|"))
	}
	for name, n := range map[string]int{"page": q.Page, "per_page": q.PerPage} {
		if n != 0 {
			v.Set(name, strconv.Itoa(n))
		}
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}
