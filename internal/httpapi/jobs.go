package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// createMigrationJob implements POST /api/v1/migration_job.
func (a *api) createMigrationJob(r *request) (response, error) {
	read := sentJob
	if isUpload(r) {
		read = uploadedJob
	}
	n, err := read(r)
	if err != nil {
		return response{}, err
	}
	return a.createJob(r, "job.create", n)
}

func sentJob(r *request) (n control.NewJob, err error) {
	var body wire.JobRequest
	if err := r.Decode(&body); err != nil {
		if fleet.CodeOf(err) == fleet.TooLarge {
			err = fleet.Errorf(fleet.TooLarge, "The body is larger than %d bytes: send the ICCIDs as a file instead, with Content-Type: text/csv and "+
				"the options in the query", httpx.MaxBody)
		}
		return n, err
	}
	return jobRequest(body)
}

// createStatusJob implements POST /api/v1/sim_status_job.
func (a *api) createStatusJob(r *request) (response, error) {
	var body wire.SIMStatusJobRequest
	if err := r.Decode(&body); err != nil {
		return response{}, err
	}
	n, err := statusJobRequest(body)
	if err != nil {
		return response{}, err
	}
	return a.createJob(r, "job.create.status", n)
}

// createJob makes a job, and waits for its plan if the client prefers that.
func (a *api) createJob(r *request, operation string, n control.NewJob) (response, error) {
	canonical := any(n)
	if n.Numbers != nil {
		canonical = []any{n, n.Numbers.Digest()}
	}
	once, err := r.once(operation, canonical)
	if err != nil {
		return response{}, err
	}
	reply, err := a.control.CreateJob(r.Context(), r.caller, n, control.Write[fleet.Job]{Once: once, Encoder: encoder[fleet.Job](createdJob)})
	if err != nil || reply.Status != http.StatusCreated {
		return replied(reply), err
	}
	wait := preferredWait(r.Header.Values("Prefer"))
	if wait == 0 {
		return replied(reply), nil
	}
	if err := a.awaitPlan(r, reply.Location, wait, &reply); err != nil {
		return response{}, err
	}
	res := replied(reply)
	res.Set("Preference-Applied", "wait="+strconv.Itoa(int(wait/time.Second)))
	return res, nil
}

// maxWait is the longest time that a client may have a response held back.
const maxWait = 20 * time.Second

// preferredWait reads the preference wait (RFC 7240), 0 for none.
func preferredWait(values []string) time.Duration {
	for p := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if n, err := strconv.Atoi(strings.Trim(value, `" `)); strings.EqualFold(strings.TrimSpace(name), "wait") && err == nil && n > 0 {
			return min(time.Duration(n)*time.Second, maxWait)
		}
	}
	return 0
}

const planPoll = 100 * time.Millisecond

