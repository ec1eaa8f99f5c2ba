package control

import (
	"context"
	"fmt"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// JobLease is the right to work on a job; see store.JobLease.
type JobLease = store.JobLease

// JobLeaseTime is how long a lease lasts without a step.
const JobLeaseTime = store.LeaseTime

// ErrLeaseLost is the error of StepJob if another server has taken the job over.
var ErrLeaseLost = store.ErrLeaseLost

// JobsDue receives a value when this server has created a job or let one continue.
func (c *Control) JobsDue() <-chan struct{} { return c.jobsDue }

func (c *Control) wakeJobs() {
	select {
	case c.jobsDue <- struct{}{}:
	default: // a value is waiting
	}
}

// ClaimJob takes the lease of a job that needs a server; found is false if there is none. A server
// whose clock is wrong takes none: it would start jobs too early, expire plans, and end the leases
// of other servers.
func (c *Control) ClaimJob(ctx context.Context, owner string) (l JobLease, found bool, err error) {
	if c.store.ClockWorks() != nil {
		return l, false, nil //nolint:nilerr // CheckClock logs it
	}
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.DueJob(ctx)
		return err
	})
	if err != nil || !found {
		return l, false, err
	}
	err = c.store.Update(ctx, func(tx *store.Tx) (err error) {
		l, found, err = tx.ClaimJob(ctx, owner)
		return err
	})
	return l, found, err
}

// ReleaseJob gives a lease back.
func (c *Control) ReleaseJob(ctx context.Context, l JobLease) error {
	return c.store.Update(ctx, func(tx *store.Tx) error { return tx.ReleaseJob(ctx, l) })
}

// StepJob does the next step of a job in one transaction: it plans some SIMs, moves a chunk, or
// changes the state. more is false if the job has nothing to do now; then the step has given the
// lease back. If the outcome of the commit is unknown, the step is repeated: it reads the state of
// the job again.
//
// Errors: ErrLeaseLost.
func (c *Control) StepJob(ctx context.Context, l JobLease) (more bool, err error) {
	s := jobStep{c: c, lease: l}
	err = c.store.Update(ctx, func(tx *store.Tx) error { return s.attempt(ctx, tx) })
	if err == nil && s.gate != "" {
		state, why := c.gates.State(ctx, s.gate)
		s.answer = &gateAnswer{state, why}
		err = c.store.Update(ctx, func(tx *store.Tx) error { return s.attempt(ctx, tx) })
	}
	c.feeds.changed(l.Job)
	return s.more, err
}

// FailJob ends a job whose step cannot be done.
func (c *Control) FailJob(ctx context.Context, l JobLease, why string) error {
	defer c.feeds.changed(l.Job)
	return c.store.Update(ctx, func(tx *store.Tx) error {
		j, found, err := tx.HoldJob(ctx, l.Job)
		if err != nil || !found || j.State.Ended() {
			return err
		}
		setJob(&j, fleet.JobDetails{State: fleet.JobFailed, At: tx.Now(), Why: why})
		return saveJob(ctx, tx, j, store.JobProgress{Lease: &l})
	})
}

// jobStep holds the state of one step over all attempts of its transaction.
type jobStep struct {
	c      *Control
	lease  JobLease
	more   bool
	caller identity.Principal // the user who made the job, as they are now

	attempts int // of the transaction; an attempt after the first one locks the SIMs that it reads

	done []fleet.JobSIM // whose new verdicts are written with the job

	gate   string      // a URL to request before the next attempt; "" for none
	answer *gateAnswer // what it responded
}

func (s *jobStep) attempt(ctx context.Context, tx *store.Tx) error {
	s.more, s.gate, s.done = false, "", nil
	s.attempts++
	locked, err := tx.HoldStep(ctx, s.lease)
	user, known, j := locked.User, locked.Known, locked.Job
	if err != nil || !locked.Found || j.State.Ended() {
		return err
	}
	s.caller = identity.Principal{Workspace: j.Workspace}
	if known && user.Status == fleet.UserActive {
		s.caller.User, s.caller.Username, s.caller.SuperAdmin = user.ID, user.Username, user.SuperAdmin
	}
	before := j.State
	changed, err := s.advance(ctx, tx, &j)
	if err != nil {
		return err
	}
	if !changed {
		return tx.ReleaseJob(ctx, s.lease)
	}
	if now := tx.Now(); (j.State == fleet.JobPlanning || j.State == fleet.JobRunning) && j.NextAt.After(now) {
		j.NextAt = now // the clock has gone back
	}
	s.more = !j.NextAt.IsZero() && !j.NextAt.After(tx.Now())
	if j.State != before {
		s.c.log.Info("job", "job", int64(j.ID), "state", string(j.State), "was", string(before))
	}
	return saveJob(ctx, tx, j, store.JobProgress{Lease: &s.lease, Released: !s.more && s.gate == "", SIMs: s.done})
}

