package control

import (
	"context"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// maxDraftForm bounds the form of a draft, in bytes.
const maxDraftForm = 16 << 10

// SaveMoveDraft keeps a move that the caller prepares, for store.DraftTTL. A job is made of it with
// NewJob.Draft.
//
// Permission: MigrateSIMs; users only. Errors: those of once.
func (c *Control) SaveMoveDraft(ctx context.Context, caller identity.Principal, d fleet.MoveDraft, sel fleet.JobSelection, w Write[fleet.MoveDraft]) (Reply, error) {
	if len(d.Form) > maxDraftForm {
		return Reply{}, fleet.Invalid("form", "it has more than %d characters: shorten its texts", maxDraftForm)
	}
	n := NewJob{Kind: fleet.JobMigration, Select: sel, Numbers: sel.Packed}
	stage, err := c.stageParts(ctx, caller, n, func(*store.Tx) error { return nil })
	if err != nil {
		return Reply{}, err
	}
	if stage != 0 { // the filters are needed to check each job that is made of the draft
		sel = fleet.JobSelection{Filters: sel.Filters}
	}
	r, err := once(ctx, c, caller, guard{need: identity.MigrateSIMs}, w, func(tx *store.Tx, caller identity.Principal) (result[fleet.MoveDraft], error) {
		if !caller.UserCredentials() {
			return result[fleet.MoveDraft]{}, errOnlyUsers
		}
		if err := n.staged(ctx, tx, stage); err != nil {
			return result[fleet.MoveDraft]{}, err
		}
		id, err := tx.InsertMoveDraft(ctx, caller.User, d, sel, stage)
		d.ID = id
		return result[fleet.MoveDraft]{value: d}, err
	})
	if stage != 0 && (err != nil || r.Replayed) {
		c.dropStage(ctx, stage)
	}
	return r, err
}

// MoveDraft reads a draft of the caller.
//
// Permission: MigrateSIMs. Errors: NotFound, also for a draft of another user, and for one that has
// expired.
func (c *Control) MoveDraft(ctx context.Context, caller identity.Principal, id fleet.DraftID) (d fleet.MoveDraft, err error) {
	if err := caller.Require(identity.MigrateSIMs); err != nil {
		return d, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		d, err = ownDraft(ctx, tx, caller, id, false)
		return err
	})
	return d, err
}

func ownDraft(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.DraftID, lock bool) (fleet.MoveDraft, error) {
	d, found, err := tx.MoveDraft(ctx, caller.User, id, lock)
	if err == nil && (!found || caller.User == 0) {
		err = fleet.Missing("draft", int64(id))
	}
	return d, err
}

// JobOfDraft names the draft that a job is made of, with the form that the user has sent. The
// selection of the job is that of the draft. The earlier job of the draft is cancelled, unless it
// was started.
type JobOfDraft struct {
	Draft fleet.DraftID
	Form  string
}

// selectDraft reads the selection of the draft of a job; without a draft it changes nothing.
func (n *NewJob) selectDraft(ctx context.Context, tx *store.Tx, caller identity.Principal) (d fleet.MoveDraft, err error) {
	if n.Draft == nil {
		return d, nil
	}
	if d, err = ownDraft(ctx, tx, caller, n.Draft.Draft, true); err != nil {
		return d, err
	}
	n.Select, n.stage, err = tx.DraftSelection(ctx, d.ID)
	n.Numbers, n.Select.Packed = n.Select.Packed, nil
	return d, err
}

// keepDraft stores in the draft which job was planned from it, and cancels the one before.
func (n *NewJob) keepDraft(ctx context.Context, tx *store.Tx, caller identity.Principal, d fleet.MoveDraft, made fleet.JobID) error {
	if n.Draft == nil {
		return nil
	}
	if d.Job != 0 {
		old, found, err := tx.HoldJob(ctx, d.Job)
		if err != nil {
			return err
		}
		if found && slices.Contains([]fleet.JobState{fleet.JobPlanning, fleet.JobPlanned}, old.State) {
			setJob(&old, fleet.JobDetails{State: fleet.JobCancelled, At: tx.Now(), User: caller.User, Name: caller.Username, Why: "a newer preview replaces it"})
			if err := tx.SaveJob(ctx, old, store.JobProgress{}); err != nil {
				return err
			}
		}
	}
	d.Form, d.Job = n.Draft.Form, made
	return tx.SaveMoveDraft(ctx, d)
}

// JobEffects reads what the plan of a job would change when it was made, as far as the caller may
// see its SIMs.
//
// Permission: ReadMigrations. Errors: NotFound, also for a job that the caller may not see.
func (c *Control) JobEffects(ctx context.Context, caller identity.Principal, id fleet.JobID) (effects []fleet.JobEffect, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return nil, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		if _, err := seenJob(ctx, tx, caller, id, false); err != nil {
			return err
		}
		effects, err = tx.JobEffects(ctx, storeCaller(caller), caller.Workspace, id)
		return err
	})
	return effects, err
}
