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

// A batch's code is enough to register it, so a Workspace may try only a few codes.
const (
	batchGuesses = 20
	batchPeriod  = time.Hour
)

// Batch is a batch of SIMs that can be registered.
type Batch struct {
	ID       int64 // that of its first SIM
	BIC      string
	Quantity int // SIMs that would come into the caller's Workspace
	Issuer   fleet.WorkspaceID
	Reseller fleet.WorkspaceID // 0 for none
	Model    fleet.Model       // of its first SIM
}

// Batch reads the batch that a code would register in the caller's Workspace.
//
// Permission: ReadSIMs. Errors: NotFound for an unknown code; BadRequest for a batch that is
// registered; ValidationFailed for one with SIMs of another Workspace; TooManyRequests if the
// Workspace has tried too many wrong codes.
func (c *Control) Batch(ctx context.Context, caller identity.Principal, bic string) (found Batch, err error) {
	if err := caller.Require(identity.ReadSIMs); err != nil {
		return found, err
	}
	err = c.guessing(ctx, caller, func() error {
		return c.store.View(ctx, func(tx *store.Tx) error {
			sims, err := waiting(ctx, tx, caller.Workspace, bic, false)
			if err != nil {
				return err
			}
			first := sims[0]
			models, err := tx.Models(ctx, []fleet.ModelID{first.Model})
			found = Batch{
				ID: int64(first.ID), BIC: bic, Quantity: len(sims), Issuer: first.Issuer, Reseller: first.Reseller, Model: models[first.Model],
			}
			return err
		})
	})
	return found, err
}

// Registration is a request to register a batch.
type Registration struct {
	BIC    string
	Status fleet.SIMStatus // Issued leaves the status unchanged; Activated or Factory Test if a SIM's status allows it
}

// RegisterBatch moves the SIMs of a batch from their issuer into the caller's Workspace. This
// is a migration that also writes event 48 in the Workspace. A code can be used once. The
// result are the SIMs after the change.
//
// Permission: WriteSIMs. Errors: ValidationFailed when Batch would refuse the code;
// TooManyRequests; those of once.
func (c *Control) RegisterBatch(ctx context.Context, caller identity.Principal, reg Registration, w Write[SIMs]) (r Reply, err error) {
	if err := caller.Require(identity.WriteSIMs); err != nil {
		return Reply{}, err
	}
	uid := uuid.NewString()
	err = c.guessing(ctx, caller, func() error {
		r, err = once(ctx, c, caller, guard{need: identity.WriteSIMs}, w, func(tx *store.Tx, caller identity.Principal) (result[SIMs], error) {
			done, entry, err := register(ctx, tx, caller, reg, uid)
			return result[SIMs]{value: done, entry: entry}, err
		})
		return err
	})
	return r, err
}

func register(ctx context.Context, tx *store.Tx, caller identity.Principal, reg Registration, uid string) (done SIMs, entry fleet.MigrationID, err error) {
	sims, err := waiting(ctx, tx, caller.Workspace, reg.BIC, true)
	if err != nil {
		return done, 0, asValidation(err)
	}
	plan, err := batchPlan(ctx, tx, caller, sims)
	if err != nil {
		return done, 0, err
	}
	c := change(plan, caller, uid, about{})
	c.Audit.Action = fleet.AuditBatchRegistered
	c.Events = append(c.Events, fleet.Event{
		Type: fleet.EventSIMRegistered, Workspace: caller.Workspace, Description: fmt.Sprintf("Batch %s registered with %s", reg.BIC, count(len(sims))),
	})
	if entry, err = tx.Apply(ctx, c); err != nil {
		return done, 0, err
	}
	if err := tx.RegisterBatch(ctx, reg.BIC, caller.Workspace, entry); err != nil {
		return done, 0, err
	}
	if err := changeMoved(ctx, tx, caller, plan, reg.Status); err != nil {
		return done, 0, err
	}
	if done.Items, err = tx.SIMsByID(ctx, plan.Target, plan.Request.Select.SIMs); err != nil {
		return done, 0, err
	}
	err = done.loadReferences(ctx, tx)
	return done, entry, err
}