// saveJob writes a job, and ends its offer if it has ended.
func saveJob(ctx context.Context, tx *store.Tx, j fleet.Job, done store.JobProgress) error {
	if err := tx.SaveJob(ctx, j, done); err != nil {
		return err
	}
	return jobEnded(ctx, tx, j)
}

// advance takes the step that the state of a job requires, and reports whether the job has changed.
func (s *jobStep) advance(ctx context.Context, tx *store.Tx, j *fleet.Job) (changed bool, err error) {
	switch j.State {
	case fleet.JobPlanning:
		if s.caller.User == 0 {
			setJob(j, fleet.JobDetails{State: fleet.JobFailed, At: tx.Now(), Why: "the user who made the job is suspended or deleted"})
			return true, nil
		}
		return true, s.plan(ctx, tx, j)
	case fleet.JobWaiting:
		if j.Details.For == fleet.WaitsGate && j.Options.Gate != nil && s.c.gates != nil {
			s.ask(tx, j)
			return true, nil
		}
		return true, s.begin(ctx, tx, j)
	case fleet.JobRunning:
		return true, s.chunk(ctx, tx, j)
	case fleet.JobPlanned, fleet.JobPaused:
		return s.expired(tx, j), nil
	}
	return true, nil
}

// chunk moves the next SIMs of a job, with their verdicts and the progress of the job.
func (s *jobStep) chunk(ctx context.Context, tx *store.Tx, j *fleet.Job) error {
	if s.expired(tx, j) {
		return nil
	}
	if at := fleet.NextWindow(j.Options.Windows, tx.Now()); at.After(tx.Now()) {
		return s.begin(ctx, tx, j)
	}
	left := j.Count(fleet.VerdictPlanned)
	end, _ := j.WaveEnd(j.Done + left)
	began := time.Now()
	if most := min(s.c.pace.most(moving, chunkSIMs, began), end-j.Done); most > 0 && left > 0 {
		rows, err := s.work(ctx, tx, j, most)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fmt.Errorf("job %d has %d planned SIMs, but none after position %d", j.ID, left, j.Cursor)
		}
		j.Details.Lose(rows)
		s.done = rows
		s.worked(moving, len(rows), began)
		j.Cursor, j.Begun = rows[len(rows)-1].Pos, true
		j.Done += len(rows)
		left -= len(rows)
		j.Recount(rows)
	}
	switch {
	case left == 0:
		finish(j, tx)
	case j.Done >= end:
		waveEnded(j, tx)
	}
	return nil
}

// finish ends a job that has nothing left to do.
func finish(j *fleet.Job, tx *store.Tx) {
	d := fleet.JobDetails{State: fleet.JobCompleted, At: tx.Now()}
	if j.Count(fleet.VerdictRefused, fleet.VerdictDrifted, fleet.VerdictNotFound) > 0 {
		d.State, d.Why = fleet.JobPartial, "some SIMs were not changed" // every reader sees other counts
		if lost := j.Details.LostWords(); lost != "" {
			d.Why = lost
		}
	}
	setJob(j, d)
}

// waveEnded lets the next wave begin, or stops the job: at the gate, or because the wave says so.
func waveEnded(j *fleet.Job, tx *store.Tx) {
	j.Wave++
	d := fleet.JobDetails{At: tx.Now(), Wave: j.Wave}
	if g := j.Options.Gate; g != nil {
		failed := j.Done - j.Count(fleet.VerdictDone)
		switch {
		case j.Done == 0 || j.Done < g.MinSIMs:
			d.State, d.Why = fleet.JobPaused, fmt.Sprintf("the gate cannot judge so few SIMs; it needs %d", max(g.MinSIMs, 1))
		case failed*100 > g.MaxRefusedPercent*j.Done:
			d.State, d.Why = fleet.JobFailed, fmt.Sprintf("the gate: more than %d percent of the SIMs were not changed", g.MaxRefusedPercent)
		}
	}
	switch {
	case d.State != "":
		setJob(j, d)
	case j.Options.Gate != nil && j.Options.Gate.URL != "":
		d.State, d.For = fleet.JobWaiting, fleet.WaitsGate
		setJob(j, d)
	default:
		waveGoesOn(j, d)
	}
}
