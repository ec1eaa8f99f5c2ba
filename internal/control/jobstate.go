package control

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// allowed refuses an action that the caller or the state of the job does not allow.
func (a JobAction) allowed(ctx context.Context, tx *store.Tx, caller identity.Principal, j fleet.Job) error {
	if a.Do == JobApprove || a.Do == JobReject {
		return a.mayDecide(ctx, tx, caller, j)
	}
	sides := []fleet.WorkspaceID{j.Target.ID}
	if a.Do == JobPause || a.Do == JobCancel {
		for _, c := range j.Counts {
			sides = append(sides, c.Source, c.Home)
		}
	}
	standings, err := tx.Standings(ctx, caller.User, fleet.Once(sides))
	if err != nil {
		return err
	}
	administers := slices.ContainsFunc(sides, func(id fleet.WorkspaceID) bool { return standings[id].Role.Administers() })
	if j.User != caller.User && !administers {
		return fleet.Errorf(fleet.Forbidden, "Only the user who made the job, or an Administrator of its target, may %s it", a.Do)
	}
	if !slices.Contains(possibleStates[a.Do], j.State) {
		return a.inState(j.State)
	}
	if a.Do != JobStart {
		return nil
	}
	return a.mayStart(ctx, tx, j)
}

// inState returns the error of an action that the job's state does not allow.
func (a JobAction) inState(state fleet.JobState) error {
	names := make([]string, len(possibleStates[a.Do]))
	for i, s := range possibleStates[a.Do] {
		names[i] = string(s)
	}
	return fleet.Errorf(fleet.InUse, "The job is %s: only a job that is %s can be %s", state, strings.Join(names, " or "), pastOf[a.Do])
}

// isOf requires that If-Match has the ETag of the plan of a job: "*" would start or approve a plan
// that the caller has not seen.
func (a JobAction) isOf(j fleet.Job) error {
	if a.Tag == "" {
		return fleet.Invalid("If-Match", "it is required: send the ETag of the job's plan")
	}
	tags, err := fleet.ParseEntityTags(a.Tag)
	switch {
	case err != nil:
		return err
	case tags.Any:
		return fleet.Invalid("If-Match", "* names no plan: send the ETag of the job's plan")
	case tags.Match(j.ETag):
		return nil
	}
	return &fleet.Error{Code: fleet.PreconditionStale, Field: "If-Match", Message: "If-Match: this is not the ETag of the job's plan: read the job and send its ETag"}
}

// mayStart refuses to start a job whose plan is not the one that the caller has seen, or has
// refusals that stop it.
func (a JobAction) mayStart(ctx context.Context, tx *store.Tx, j fleet.Job) (err error) {
	if err := a.isOf(j); err != nil {
		return err
	}
	if j.Counts, err = tx.AllJobCounts(ctx, j.ID); err != nil {
		return err
	}
	if n := j.Count(fleet.VerdictRefused, fleet.VerdictNotFound); n > 0 && !j.Options.Skip {
		return fleet.Errorf(fleet.InUse, "The plan refuses %s and on_conflict is stop: make a job without them, or with on_conflict skip", count(n))
	}
	if j.Count(fleet.VerdictPlanned) == 0 {
		return fleet.Errorf(fleet.InUse, "The plan moves no SIM")
	}
	return nil
}

// setJob moves a job to a state, and sets when a server has to look at it next.
func setJob(j *fleet.Job, d fleet.JobDetails) {
	d.Lost, d.Rules = j.Details.Lost, j.Details.Rules
	j.State, j.Details = d.State, d
	j.NextAt = d.At
	switch {
	case d.State.Ended():
		j.Ended, j.NextAt = d.At, time.Time{}
	case d.State == fleet.JobPlanned:
		j.Expires = d.At.Add(planLasts)
		j.NextAt = j.Expires
	case d.State == fleet.JobPaused:
		j.NextAt = j.Options.NotAfter
	case d.State == fleet.JobWaiting && !d.Until.IsZero():
		j.NextAt = d.Until
		if end := j.Options.NotAfter; !end.IsZero() && end.Before(d.Until) {
			j.NextAt = end
		}
	}
}

const (
	planLasts  = 24 * time.Hour // of a plan that is not started
	otherEvery = time.Second    // how often a job checks whether another one has ended
	planSIMs   = 2500           // planned in one transaction
	chunkSIMs  = fleet.MaxSIMs  // moved in one transaction
)

// begin lets a job run, or says what it waits for.
func (s *jobStep) begin(ctx context.Context, tx *store.Tx, j *fleet.Job) error {
	now := tx.Now()
	if s.expired(tx, j) {
		return nil
	}
	waits := func(why fleet.JobWaits, until time.Time) {
		d := fleet.JobDetails{State: fleet.JobWaiting, At: now, For: why, Until: until, Wave: j.Details.Wave}
		if j.State == fleet.JobWaiting && j.Details.For == why {
			d.At = j.Details.At
		}
		at := d.At
		setJob(j, d)
		if d.Until.IsZero() {
			j.NextAt = now.Add(otherEvery)
		}
		j.Details.At = at
	}
	if missing, err := missingApprovals(ctx, tx, j); missing || err != nil {
		first := j.Details.For != fleet.WaitsApproval
		waitForApproval(j, now, err, waits)
		if err == nil && first && j.State == fleet.JobWaiting {
			err = notifyApprovers(ctx, tx, j)
		}
		return err
	}
	if why, until := waitsForTime(j, now); why != "" {
		waits(why, until)
		return nil
	}
	all, same, err := tx.RunningBeside(ctx, *j)
	if err != nil {
		return err
	}
	if all >= s.c.jobsAtOnce || same > 0 {
		waits(fleet.WaitsOther, time.Time{})
		return nil
	}
	setJob(j, fleet.JobDetails{State: fleet.JobRunning, At: now, User: j.Details.User, Name: j.Details.Name})
	if j.Started.IsZero() {
		j.Started = now
	}
	return nil
}

// waitsForTime returns the time that a job waits for, and why; "" if it waits for none.
func waitsForTime(j *fleet.Job, now time.Time) (why fleet.JobWaits, until time.Time) {
	if now.Before(j.Options.NotBefore) {
		return fleet.WaitsStart, j.Options.NotBefore
	}
	if j.Details.For == fleet.WaitsWave && now.Before(j.Details.Until) {
		return fleet.WaitsWave, j.Details.Until
	}
	if at := fleet.NextWindow(j.Options.Windows, now); at.After(now) {
		return fleet.WaitsWindow, at
	}
	return "", time.Time{}
}

// expired ends a job whose time is over.
func (s *jobStep) expired(tx *store.Tx, j *fleet.Job) bool {
	end := j.Options.NotAfter
	if j.State == fleet.JobPlanned {
		end = j.Expires
	}
	if end.IsZero() || tx.Now().Before(end) {
		return false
	}
	why := "not_after has passed"
	if j.State == fleet.JobPlanned {
		why = "the plan was not started"
	}
	setJob(j, fleet.JobDetails{State: fleet.JobExpired, At: tx.Now(), Why: why})
	return true
}
