// Package job runs durable jobs: it takes the lease of a job that needs a server, does one step
// after the other, and gives the lease back. What a step is, package control decides. Any number
// of servers may run jobs of one database: a lease that its server does not renew can be taken
// over, and then that server cannot record anything any more.
package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	_ "time/tzdata" // windows of jobs name time zones, and a container may have none

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/limit"
)

// Poll is how often an idle server looks for a job that another one has made or left.
const Poll = time.Second

// Runner runs jobs.
type Runner struct {
	Control *control.Control
	Owner   string // identifies the server in the database, for the operator
	Log     *slog.Logger
	Counts  *Counts // nil for none; runners may share it
}

// Counts counts the steps of jobs: each plans some SIMs, changes a chunk, or changes the state.
type Counts struct{ Done, Failed, Lost atomic.Uint64 }

// stepped counts a step with its error.
func (r *Runner) stepped(err error) {
	switch {
	case r.Counts == nil:
	case err == nil:
		r.Counts.Done.Add(1)
	case errors.Is(err, control.ErrLeaseLost):
		r.Counts.Lost.Add(1)
	default:
		r.Counts.Failed.Add(1)
	}
}

// Run works on jobs until ctx ends. It finishes the step that it is in.
func (r *Runner) Run(ctx context.Context) {
	tick := time.NewTicker(Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		worked, err := r.one(ctx)
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("a job could not go on", "err", err)
		}
		if worked && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-r.Control.JobsDue():
		}
	}
}

// RunDue works on jobs until none has anything to do now.
func (r *Runner) RunDue(ctx context.Context) error {
	for {
		worked, err := r.one(ctx)
		if err != nil || !worked {
			return err
		}
	}
}

// stepsAtOnce is how many steps of a job are done before the other jobs that are due have a turn.
const stepsAtOnce = 50

// one takes a job that needs a server, and works on it until it has nothing to do now, has had its
// turn, or ctx ends. worked is false if there was no such job.
func (r *Runner) one(ctx context.Context) (worked bool, err error) {
	lease, found, err := r.Control.ClaimJob(ctx, r.Owner)
	if err != nil || !found {
		return false, err
	}
	whole := context.WithoutCancel(ctx)
	more := true
	for n := 0; n < stepsAtOnce && more && ctx.Err() == nil; n++ {
		began := time.Now()
		more, err = r.step(whole, lease)
		r.stepped(err)
		if errors.Is(err, control.ErrLeaseLost) {
			r.Log.Warn("another server has taken a job over", "job", int64(lease.Job), "attempt", lease.Attempt)
			return true, nil
		}
		if err != nil { // the lease is kept: until it expires, other jobs have their turn
			return true, errors.Join(err, r.fail(whole, lease, err))
		}
		_ = limit.Wait(ctx, r.Control.JobRest(time.Since(began))) // the loop checks ctx
	}
	if !more {
		return true, nil // the last step has given the lease back
	}
	return true, r.Control.ReleaseJob(whole, lease)
}

// stepTime is the most that a step may take; more means that the database does not respond.
const stepTime = 30 * time.Second

func (r *Runner) step(ctx context.Context, lease control.JobLease) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	return r.Control.StepJob(ctx, lease)
}

// fail ends a job whose step is refused because of the job itself. Any other error may pass: the
// job is tried again.
func (r *Runner) fail(ctx context.Context, lease control.JobLease, err error) error {
	var refusal *fleet.Error
	if !errors.As(err, &refusal) || refusal.Code == fleet.Unavailable {
		return nil
	}
	if failed := r.Control.FailJob(ctx, lease, refusal.Message); failed != nil {
		return fmt.Errorf("end job %d: %w", lease.Job, failed)
	}
	return nil
}
