package control

import (
	"context"
	"errors"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// partsAtOnce is how many parts of a selection, of planSIMs each, one transaction writes.
const partsAtOnce = 4

// stageParts writes the parts of a large selection before its job, in several transactions, so that
// none of them is long. It returns 0 for a selection that the transaction of the job can write.
//
// Errors: Forbidden, and those of check, which runs before anything is written.
func (c *Control) stageParts(ctx context.Context, caller identity.Principal, n NewJob, check func(*store.Tx) error) (stage store.JobStage, err error) {
	listed := len(n.Select.SIMs) + len(n.Select.ICCIDs)
	if n.Numbers != nil {
		listed += n.Numbers.Len()
	}
	if listed <= partsAtOnce*planSIMs || n.Draft != nil {
		return 0, nil
	}
	if err := caller.Require(needOf(n.Kind)); err != nil {
		return 0, err
	}
	if err := c.store.View(ctx, check); err != nil {
		return 0, err
	}
	err = c.store.Update(ctx, func(tx *store.Tx) (err error) {
		stage, err = tx.NewJobStage(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := c.fillStage(ctx, stage, n); err != nil {
		c.dropStage(ctx, stage)
		return 0, err
	}
	return stage, nil
}

// fillStage writes the parts of a selection, a few in each transaction.
func (c *Control) fillStage(ctx context.Context, stage store.JobStage, n NewJob) error {
	var parts []fleet.JobSelection
	written := 0
	flush := func() error {
		err := c.store.Update(ctx, func(tx *store.Tx) error {
			for i, sel := range parts {
				if err := tx.StageJobPart(ctx, stage, written+i, sel); err != nil {
					return err
				}
			}
			return nil
		})
		written, parts = written+len(parts), nil
		return err
	}
	err := n.Select.Parts(planSIMs, n.Numbers, func(sel fleet.JobSelection) error {
		if parts = append(parts, sel); len(parts) < partsAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil || len(parts) == 0 {
		return err
	}
	return flush()
}

// dropStage deletes parts that no job has taken. If that fails, a later stage deletes them.
func (c *Control) dropStage(ctx context.Context, stage store.JobStage) {
	err := c.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.DropJobStage(ctx, stage) })
	if err != nil {
		c.log.Warn("parts of a job that was not made are left", "err", err)
	}
}

var errStageGone = errors.New("parts of the selection of a job are missing")

// insertParts writes the parts of the selection of a job, or takes those that were staged.
func (n *NewJob) insertParts(ctx context.Context, tx *store.Tx, id fleet.JobID) error {
	parts := 0
	if n.stage == 0 {
		return n.Select.Parts(planSIMs, n.Numbers, func(sel fleet.JobSelection) error {
			parts++
			return tx.AddJobPart(ctx, id, parts-1, sel)
		})
	}
	if n.Draft == nil { // a draft keeps its parts
		if err := n.staged(ctx, tx, n.stage); err != nil {
			return err
		}
	}
	return tx.TakeJobStage(ctx, id, n.stage)
}

// staged requires that a stage still has all parts of the selection. There is nothing to require
// without a stage.
func (n *NewJob) staged(ctx context.Context, tx *store.Tx, stage store.JobStage) error {
	if stage == 0 {
		return nil
	}
	parts := 0
	if err := n.Select.Parts(planSIMs, n.Numbers, func(fleet.JobSelection) error { parts++; return nil }); err != nil {
		return err
	}
	staged, err := tx.StagedJobParts(ctx, stage)
	if err == nil && staged != parts {
		err = errStageGone
	}
	return err
}
