package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// mayAssign asks whether the caller may say whose a SIM is: whoever issued it may.
func (p *patching) mayAssign(field string, sim fleet.SIM) error {
	if sim.Issuer == p.ws.ID && assigns(p.who, p.ws) {
		return nil
	}
	return &fleet.Error{
		Code: fleet.Forbidden, Field: field,
		Message: field + ": only Administrators and application tokens of the Workspace that issued the SIM can change it, and no enterprise can; " +
			"POST /api/v1/sim/migration/workspace moves SIMs",
	}
}

// assigns tells whether the caller may do so for SIMs that the Workspace issued. A person
// must administer it, as for any migration; a program has no role.
func assigns(who identity.Principal, ws fleet.Workspace) bool {
	return ws.Type != fleet.Enterprise && (who.Token != 0 || who.SuperAdmin || who.Role.Administers())
}

// mayReplayPatch requires of a repetition what the first request was asked if it was to move
// the SIM. Only a refusal of a move has a body.
func mayReplayPatch(ctx context.Context, tx *store.Tx, who identity.Principal, key store.Key, r Reply) error {
	sides, err := tx.ReplaySides(ctx, key)
	if err != nil || len(sides) == 0 && len(r.Body) == 0 {
		return err
	}
	ws, err := own(ctx, tx, who)
	if err == nil && !assigns(who, ws) {
		err = fleet.Errorf(fleet.Forbidden, "You no longer administer the Workspace that issued the SIM")
	}
	return err
}

// move moves the SIM as a migration of one would, and answers how it stands then.
func (p *patching) move(ctx context.Context, tx *store.Tx, sim fleet.SIM) (fleet.MigrationID, fleet.SIMState, error) {
	sel, err := fleet.SelectSIMs([]fleet.SIMID{sim.ID})
	if err != nil {
		return 0, fleet.SIMState{}, err
	}
	target := p.target(sim)
	snap, err := p.snapshot(ctx, tx, sim, target)
	if err != nil {
		return 0, fleet.SIMState{}, err
	}
	plan, err := fleet.PlanMigration(fleet.MigrationRequest{Target: target, Select: sel}, snap)
	if err != nil {
		return 0, fleet.SIMState{}, err
	}
	id, err := tx.Apply(ctx, change(plan, p.who, p.uid))
	return id, plan.After(plan.SIMs[0]), err
}

// snapshot is what the planner looks at. Whoever issued a SIM is as good as an
// Administrator of the Workspace that has it, and of those below the issuer; others are
// hidden, as from anybody who is no member.
func (p *patching) snapshot(ctx context.Context, tx *store.Tx, sim fleet.SIM, target fleet.WorkspaceID) (fleet.Snapshot, error) {
	found, err := tx.KeptWorkspaces(ctx, []fleet.WorkspaceID{sim.Workspace, target})
	if err != nil {
		return fleet.Snapshot{}, err
	}
	snap := fleet.Snapshot{
		Workspaces: map[fleet.WorkspaceID]fleet.Standing{sim.Workspace: {Workspace: found[sim.Workspace], Role: fleet.Administrator}},
		SIMs:       []fleet.SIMState{sim.State()},
	}
	if p.patch.Customer.None {
		snap.Stock = target
	}
	below := target == p.ws.ID
	if !below {
		if below, err = tx.Below(ctx, target, p.ws.ID); err != nil {
			return snap, err
		}
	}
	if below {
		snap.Workspaces[target] = fleet.Standing{Workspace: found[target], Role: fleet.Administrator}
	}
	return snap, nil
}

// checkOwner wants an issuer or a reseller to stand below the caller's Workspace and to be
// of a type that can be one.
func (p *patching) checkOwner(ctx context.Context, tx *store.Tx, field string, owner Owner, takes func(fleet.Workspace) bool) error {
	if owner.None && field == "reseller_org" {
		return nil
	}
	if owner.None {
		return fleet.Invalid(field, "a SIM always has one: leave the key out")
	}
	id := owner.ID
	found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{id})
	if err != nil {
		return err
	}
	below, err := tx.Below(ctx, id, p.ws.ID)
	if err != nil {
		return err
	}
	if ws, there := found[id]; !there || !below {
		return fleet.Missing("workspace", int64(id))
	} else if !takes(ws) {
		return fleet.Invalid(field, "Workspace %d is of type %s, which cannot be one", id, ws.Type)
	}
	return nil
}

// issues tells whether a Workspace can have issued SIMs that others hold.
func issues(ws fleet.Workspace) bool { return ws.Type != fleet.Enterprise }

// resells tells whether a Workspace can resell SIMs.
func resells(ws fleet.Workspace) bool {
	return ws.Type == fleet.Reseller || ws.Type == fleet.ServiceProvider
}
