package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// seenJob reads a job that the caller may see.
func seenJob(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.JobID, lock bool) (fleet.Job, error) {
	j, found, err := tx.Job(ctx, storeCaller(caller), caller.Workspace, id, lock)
	if err == nil && !found {
		err = fleet.Missing("job", int64(id))
	}
	return j, err
}

// Job reads a job.
//
// Permission: ReadMigrations. Errors: NotFound, also for a job that the caller may not see.
func (c *Control) Job(ctx context.Context, caller identity.Principal, id fleet.JobID) (j fleet.Job, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return j, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		j, err = seenJob(ctx, tx, caller, id, false)
		return err
	})
	return j, err
}

// ListJobs reads one page of the jobs that the caller may see.
//
// Permission: ReadMigrations.
func (c *Control) ListJobs(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[fleet.Job], err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.Jobs(ctx, storeCaller(caller), caller.Workspace, l)
		return err
	})
	return page, err
}