// awaitPlan waits until a job has left the state planning, and updates the reply.
func (a *api) awaitPlan(r *request, location string, wait time.Duration, reply *control.Reply) error {
	id, err := strconv.ParseInt(location[strings.LastIndexByte(location, '/')+1:], 10, 64)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	tick := time.NewTicker(planPoll)
	defer tick.Stop()
	for {
		if err := a.callerAgain(r); err != nil {
			return nil // as below
		}
		j, err := a.control.Job(r.Context(), r.caller, fleet.JobID(id))
		if err != nil {
			return nil // the job was made; the caller can read it later, or lost the right to
		}
		reply.Body, reply.ETag = httpx.JSON(http.StatusCreated, jobBody(j)).Body, j.ETag
		if j.State != fleet.JobPlanning {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func createdJob(j fleet.Job) control.Reply {
	reply := jsonReply(http.StatusCreated, jobBody(j))
	reply.Location = jobPath(j.ID)
	return reply
}

// changedJob encodes the result of an action on a job.
func changedJob(j fleet.Job) control.Reply {
	reply := jsonReply(http.StatusOK, jobBody(j))
	reply.ETag = j.ETag
	return reply
}

var jobID = pathID[fleet.JobID]("job_id")

// getJob implements GET /api/v1/migration_job/{job_id}.
func (a *api) getJob(r *request) (response, error) {
	id, err := jobID(r)
	if err != nil {
		return response{}, err
	}
	j, err := a.control.Job(r.Context(), r.caller, id)
	if err != nil {
		return response{}, err
	}
	res, err := httpx.OK(jobBody(j))
	if j.ETag != "" {
		res.Set("ETag", j.ETag)
	}
	return res, err
}

// jobAction serves an action on a job.
func jobAction(do control.JobVerb) handler {
	return writeOnce("job."+string(do), func(r *request) (a control.JobAction, canonical any, err error) {
		a.Do = do
		if a.Job, err = jobID(r); err != nil {
			return a, nil, err
		}
		if err := emptyBody(r); err != nil {
			return a, nil, err
		}
		if do == control.JobStart || do == control.JobApprove {
			a.Tag = r.ifMatch()
		}
		return a, a, nil
	}, (*rules).ChangeJob, changedJob)
}

// emptyBody refuses a body with properties: the action would ignore them.
func emptyBody(r *request) error {
	var body struct{}
	return r.DecodeOptional(&body)
}

// retryJob implements POST /api/v1/migration_job/{job_id}/retry.
func (a *api) retryJob(r *request) (response, error) {
	id, err := jobID(r)
	if err != nil {
		return response{}, err
	}
	var body wire.JobRetryRequest
	if err := r.DecodeOptional(&body); err != nil {
		return response{}, err
	}
	n := control.NewJob{}
	if err := jobOptions(&n, jobTexts{dryRun: body.DryRun, onConflict: body.OnConflict, reference: body.Reference, reason: body.Reason}, jobParts{}); err != nil {
		return response{}, err
	}
	old, err := a.control.Job(r.Context(), r.caller, id)
	if err != nil {
		return response{}, err
	}
	return a.createJob(r, "job.retry", control.RetryOf(old, n, body.OnConflict.Set))
}

// undoJob implements POST /api/v1/migration_job/{job_id}/undo.
func (a *api) undoJob(r *request) (response, error) {
	id, err := jobID(r)
	if err != nil {
		return response{}, err
	}
	var body wire.JobUndoRequest
	if err := r.DecodeOptional(&body); err != nil {
		return response{}, err
	}
	n := control.NewJob{Kind: fleet.JobUndo, Origin: id, Select: fleet.JobSelection{DoneBy: &id}}
	if err := jobOptions(&n, jobTexts{dryRun: body.DryRun, onConflict: body.OnConflict, reference: body.Reference, reason: body.Reason}, jobParts{}); err != nil {
		return response{}, err
	}
	o := &n.Options
	o.RestoreStatus, o.RestoreDevices, o.DetachDevices = body.RestoreStatus.Or(true), body.RestoreDevices.Or(true), body.AutoDetachDevices.Or(false)
	return a.createJob(r, "job.undo", n)
}

// listJobSIMs implements GET /api/v1/migration_job/{job_id}/sim.
func (a *api) listJobSIMs(r *request) (response, error) {
	id, err := jobID(r)
	if err != nil {
		return response{}, err
	}
	if form := askedForm(r.Header.Values("Accept")); form != "" {
		return a.streamJobSIMs(r, id, form)
	}
	l, err := r.List(fleet.JobSIMList)
	if err != nil {
		return response{}, err
	}
	found, err := a.control.ListJobSIMs(r.Context(), r.caller, id, l)
	if err != nil {
		return response{}, err
	}
	res, err := httpx.OK(each(found.Items, func(s fleet.JobSIM) wire.JobSIM { return jobSIMBody(found.Job, s, found.Sources) }))
	return httpx.OnPage(r.Request, l, found.Page, func(s fleet.JobSIM) int64 { return s.Pos }, res), err
}

func jobSIMBody(j fleet.Job, s fleet.JobSIM, sources map[fleet.WorkspaceID]fleet.Workspace) wire.JobSIM {
	out := wire.JobSIM{ID: int64(s.SIM), ICCID: string(s.ICCID), Identifier: s.Given, Row: s.Line, Verdict: s.Verdict.String()}
	if s.ICCID != "" {
		out.ICCIDWithLuhn = s.ICCID.WithLuhn()
	}
	for _, code := range s.Codes {
		out.Errors = append(out.Errors, wire.JobSIMReason{ErrorCode: int(code), Message: j.WhyRefused(code, s.Source)})
	}
	if source, ok := sources[s.Source]; ok {
		ref := workspaceRef(source)
		out.SourceWorkspace = &ref
	}
	if s.Entry != 0 {
		by := wire.RefTo(int64(s.Entry))
		out.Migration = &by
	}
	return out
}

func jobItemID(j fleet.Job) int64 { return int64(j.ID) }

func jobBody(j fleet.Job) wire.Job {
	o := j.Options
	out := wire.Job{
		ID: int64(j.ID), Kind: string(j.Kind), State: string(j.State), StatusDetails: jobDetails(j), DryRun: !o.Auto,
		User: wire.NamedRef{ID: int64(j.User), Name: j.Username}, SourceWorkspaces: each(j.Sources, workspaceRef), SIMCount: j.Count(),
		Counts: jobCounts(j), AutoDetachDevices: o.DetachDevices, OnConflict: "stop", Wave: j.Wave, Reference: j.Note.Reference, Reason: j.Note.Reason,
		NotBefore: timeOrNull(o.NotBefore), NotAfter: timeOrNull(o.NotAfter), CreatedAt: wire.NewTime(j.Created), PlannedAt: timeOrNull(j.Planned),
		StartedAt: timeOrNull(j.Started), EndedAt: timeOrNull(j.Ended), ExpiresAt: timeOrNull(j.Expires), AllowedSIMStatuses: allowedRefs(o.AllowedStatuses),
	}
	if o.Skip {
		out.OnConflict = "skip"
	}
	for _, w := range o.Windows {
		out.Windows = append(out.Windows, wire.JobWindow(w))
	}
	for _, w := range o.Waves {
		out.Waves = append(out.Waves, wireWave(w))
	}
	if g := o.Gate; g != nil {
		address, _, _ := strings.Cut(g.URL, "?") // the query may have a secret
		out.Gate = &wire.JobGate{MaxRefusedPercent: g.MaxRefusedPercent, MinSIMs: g.MinSIMs, URL: address}
	}
	jobKind(j, &out)
	return out
}

// jobKind adds what only one kind of job has.
func jobKind(j fleet.Job, out *wire.Job) {
	origin := wire.RefTo(int64(j.Origin))
	switch {
	case j.Origin != 0 && j.Kind == fleet.JobUndo:
		out.Undoes = &origin
	case j.Origin != 0:
		out.Retries = &origin
	}
	switch j.Kind {
	case fleet.JobMigration:
		target := workspaceRef(j.Target)
		out.TargetWorkspace, out.Landing = &target, &wire.JobLanding{Status: "contract"}
		if j.Options.Activate {
			out.Landing.Status = "activate"
		}
	case fleet.JobStatus:
		status := statusRef(j.Options.Status)
		out.Status = &status
	case fleet.JobUndo:
		out.RestoreStatus, out.RestoreDevices = &j.Options.RestoreStatus, &j.Options.RestoreDevices
	}
}

func jobDetails(j fleet.Job) wire.JobDetails {
	d := j.Details
	out := wire.JobDetails{State: string(d.State), At: wire.NewTime(d.At), Why: d.Why, WaitingFor: string(d.For), Until: timeOrNull(d.Until), Wave: d.Wave}
	out.Approval, out.Warnings = jobApproval(j), jobWarnings(j)
	if d.User != 0 {
		out.User = &wire.NamedRef{ID: int64(d.User), Name: d.Name}
	}
	return out
}

// jobCounts adds up the counts of all sources, one for each verdict.
func jobCounts(j fleet.Job) []wire.JobCount {
	counts := []wire.JobCount{}
	for _, v := range fleet.Verdicts {
		if n := j.Count(v.ID); n > 0 {
			counts = append(counts, wire.JobCount{Verdict: v.Name, Count: n})
		}
	}
	return counts
}
