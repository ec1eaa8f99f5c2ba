package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// approvalLasts is how long a job waits for its approval.
const approvalLasts = 7 * 24 * time.Hour

// approvalUntil returns when a job stops waiting for its approval.
func approvalUntil(j *fleet.Job, now time.Time) time.Time {
	if j.Details.For == fleet.WaitsApproval && !j.Details.Until.IsZero() {
		return j.Details.Until
	}
	return now.Add(approvalLasts)
}

// waitForApproval lets a job wait, or ends it if it has waited for too long.
func waitForApproval(j *fleet.Job, now time.Time, err error, waits func(fleet.JobWaits, time.Time)) {
	switch {
	case err != nil:
	case j.Details.For == fleet.WaitsApproval && !now.Before(j.Details.Until):
		setJob(j, fleet.JobDetails{State: fleet.JobExpired, At: now, Why: "the job was not approved in time"})
	default:
		waits(fleet.WaitsApproval, approvalUntil(j, now))
	}
}

// plannedSources returns the Workspaces whose SIMs the plan of a job moves.
func plannedSources(ctx context.Context, tx *store.Tx, j *fleet.Job) (sources []fleet.WorkspaceID, err error) {
	counts, err := tx.AllJobCounts(ctx, j.ID)
	for _, c := range counts {
		if c.Source != 0 && c.Verdict == fleet.VerdictPlanned {
			sources = append(sources, c.Source)
		}
	}
	return sources, err
}

// missingApprovals reports whether a rule requires approvals that the plan does not have: so many
// users must have approved it for each of its sources who are still Administrators there.
func missingApprovals(ctx context.Context, tx *store.Tx, j *fleet.Job) (missing bool, err error) {
	needed := j.NeedsApproval(tx.Now())
	if needed == 0 {
		return false, nil
	}
	sources, err := plannedSources(ctx, tx, j)
	if err != nil {
		return false, err
	}
	rights := make(map[fleet.UserID]map[fleet.WorkspaceID]fleet.Standing)
	for _, a := range j.Details.Rules.Given {
		if rights[a.User], err = tx.Standings(ctx, a.User, sources); err != nil {
			return false, err
		}
	}
	for _, source := range sources {
		valid := func(a fleet.JobApproval) bool { return rights[a.User][source].Role.Administers() }
		if j.ApprovedBy(source, valid) < needed {
			return true, nil
		}
	}
	return false, nil
}

// mayDecide refuses an approval or a rejection: by the user who made the job, by users who
// administer no source, for another plan, or if the job waits for something else.
func (a JobAction) mayDecide(ctx context.Context, tx *store.Tx, caller identity.Principal, j fleet.Job) error {
	mine, err := ownSources(ctx, tx, caller, &j)
	switch {
	case err != nil:
		return err
	case j.User == caller.User:
		return fleet.Errorf(fleet.Forbidden, "You made this job: another Administrator of the Workspace that the SIMs leave must %s it", a.Do)
	case len(mine) == 0:
		return fleet.Errorf(fleet.Forbidden, "Only an Administrator of a Workspace that the SIMs leave may %s the job", a.Do)
	case j.State != fleet.JobWaiting || j.Details.For != fleet.WaitsApproval:
		return fleet.Errorf(fleet.InUse, "The job does not wait for approval: it is %s", j.State)
	case a.Do == JobReject:
		return nil
	}
	return a.isOf(j)
}

// ownSources returns the sources of the plan that the caller administers.
func ownSources(ctx context.Context, tx *store.Tx, caller identity.Principal, j *fleet.Job) (mine []fleet.WorkspaceID, err error) {
	sources, err := plannedSources(ctx, tx, j)
	if err != nil {
		return nil, err
	}
	standings, err := tx.Standings(ctx, caller.User, sources)
	for _, id := range sources {
		if standings[id].Role.Administers() {
			mine = append(mine, id)
		}
	}
	return mine, err
}

// approve records an approval. The job stays in the state waiting until the others have approved.
func approve(ctx context.Context, tx *store.Tx, caller identity.Principal, j *fleet.Job, d *fleet.JobDetails) error {
	mine, err := ownSources(ctx, tx, caller, j)
	if err != nil {
		return err
	}
	j.Approve(fleet.JobApproval{User: caller.User, Name: caller.Username, At: tx.Now(), Sources: mine, Tag: j.ETag})
	whole := *j // the caller may see only some of its SIMs, and rules ask how many there are
	if whole.Counts, err = tx.AllJobCounts(ctx, j.ID); err != nil {
		return err
	}
	missing, err := missingApprovals(ctx, tx, &whole)
	if missing {
		d.At, d.For, d.Until = j.Details.At, fleet.WaitsApproval, j.Details.Until
	}
	return err
}
