package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// A batch goes to whoever knows its code first, so a Workspace may not try many.
const (
	batchGuesses = 20
	batchPeriod  = time.Hour
)

// Batch reads the SIMs that a code would bring into the caller's Workspace.
//
// Permission: ReadSIMs. Errors: ValidationFailed for a code that is unknown or used
// already, indistinguishably; TooManyRequests where the Workspace has tried many such.
func (c *Control) Batch(ctx context.Context, who identity.Principal, bic string) (found SIMs, err error) {
	if err := who.Require(identity.ReadSIMs); err != nil {
		return found, err
	}
	err = c.guessing(ctx, who, func() error {
		return c.store.View(ctx, func(tx *store.Tx) error {
			found.Items, err = waiting(ctx, tx, bic, false)
			if err != nil {
				return err
			}
			return found.look(ctx, tx)
		})
	})
	return found, err
}

// Registration asks for the SIMs of a batch.
type Registration struct {
	BIC    string
	Status fleet.SIMStatus // Issued leaves them as they are, Activated activates them
	Once   Once
	// Render words the SIMs as they are then, or the refusal by the rules of a migration.
	Render func(SIMs, *fleet.Conflicts) Reply
}

// RegisterBatch moves the SIMs of a batch from their issuer into the caller's Workspace:
// a migration, with an event 48 in the Workspace besides. A code is good for once.
//
// Permission: WriteSIMs. Errors: those of Batch; those of Once.
func (c *Control) RegisterBatch(ctx context.Context, who identity.Principal, reg Registration) (r Reply, replayed bool, err error) {
	if err := who.Require(identity.WriteSIMs); err != nil {
		return Reply{}, false, err
	}
	uid := uuid.NewString()
	err = c.guessing(ctx, who, func() error {
		r, replayed, err = c.once(ctx, who, reg.Once, func(tx *store.Tx) (answer, error) {
			done, entry, err := register(ctx, tx, who, reg, uid)
			var refusal *fleet.Conflicts
			switch {
			case err == nil:
				return answer{reg.Render(done, nil), entry, true}, nil
			case errors.As(err, &refusal):
				return answer{reg.Render(SIMs{}, refusal), 0, true}, nil
			}
			return answer{}, err
		})
		return err
	})
	return r, replayed, err
}

func register(ctx context.Context, tx *store.Tx, who identity.Principal, reg Registration, uid string) (done SIMs, entry fleet.MigrationID, err error) {
	if tx.Unsure() {
		if done.Items, entry, err = registered(ctx, tx, uid); err != nil {
			return done, 0, err
		}
		if entry != 0 {
			err = done.look(ctx, tx)
			return done, entry, err
		}
	}
	sims, err := waiting(ctx, tx, reg.BIC, true)
	if err != nil {
		return done, 0, err
	}
	plan, err := batchPlan(ctx, tx, who, sims)
	if err != nil {
		return done, 0, err
	}
	c := change(plan, who, uid)
	c.Audit.Action = fleet.AuditBatchRegistered
	c.Events = append(c.Events, fleet.Event{
		Type: fleet.EventSIMRegistered, Workspace: who.Workspace, Description: fmt.Sprintf("Batch %s registered with %s", reg.BIC, count(len(sims))),
	})
	if entry, err = tx.Apply(ctx, c); err != nil {
		return done, 0, err
	}
	if err := tx.RegisterBatch(ctx, reg.BIC, who.Workspace, entry); err != nil {
		return done, 0, err
	}
	if err := activateMoved(ctx, tx, who, plan, reg.Status); err != nil {
		return done, 0, err
	}
	if done.Items, err = tx.SIMsByID(ctx, plan.Target, plan.Request.Select.SIMs); err != nil {
		return done, 0, err
	}
	err = done.look(ctx, tx)
	return done, entry, err
}

// registered finds what an attempt did whose outcome was lost.
func registered(ctx context.Context, tx *store.Tx, uid string) ([]fleet.SIM, fleet.MigrationID, error) {
	entry, happened, err := tx.EntryByUID(ctx, uid)
	if err != nil || !happened {
		return nil, 0, err
	}
	sims, err := tx.SIMsOfEntry(ctx, entry)
	return sims, entry, err
}

// batchPlan asks the planner. The code stands for the consent of the issuer, and the
// permission for that of the Workspace.
func batchPlan(ctx context.Context, tx *store.Tx, who identity.Principal, sims []fleet.SIM) (*fleet.Plan, error) {
	places := seen[fleet.WorkspaceID]{who.Workspace: {}}
	req := fleet.MigrationRequest{Target: who.Workspace}
	var snap fleet.Snapshot
	for _, s := range sims {
		places.add(s.Workspace)
		req.Select.SIMs = append(req.Select.SIMs, s.ID) // more than a request may name
		snap.SIMs = append(snap.SIMs, s.State())
	}
	found, err := tx.Workspaces(ctx, places.list())
	if err != nil {
		return nil, err
	}
	snap.Workspaces = make(map[fleet.WorkspaceID]fleet.Standing, len(found))
	for id, w := range found {
		snap.Workspaces[id] = fleet.Standing{Workspace: w, Role: fleet.Administrator}
	}
	return fleet.PlanMigration(req, snap)
}

// activateMoved activates the SIMs that have moved, as far as their status allows it.
func activateMoved(ctx context.Context, tx *store.Tx, who identity.Principal, plan *fleet.Plan, status fleet.SIMStatus) error {
	var lines []store.Line
	for _, s := range plan.SIMs {
		before := plan.After(s)
		if status == fleet.SIMActivated && before.Status.MayBecome(status) {
			after := before
			after.Status = status
			after.Version++
			lines = append(lines, store.Line{Before: before, After: after})
		}
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := tx.Apply(ctx, store.Change{UID: uuid.NewString(), Kind: fleet.LedgerStatus, By: caller(who), Lines: lines})
	return err
}

// waiting are the SIMs of a batch that can still be registered.
func waiting(ctx context.Context, tx *store.Tx, bic string, lock bool) ([]fleet.SIM, error) {
	sims, err := tx.BatchSIMs(ctx, bic, lock)
	if err != nil {
		return nil, err
	}
	taken, err := tx.RegisteredBatches(ctx, []string{bic}) // asked behind the locks
	if err != nil {
		return nil, err
	}
	if len(sims) == 0 || taken[bic] {
		return nil, &fleet.Error{
			Code: fleet.ValidationFailed, Message: "bic: there is no such batch to be registered: the code is unknown, or was used",
			Problems: []fleet.Problem{{Code: fleet.InvalidReference, Message: "bic: there is no such batch to be registered"}},
		}
	}
	return sims, nil
}

// guessing counts codes that are good for nothing, and refuses to try more of them.
func (c *Control) guessing(ctx context.Context, who identity.Principal, try func() error) error {
	key := batchGuessesIn(who.Workspace)
	var tried store.Counter
	var now time.Time
	err := c.store.View(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		tried, err = key.read(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if tried.Count >= batchGuesses {
		return tooMany("Too many codes were tried that no batch has", tried.Expires.Sub(now))
	}
	err = try()
	if fleet.CodeOf(err) != fleet.ValidationFailed {
		return err
	}
	counting := c.store.Update(ctx, func(tx *store.Tx) error {
		_, err := key.add(ctx, tx, batchPeriod)
		return err
	})
	return errors.Join(err, counting)
}
