package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// mayAssign checks whether the caller may change an owner of a SIM: its issuer may change all
// owners, its reseller all but the issuer.
func (p *simPatchRun) mayAssign(field string, sim fleet.SIM) error {
	if assigns(p.caller, p.ws) && (sim.Issuer == p.ws.ID || sim.Reseller == p.ws.ID && field != "issuer_org") {
		return nil
	}
	return &fleet.Error{
		Code: fleet.Forbidden, Field: field,
		Message: field + ": only Administrators and application tokens of the Workspace that issued the SIM can change it, " +
			"those of its reseller all but issuer_org, those of an enterprise none; POST /api/v1/sim/migration/workspace moves SIMs",
	}
}

// assigns reports whether the caller may change owners of SIMs that the Workspace issued or
// resells. A user must administer it, as for any migration; an application token has no role.
func assigns(caller identity.Principal, ws fleet.Workspace) bool {
	return ws.Type != fleet.Enterprise && (caller.Token != 0 || caller.SuperAdmin || caller.Role.Administers())
}

// mayReplayPatch requires for a repetition what the first request required to move the SIM.
// Only a refused move has a body.
func mayReplayPatch(ctx context.Context, tx *store.Tx, caller identity.Principal, s store.Stored) error {
	if len(s.Reply.Body) == 0 {
		sides, err := tx.Sides(ctx, s.Entry)
		if err != nil || len(sides) == 0 {
			return err
		}
	}
	ws, err := callerWorkspace(ctx, tx, caller)
	if err == nil && !assigns(caller, ws) {
		err = fleet.Errorf(fleet.Forbidden, "You no longer administer the Workspace that issued or resells the SIM")
	}
	return err
}

// move moves the SIM like a migration of one SIM, and returns its new state.
func (p *simPatchRun) move(ctx context.Context, tx *store.Tx, sim fleet.SIM) (fleet.MigrationID, fleet.SIMState, error) {
	sel, err := fleet.SelectSIMs([]fleet.SIMID{sim.ID})
	if err != nil {
		return 0, fleet.SIMState{}, err
	}
	target := p.target(sim)
	snap, err := p.snapshot(ctx, tx, sim, target)
	if err != nil {
		return 0, fleet.SIMState{}, err
	}
	plan, err := fleet.PlanMigration(fleet.MigrationRequest{Target: target, Select: sel, Note: p.patch.Note}, snap)
	if err != nil {
		return 0, fleet.SIMState{}, err
	}
	id, err := apply(ctx, tx, plan, p.caller, p.uid, about{note: p.patch.Note})
	return id, plan.After(plan.SIMs[0]), err
}

// snapshot returns the planner's input. A caller who may move the SIM counts as Administrator
// of the Workspace that has it, and of the children of the caller's own Workspace. Other
// Workspaces are hidden, as from any non-member. The issuer can always take its SIM back.
func (p *simPatchRun) snapshot(ctx context.Context, tx *store.Tx, sim fleet.SIM, target fleet.WorkspaceID) (fleet.Snapshot, error) {
	known := []fleet.WorkspaceID{sim.Workspace}
	if p.stock {
		known = append(known, target)
	}
	found, err := tx.KeptOwners(ctx, p.ws.ID, known, target)
	if err != nil {
		return fleet.Snapshot{}, err
	}
	snap := fleet.Snapshot{
		Workspaces: map[fleet.WorkspaceID]fleet.Standing{sim.Workspace: {Workspace: found[sim.Workspace], Role: fleet.Administrator, Other: fleet.AuthorityIssuer}},
		SIMs:       []fleet.SIMState{sim.State()},
	}
	if p.stock {
		snap.Stock = target
	}
	if ws, there := found[target]; there {
		snap.Workspaces[target] = fleet.Standing{Workspace: ws, Role: fleet.Administrator, Other: fleet.AuthorityIssuer}
	}
	err = tx.AddRules(ctx, &snap)
	return snap, err
}

// checkOwner requires that an issuer or reseller is a child of the caller's Workspace and has a
// suitable type.
func (p *simPatchRun) checkOwner(ctx context.Context, tx *store.Tx, field string, owner Owner, takes func(fleet.Workspace) bool) error {
	if owner.None && field == "reseller_org" {
		return nil
	}
	if owner.None {
		return fleet.Invalid(field, "a SIM always has one: omit the field to keep it")
	}
	id := owner.ID
	found, err := tx.KeptOwners(ctx, p.ws.ID, nil, id)
	if err != nil {
		return err
	}
	if ws, there := found[id]; !there || ws.Parent != p.ws.ID {
		return fleet.Missing("workspace", int64(id))
	} else if !takes(ws) {
		return fleet.Invalid(field, "Workspace %d has the type %s, which is not allowed here", id, ws.Type)
	}
	return nil
}

// issues reports whether a Workspace can have issued SIMs that others hold.
func issues(ws fleet.Workspace) bool {
	return ws.Type == fleet.MobileNetworkOperator || ws.Type == fleet.ServiceProvider
}

// resells reports whether a Workspace can resell SIMs.
func resells(ws fleet.Workspace) bool { return issues(ws) || ws.Type == fleet.Reseller }