// batchPlan plans the migration. The code stands for the consent of the issuer, and the
// permission for that of the Workspace.
func batchPlan(ctx context.Context, tx *store.Tx, caller identity.Principal, sims []fleet.SIM) (*fleet.Plan, error) {
	places := seen[fleet.WorkspaceID]{caller.Workspace: {}}
	req := fleet.MigrationRequest{Target: caller.Workspace}
	var snap fleet.Snapshot
	for _, s := range sims {
		places.add(s.Workspace)
		req.Select.SIMs = append(req.Select.SIMs, s.ID) // more than a request may select
		snap.SIMs = append(snap.SIMs, s.State())
	}
	found, err := tx.KeptWorkspaces(ctx, places.list())
	if err != nil {
		return nil, err
	}
	snap.Workspaces = make(map[fleet.WorkspaceID]fleet.Standing, len(found))
	for id, w := range found {
		snap.Workspaces[id] = fleet.Standing{Workspace: w, Role: fleet.Administrator, Other: fleet.AuthorityCode}
	}
	if err := tx.AddRules(ctx, &snap); err != nil {
		return nil, err
	}
	return fleet.PlanMigration(req, snap)
}

// changeMoved sets the status of the moved SIMs, if their present status allows it.
func changeMoved(ctx context.Context, tx *store.Tx, caller identity.Principal, plan *fleet.Plan, status fleet.SIMStatus) error {
	var lines []store.Line
	for _, s := range plan.SIMs {
		before := plan.After(s)
		if status != fleet.SIMIssued && before.Status.MayBecome(status) {
			after := before
			after.Status = status
			after.Version++
			lines = append(lines, store.Line{Before: before, After: after})
		}
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := tx.Apply(ctx, store.Change{UID: uuid.NewString(), Kind: fleet.LedgerStatus, By: storeCaller(caller), Lines: lines})
	return err
}

// errGuess is in the chain of the refusal of a code that is not for the caller.
var errGuess = errors.New("not the code of a batch for this Workspace")

// waiting returns the SIMs of a batch that a Workspace can register: those still with their
// issuer.
func waiting(ctx context.Context, tx *store.Tx, ws fleet.WorkspaceID, bic string, lock bool) ([]fleet.SIM, error) {
	all, err := tx.BatchSIMs(ctx, bic, lock)
	if err != nil {
		return nil, err
	}
	taken, err := tx.RegisteredBatches(ctx, []string{bic}) // read after locking
	if err != nil {
		return nil, err
	}
	if by, registered := taken[bic]; registered {
		refusal := fleet.Invalid("bic", "the batch is already registered")
		if by != ws { // the Workspace that registered it is not limited
			refusal.Err = errGuess
		}
		return nil, refusal
	}
	var sims []fleet.SIM
	for _, s := range all {
		switch s.Workspace {
		case s.Issuer:
			sims = append(sims, s)
		case ws: // moved by another migration
		default:
			refusal := fleet.Errorf(fleet.ValidationFailed, "bic: the batch has SIMs of another Workspace")
			refusal.Problems, refusal.Err = []fleet.Problem{{Code: fleet.InvalidReference, Message: refusal.Message}}, errGuess
			return nil, refusal
		}
	}
	if len(sims) == 0 {
		refusal := fleet.Missing("sim_batch", bic)
		refusal.Err = errGuess
		return nil, refusal
	}
	return sims, nil
}

// asValidation turns the refusal of a code into the one of PATCH: always a 422, with the same
// message for all codes that are not for the caller.
func asValidation(err error) error {
	const words = "bic: no batch can be registered with this code: it is unknown or was used, or the batch has SIMs of another Workspace"
	if !errors.Is(err, errGuess) {
		var refusal *fleet.Error
		if errors.As(err, &refusal) && refusal.Code == fleet.BadRequest { // the caller's Workspace has registered it
			return &fleet.Error{Code: fleet.ValidationFailed, Message: refusal.Message, Problems: []fleet.Problem{{Code: fleet.InvalidReference, Message: refusal.Message}}}
		}
		return err
	}
	return &fleet.Error{
		Code: fleet.ValidationFailed, Message: words, Err: errGuess,
		Problems: []fleet.Problem{{Code: fleet.InvalidReference, Message: words}},
	}
}

// guessing counts wrong codes, and refuses further ones beyond the limit.
func (c *Control) guessing(ctx context.Context, caller identity.Principal, try func() error) error {
	key := batchGuessesIn(caller.Workspace)
	var tried store.Counter
	var now time.Time
	err := c.store.View(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		tried, err = key.Read(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	if tried.Count >= batchGuesses {
		return TooMany("Too many wrong batch codes", tried.Expires.Sub(now))
	}
	err = try()
	if !errors.Is(err, errGuess) {
		return err
	}
	counting := c.store.Update(ctx, func(tx *store.Tx) error {
		_, err := key.Add(ctx, tx, batchPeriod)
		return err
	})
	return errors.Join(err, counting)
}
