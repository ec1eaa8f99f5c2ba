package control

import (
	"context"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// SIMs are SIMs and the Workspaces that they refer to.
type SIMs struct {
	fleet.Page[fleet.SIM]
	Workspaces map[fleet.WorkspaceID]fleet.Workspace
}

// ListSIMs reads one page of the SIMs of the caller's Workspace; of those that it issued
// or resells as well, where it is no enterprise.
//
// Permission: ReadSIMs.
func (c *Control) ListSIMs(ctx context.Context, who identity.Principal, l fleet.List) (found SIMs, err error) {
	if err := who.Require(identity.ReadSIMs); err != nil {
		return found, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		ws, err := own(ctx, tx, who)
		if err != nil {
			return err
		}
		if found.Page, err = tx.SIMs(ctx, ws, l); err != nil {
			return err
		}
		found.Workspaces, err = workspacesOf(ctx, tx, found.Items)
		return err
	})
	return found, err
}

// SIM reads one SIM. Permission: ReadSIMs. Errors: NotFound, also for a SIM of a Workspace
// that is none of the caller's business.
func (c *Control) SIM(ctx context.Context, who identity.Principal, id fleet.SIMID) (found SIMs, err error) {
	if err := who.Require(identity.ReadSIMs); err != nil {
		return found, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		sim, err := visibleSIM(ctx, tx, who, id, false)
		if err != nil {
			return err
		}
		found.Items = []fleet.SIM{sim}
		found.Workspaces, err = workspacesOf(ctx, tx, found.Items)
		return err
	})
	return found, err
}

// SIMPatch is what a caller would have of a SIM; nil leaves a thing as it is. An owner is
// there only to be compared: a client may send back what it received.
type SIMPatch struct {
	Status                     *fleet.SIMStatus
	Customer, Issuer, Reseller *fleet.WorkspaceID // 0 for none
}

// PatchSIM takes a SIM to another status, with its event and its ledger line. The same
// status again is done already. done is the reply to what went well.
//
// Permission: WriteSIMs. Errors: NotFound; BadRequest for a transition that is not allowed;
// Forbidden for another owner than the SIM has; those of Once.
func (c *Control) PatchSIM(ctx context.Context, who identity.Principal, id fleet.SIMID, patch SIMPatch, o Once, done Reply) (Reply, bool, error) {
	if err := who.Require(identity.WriteSIMs); err != nil {
		return Reply{}, false, err
	}
	uid := uuid.NewString()
	return c.once(ctx, who, o, func(tx *store.Tx) (answer, error) {
		sim, err := visibleSIM(ctx, tx, who, id, true)
		if err != nil {
			return answer{}, err
		}
		if tx.Unsure() {
			if entry, happened, err := tx.EntryByUID(ctx, uid); err != nil || happened {
				return answer{done, entry, true}, err
			}
		}
		if err := patch.check(sim); err != nil {
			return answer{}, err
		}
		if patch.Status == nil || *patch.Status == sim.Status {
			return answer{done, 0, true}, nil
		}
		entry, err := tx.Apply(ctx, statusChange(sim, *patch.Status, who, uid))
		return answer{done, entry, true}, err
	})
}

// check refuses what cannot be patched.
func (p SIMPatch) check(sim fleet.SIM) error {
	for _, owner := range []struct {
		field string
		want  *fleet.WorkspaceID
		has   fleet.WorkspaceID
	}{
		{"customer_org", p.Customer, sim.Workspace}, {"issuer_org", p.Issuer, sim.Issuer}, {"reseller_org", p.Reseller, sim.Reseller},
	} {
		if owner.want != nil && *owner.want != owner.has {
			return &fleet.Error{
				Code: fleet.Forbidden, Field: owner.field,
				Message: owner.field + ": only status can be changed here; POST /api/v1/sim/migration/workspace moves SIMs",
			}
		}
	}
	if p.Status != nil && *p.Status != sim.Status && !sim.Status.MayBecome(*p.Status) {
		return fleet.Invalid("status", "a SIM cannot go from %s to %s", sim.Status, *p.Status)
	}
	return nil
}

func statusChange(sim fleet.SIM, next fleet.SIMStatus, who identity.Principal, uid string) store.Change {
	before := sim.State()
	after := before
	after.Status = next
	after.Version++
	return store.Change{UID: uid, Kind: fleet.LedgerStatus, By: caller(who), Lines: []store.Line{{Before: before, After: after}}}
}

// visibleSIM finds a SIM in the scope of the caller's Workspace.
func visibleSIM(ctx context.Context, tx *store.Tx, who identity.Principal, id fleet.SIMID, lock bool) (fleet.SIM, error) {
	ws, err := own(ctx, tx, who)
	if err != nil {
		return fleet.SIM{}, err
	}
	sim, found, err := tx.SIM(ctx, ws, id, lock)
	if err == nil && !found {
		err = fleet.Missing("sim", int64(id))
	}
	return sim, err
}

// own is the caller's Workspace.
func own(ctx context.Context, tx *store.Tx, who identity.Principal) (fleet.Workspace, error) {
	found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{who.Workspace})
	return found[who.Workspace], err
}

func workspacesOf(ctx context.Context, tx *store.Tx, sims []fleet.SIM) (map[fleet.WorkspaceID]fleet.Workspace, error) {
	seen := make(map[fleet.WorkspaceID]bool)
	var ids []fleet.WorkspaceID
	for _, s := range sims {
		for _, id := range [...]fleet.WorkspaceID{s.Workspace, s.Issuer, s.Reseller} {
			if id != 0 && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return tx.Workspaces(ctx, ids)
}
