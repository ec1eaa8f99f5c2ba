package control

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Undone is the result of an undo: its plan, and the ID of the ledger entry of each of its
// moves, in their order.
type Undone struct {
	Plan *fleet.UndoPlan
	IDs  []fleet.MigrationID
}

// PreviewUndo returns what an undo would do, and changes nothing.
//
// Permission: MigrateSIMs. Errors: NotFound for a migration that the caller may not see; those
// of fleet.PlanUndo.
func (c *Control) PreviewUndo(ctx context.Context, caller identity.Principal, req fleet.UndoRequest) (plan *fleet.UndoPlan, err error) {
	if err := caller.Require(identity.MigrateSIMs); err != nil {
		return nil, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		snap, found, err := tx.UndoSnapshot(ctx, storeCaller(caller), caller.Workspace, req, false)
		if err != nil {
			return err
		}
		if !found {
			return fleet.Missing("migration", int64(req.Migration))
		}
		plan, err = fleet.PlanUndo(req, snap)
		return err
	})
	return plan, err
}

// UndoRun is a request to undo a migration for real.
type UndoRun struct {
	Request fleet.UndoRequest
	Preview fleet.Previews // if set, the run moves exactly what was previewed
}

// Undo moves the SIMs of a migration back: all of them or none, in one transaction. Each
// Workspace that gets SIMs back has a ledger entry of its own, with its events and its audit
// entry.
//
// Permission: MigrateSIMs. Errors: *Stale; those of PreviewUndo and once. A refusal by the rules
// is stored under an idempotency key like a success.
func (c *Control) Undo(ctx context.Context, caller identity.Principal, run UndoRun, w Write[Undone]) (Reply, error) {
	if err := run.Request.Note.Check(); err != nil {
		return Reply{}, err
	}
	u := undoRun{run: run, uid: uuid.NewString()} // all attempts of the transaction share the uid
	g := guard{need: identity.MigrateSIMs, replay: u.mayReplay}
	started := time.Now()
	r, err := once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[Undone], error) {
		u.caller, u.done = caller, Undone{}
		done, err := u.attempt(ctx, tx)
		if err != nil {
			return result[Undone]{}, err
		}
		u.done = done
		return result[Undone]{value: done, entry: done.IDs[0]}, nil
	})
	if err == nil && !r.Replayed && u.done.Plan != nil {
		for i, move := range u.done.Plan.Moves {
			c.logMigration(caller, Migrated{move, u.done.IDs[i]}, time.Since(started))
		}
	}
	return r, err
}

// undoRun holds the state of one undo over all attempts of its transaction.
type undoRun struct {
	caller identity.Principal
	run    UndoRun
	uid    string
	done   Undone // the result, once it is committed
}

func (u *undoRun) attempt(ctx context.Context, tx *store.Tx) (Undone, error) {
	req := u.run.Request
	snap, found, err := tx.UndoSnapshot(ctx, storeCaller(u.caller), u.caller.Workspace, req, true)
	if err != nil {
		return Undone{}, err
	}
	if !found {
		return Undone{}, fleet.Missing("migration", int64(req.Migration))
	}
	plan, refusal := fleet.PlanUndo(req, snap)
	if u.run.Preview != nil && fleet.CodeOf(refusal) != fleet.NotFound {
		if err := compareUndo(ctx, tx, storeCaller(u.caller), u.run, snap, plan); err != nil {
			return Undone{}, err
		}
	}
	if refusal != nil {
		return Undone{}, refusal
	}
	done := Undone{Plan: plan}
	what := about{&fleet.Undo{Migration: req.Migration, RestoreStatus: req.RestoreStatus, RestoreDevices: req.RestoreDevices}, req.Note}
	for i, move := range plan.Moves {
		id, err := apply(ctx, tx, move, u.caller, u.entryUID(i), what)
		if err != nil {
			return Undone{}, err
		}
		done.IDs = append(done.IDs, id)
	}
	return done, nil
}

// entryUID returns the uid of the entry of a move.
func (u *undoRun) entryUID(move int) string { return fmt.Sprintf("%s.%d", u.uid, move) }

// compareUndo refuses an undo that would not do exactly what was previewed; see compare.
func compareUndo(ctx context.Context, tx *store.Tx, caller store.Caller, run UndoRun, snap fleet.UndoSnapshot, plan *fleet.UndoPlan) error {
	if plan != nil && run.Preview.MatchesUndo(plan) {
		return nil
	}
	sel := run.Request.Selector(snap.Entry)
	preview := run.Preview.Of(func(v *fleet.Preview) bool { return v.SameUndo(run.Request, len(sel.SIMs)) })
	if preview == nil {
		return &Stale{OtherRequest: true}
	}
	stale, err := drifted(ctx, tx, caller, preview, fleet.MigrationRequest{Select: sel}, snap.Snapshot)
	if err != nil || plan == nil && len(stale.SIMs) == 0 {
		return err
	}
	return stale
}

// mayReplay checks a repetition like the first request; see migrationRun.mayReplay.
func (u *undoRun) mayReplay(ctx context.Context, tx *store.Tx, caller identity.Principal, s store.Stored) error {
	entry, found, err := tx.Migration(ctx, storeCaller(caller), caller.Workspace, u.run.Request.Migration)
	if err != nil {
		return err
	}
	if !found {
		return fleet.Missing("migration", int64(u.run.Request.Migration))
	}
	refused := s.Entry == 0
	if refused && !s.NamedKnown {
		return usedBefore()
	}
	workspaces := slices.Concat([]fleet.WorkspaceID{entry.Target.ID}, s.Named, u.run.Request.Homes(entry))
	standings, err := tx.Standings(ctx, caller.User, fleet.Once(workspaces))
	if err != nil {
		return err
	}
	for _, id := range workspaces {
		s := standings[id]
		if refused && s.Role == fleet.NoRole || !refused && fleet.Authorize(&s) == fleet.NoAuthority {
			return fleet.Errorf(fleet.Forbidden, "You no longer have the rights in a Workspace of this undo that you had at the first request")
		}
	}
	return nil
}
