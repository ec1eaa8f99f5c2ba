package store

import (
	"context"
	"errors"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// HeldJob is the input of a step of a job.
type HeldJob struct {
	User  UserRecord // who made the job, if Known
	Known bool
	Job   fleet.Job // with all its counts, if Found
	Found bool
}

// HoldStep reads the job of a lease and the user who made it, in one round trip, and keeps both as
// they are until the transaction ends.
func (tx *Tx) HoldStep(ctx context.Context, l JobLease) (h HeldJob, err error) {
	var statements []statement
	if tx.d == Postgres {
		statements = append(statements, shared(userLock, l.User), locking("SELECT 1 FROM users WHERE id = $1 FOR SHARE", int64(l.User)))
	}
	var counts []fleet.JobCount
	err = tx.batch(ctx, append(statements,
		userStatement(&h.User, &h.Known, "u.id = $1", int64(l.User)), tx.lockedJob(l.Job, &h.Job, &h.Found), allJobCounts(l.Job, &counts))...)
	h.Job.Counts = counts
	return h, err
}

// LeaseTime is how long a lease on a job lasts. Each step of the job renews it.
const LeaseTime = 8 * time.Second

// JobLease is the right to work on a job. Attempt is its fencing token.
type JobLease struct {
	Job     fleet.JobID
	User    fleet.UserID // who made the job
	Attempt int64
}

// dueJob selects the job that has waited longest among those that need a server and have none, at
// time $1. Every change of a job moves lease_until to the time of the change or later. If it is
// after $2, a clock was set back since, and next_at may be wrong, too: a server must look at the
// job.
const dueJob = `SELECT id FROM jobs WHERE next_at IS NOT NULL AND (next_at <= $1 AND lease_until <= $1 OR lease_until > $2)
	ORDER BY lease_until, next_at, id LIMIT 1`

// clockBack is how far ahead of now the end of a lease shows that a clock has gone back. The clocks
// of servers may differ a little.
const clockBack = 2 * LeaseTime

// DueJob reports whether a job needs a server and has none.
func (tx *Tx) DueJob(ctx context.Context) (due bool, err error) {
	var id int64
	return tx.queryRow(ctx, dueJob, []any{micros(tx.now), micros(tx.now.Add(clockBack))}, &id)
}

// ClaimJob takes the lease of a job that is due and that no server works on. It has a new attempt,
// so the holder of an earlier lease cannot record anything any more.
func (tx *Tx) ClaimJob(ctx context.Context, owner string) (l JobLease, found bool, err error) {
	found, err = tx.queryRow(ctx, `
		UPDATE jobs SET lease_owner = $3, lease_until = $4, attempt = attempt + 1
		WHERE id = (`+dueJob+tx.dialectSQL("", " FOR UPDATE SKIP LOCKED")+`)
		RETURNING id, user_id, attempt`,
		[]any{micros(tx.now), micros(tx.now.Add(clockBack)), owner, micros(tx.now.Add(LeaseTime))}, &l.Job, &l.User, &l.Attempt)
	return l, found, err
}

// ReleaseJob gives a lease back. Jobs that have waited longer are claimed before this one.
func (tx *Tx) ReleaseJob(ctx context.Context, l JobLease) error {
	return tx.exec(ctx, "UPDATE jobs SET lease_owner = '', lease_until = $3 WHERE id = $1 AND attempt = $2", int64(l.Job), l.Attempt, micros(tx.now))
}

// ErrLeaseLost is the error of a step of a job whose lease another server has taken.
var ErrLeaseLost = errors.New("another server works on this job now")
