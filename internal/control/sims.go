package control

import (
	"context"
	"maps"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// SIMs holds SIMs and what they refer to.
type SIMs struct {
	fleet.Page[fleet.SIM]
	Workspaces map[fleet.WorkspaceID]fleet.Workspace
	Models     map[fleet.ModelID]fleet.Model
}

// ListSIMs reads one page of the SIMs of the caller's Workspace. Unless that is an enterprise,
// the list includes the SIMs that it issued or resells.
//
// Permission: ReadSIMs.
func (c *Control) ListSIMs(ctx context.Context, caller identity.Principal, l fleet.List) (found SIMs, err error) {
	found, _, err = c.ListAndCountSIMs(ctx, caller, l)
	return found, err
}

// ListAndCountSIMs does what ListSIMs does, and also returns the number of SIMs of other lists.
//
// Permission: ReadSIMs.
func (c *Control) ListAndCountSIMs(ctx context.Context, caller identity.Principal, l fleet.List, others ...fleet.List) (found SIMs, totals []int, err error) {
	if err := caller.Require(identity.ReadSIMs); err != nil {
		return found, nil, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		ws, err := callerWorkspace(ctx, tx, caller)
		if err != nil {
			return err
		}
		if found.Page, err = tx.SIMs(ctx, ws, l); err != nil {
			return err
		}
		totals = make([]int, len(others))
		for i, other := range others {
			if totals[i], err = tx.CountSIMs(ctx, ws, other); err != nil {
				return err
			}
		}
		return found.loadReferences(ctx, tx)
	})
	return found, totals, err
}

// SIM reads one SIM. Permission: ReadSIMs. Errors: NotFound, also for a SIM of a Workspace that
// the caller cannot see.
func (c *Control) SIM(ctx context.Context, caller identity.Principal, id fleet.SIMID) (found SIMs, err error) {
	if err := caller.Require(identity.ReadSIMs); err != nil {
		return found, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		sim, err := visibleSIM(ctx, tx, caller, id, false)
		if err != nil {
			return err
		}
		found.Items = []fleet.SIM{sim}
		return found.loadReferences(ctx, tx)
	})
	return found, err
}

// visibleSIM returns a SIM that is visible to the caller's Workspace.
func visibleSIM(ctx context.Context, tx *store.Tx, caller identity.Principal, id fleet.SIMID, lock bool) (fleet.SIM, error) {
	ws, err := callerWorkspace(ctx, tx, caller)
	if err != nil {
		return fleet.SIM{}, err
	}
	sim, found, err := tx.SIM(ctx, ws, id, lock)
	if err == nil && !found {
		err = fleet.Missing("sim", int64(id))
	}
	return sim, err
}

// callerWorkspace returns the caller's Workspace.
func callerWorkspace(ctx context.Context, tx *store.Tx, caller identity.Principal) (fleet.Workspace, error) {
	found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{caller.Workspace})
	return found[caller.Workspace], err
}

// loadReferences reads what the SIMs refer to.
func (found *SIMs) loadReferences(ctx context.Context, tx *store.Tx) (err error) {
	workspaces, models := make(seen[fleet.WorkspaceID]), make(seen[fleet.ModelID])
	for i := range found.Items {
		s := &found.Items[i]
		workspaces.add(s.Workspace, s.Issuer, s.Reseller)
		models.add(s.Model)
	}
	if found.Workspaces, err = tx.Workspaces(ctx, workspaces.list()); err != nil {
		return err
	}
	found.Models, err = tx.Models(ctx, models.list())
	return err
}

// seen is a set of IDs; it ignores 0.
type seen[T ~int64] map[T]struct{}

func (s seen[T]) add(ids ...T) {
	for _, id := range ids {
		if id != 0 {
			s[id] = struct{}{}
		}
	}
}

func (s seen[T]) list() []T { return slices.AppendSeq(make([]T, 0, len(s)), maps.Keys(s)) }
