package control

import (
	"context"
	"fmt"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// JobAction is a request to change the state of a job.
type JobAction struct {
	Job fleet.JobID
	Do  JobVerb
	Tag string // of JobStart and JobApprove: If-Match, which must have the ETag of the plan
}

// JobVerb is what a user does with a job.
type JobVerb string

// What users do with jobs.
const (
	JobStart  JobVerb = "start"
	JobPause  JobVerb = "pause"
	JobResume JobVerb = "resume"
	JobCancel JobVerb = "cancel"

	JobApprove JobVerb = "approve" // what a rule requires approval for
	JobReject  JobVerb = "reject"
)

// possibleStates are the states in which a verb is possible.
var possibleStates = map[JobVerb][]fleet.JobState{
	JobStart:   {fleet.JobPlanned},
	JobPause:   {fleet.JobWaiting, fleet.JobRunning},
	JobResume:  {fleet.JobPaused},
	JobApprove: {fleet.JobWaiting}, JobReject: {fleet.JobWaiting},
	JobCancel: {fleet.JobPlanning, fleet.JobPlanned, fleet.JobWaiting, fleet.JobRunning, fleet.JobPaused},
}

// In reports whether the verb is possible in a state.
func (v JobVerb) In(state fleet.JobState) bool { return slices.Contains(possibleStates[v], state) }

// ChangeJob starts, pauses, resumes or cancels a job. A chunk that is being moved is finished or
// not begun: the change and the chunk wait for each other.
//
// Permission: MigrateSIMs, and to be the user who made the job or an Administrator of its target;
// to pause and cancel, an Administrator of a source, or of a Workspace that gets SIMs back from an
// undo, is enough. To approve and reject, an Administrator of a source, but not the creator.
// Errors: NotFound; Forbidden; InUse if
// the state does not allow it; PreconditionStale for another plan; those of once.
func (c *Control) ChangeJob(ctx context.Context, caller identity.Principal, a JobAction, w Write[fleet.Job]) (Reply, error) {
	g := guard{need: identity.MigrateSIMs, replay: func(ctx context.Context, tx *store.Tx, caller identity.Principal, _ store.Stored) error {
		_, err := seenJob(ctx, tx, caller, a.Job, false)
		return err
	}}
	r, err := once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[fleet.Job], error) {
		j, err := a.change(ctx, tx, caller)
		return result[fleet.Job]{value: j}, err
	})
	c.wakeJobs()
	c.feeds.changed(a.Job)
	return r, err
}

func (a JobAction) change(ctx context.Context, tx *store.Tx, caller identity.Principal) (j fleet.Job, err error) {
	if j, err = seenJob(ctx, tx, caller, a.Job, true); err != nil {
		return j, err
	}
	if err := a.allowed(ctx, tx, caller, j); err != nil {
		return j, err
	}
	to := map[JobVerb]fleet.JobState{
		JobStart: fleet.JobWaiting, JobPause: fleet.JobPaused, JobResume: fleet.JobWaiting, JobCancel: fleet.JobCancelled,
		JobApprove: fleet.JobWaiting, JobReject: fleet.JobCancelled,
	}[a.Do]
	d := fleet.JobDetails{State: to, At: tx.Now(), User: caller.User, Name: caller.Username, Why: fmt.Sprintf("%s by %s", pastOf[a.Do], caller.Username)}
	switch waits := j.Details.For == fleet.WaitsGate; {
	case a.Do == JobPause && waits:
		d.Gate = true
	case a.Do == JobResume && j.Details.Gate:
		d.For = fleet.WaitsGate
	case a.Do == JobApprove:
		if err := approve(ctx, tx, caller, &j, &d); err != nil {
			return j, err
		}
	}
	setJob(&j, d)
	if err := saveJob(ctx, tx, j, store.JobProgress{}); err != nil {
		return j, err
	}
	j.Version++
	return j, auditJob(ctx, tx, caller, a.Do.auditAction(), j)
}

// auditAction returns how the audit log names the verb.
func (v JobVerb) auditAction() fleet.AuditAction {
	switch v {
	case JobApprove:
		return fleet.AuditJobApproved
	case JobReject:
		return fleet.AuditJobRejected
	}
	return fleet.AuditJobChanged
}

var pastOf = map[JobVerb]string{
	JobStart: "started", JobPause: "paused", JobResume: "resumed", JobCancel: "cancelled", JobApprove: "approved", JobReject: "rejected",
}
