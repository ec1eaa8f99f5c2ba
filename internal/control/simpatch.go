package control

import (
	"context"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// SIMPatch holds the changes to a SIM. A nil field, or one with the present value, changes
// nothing, so a client may send back what it received.
type SIMPatch struct {
	SIM      fleet.SIMID
	Status   *fleet.SIMStatus
	Customer *Owner // none, or the issuer, returns the SIM to the issuer's stock
	Issuer   *Owner
	Reseller *Owner
	Note     fleet.Note // kept with the change in the ledger
}

// Owner is a Workspace given in a request, or none.
type Owner struct {
	ID   fleet.WorkspaceID
	None bool
}

// is reports whether o is the Workspace has, the SIM's present owner; 0 means no owner.
func (o Owner) is(has fleet.WorkspaceID) bool { return o.None == (has == 0) && (o.None || o.ID == has) }

// PatchSIM changes the status of a SIM, with its event and its ledger line. It also moves the
// SIM into another Workspace, if the caller's Workspace issued or resells it. Such a move is a
// migration of one SIM: it uses fleet.PlanMigration and writes the same rows. A status in the
// same request is the status after the move. The result is the ID of the migration's entry, 0
// if the SIM was not moved.
//
// Permission: WriteSIMs. To change owners, the caller must also be an Administrator, or an
// application token, of the Workspace that issued the SIM, which must not be an enterprise; for
// the customer and the reseller, the Workspace that resells the SIM is enough. Errors:
// NotFound, also for an owner that is not a child of the caller's Workspace; BadRequest for a
// transition that is not allowed; Forbidden for an owner; those of once.
func (c *Control) PatchSIM(ctx context.Context, caller identity.Principal, patch SIMPatch, w Write[fleet.MigrationID]) (Reply, error) {
	if err := patch.Note.Check(); err != nil {
		return Reply{}, err
	}
	p := simPatchRun{id: patch.SIM, patch: patch, uid: uuid.NewString()} // all attempts of the transaction share the uid
	return once(ctx, c, caller, guard{need: identity.WriteSIMs, replay: mayReplayPatch}, w, func(tx *store.Tx, caller identity.Principal) (result[fleet.MigrationID], error) {
		p.caller = caller
		entry, err := p.attempt(ctx, tx)
		return result[fleet.MigrationID]{value: p.moved(entry), entry: entry}, err
	})
}

// simPatchRun holds the state of one patch over all attempts of its transaction.
type simPatchRun struct {
	caller identity.Principal
	id     fleet.SIMID
	patch  SIMPatch
	uid    string

	ws     fleet.Workspace // of the caller
	moving bool            // in the last attempt
	stock  bool            // moving back to the issuer
}

// moved returns the ID of the entry that the response refers to: callers can read only
// migrations.
func (p *simPatchRun) moved(entry fleet.MigrationID) fleet.MigrationID {
	if p.moving {
		return entry
	}
	return 0
}

// attempt returns the ID of the first ledger entry that it wrote, 0 for none.
func (p *simPatchRun) attempt(ctx context.Context, tx *store.Tx) (first fleet.MigrationID, err error) {
	if p.ws, err = callerWorkspace(ctx, tx, p.caller); err != nil {
		return 0, err
	}
	sim, found, err := tx.SIM(ctx, p.ws, p.id, true)
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, fleet.Missing("sim", int64(p.id))
	}
	owners, err := p.check(ctx, tx, sim)
	if err != nil {
		return 0, err
	}
	now := sim.State()
	if p.moving {
		if first, now, err = p.move(ctx, tx, sim); err != nil {
			return 0, err
		}
	}
	second, err := p.rest(ctx, tx, sim.Status, now, owners)
	if first == 0 {
		first = second
	}
	return first, err
}

// check refuses an invalid patch, and returns the owners after the patch.
func (p *simPatchRun) check(ctx context.Context, tx *store.Tx, sim fleet.SIM) (store.OwnersChange, error) {
	owners := store.OwnersChange{
		SIM: sim.ID, IssuerBefore: sim.Issuer, IssuerAfter: sim.Issuer, ResellerBefore: sim.Reseller, ResellerAfter: sim.Reseller,
	}
	p.moving = p.patch.Customer != nil && p.target(sim) != sim.Workspace
	p.stock = p.moving && p.target(sim) == sim.Issuer
	for _, owner := range []struct {
		field   string
		want    *Owner
		has     fleet.WorkspaceID
		takes   func(fleet.Workspace) bool
		becomes *fleet.WorkspaceID
	}{
		{"customer_org", p.patch.Customer, sim.Workspace, nil, nil}, // the planner checks it
		{"issuer_org", p.patch.Issuer, sim.Issuer, issues, &owners.IssuerAfter},
		{"reseller_org", p.patch.Reseller, sim.Reseller, resells, &owners.ResellerAfter},
	} {
		if owner.want == nil || owner.want.is(owner.has) || owner.becomes == nil && !p.moving {
			continue
		}
		if err := p.mayAssign(owner.field, sim); err != nil {
			return owners, err
		}
		if owner.becomes == nil {
			continue
		}
		if err := p.checkOwner(ctx, tx, owner.field, *owner.want, owner.takes); err != nil {
			return owners, err
		}
		*owner.becomes = owner.want.ID
	}
	if s := p.patch.Status; s != nil && *s != sim.Status && !sim.Status.MayBecome(*s) {
		return owners, fleet.Invalid("status", "a SIM cannot go from %s to %s", sim.Status, *s)
	}
	return owners, nil
}

// target returns the Workspace that the customer of the patch stands for.
func (p *simPatchRun) target(sim fleet.SIM) fleet.WorkspaceID {
	if p.patch.Customer.None {
		return sim.Issuer
	}
	return p.patch.Customer.ID
}

// rest writes what a move does not: the status, the issuer and the reseller. was is the status
// that the client has seen. To send that status back changes nothing, even if the move has
// suspended the SIM.
func (p *simPatchRun) rest(ctx context.Context, tx *store.Tx, was fleet.SIMStatus, before fleet.SIMState, owners store.OwnersChange) (fleet.MigrationID, error) {
	after := before
	after.Version++
	if s := p.patch.Status; s != nil && *s != was && before.Status.MayBecome(*s) {
		after.Status = *s
	}
	reassigned := owners.IssuerBefore != owners.IssuerAfter || owners.ResellerBefore != owners.ResellerAfter
	if after.Status == before.Status && !reassigned {
		return 0, nil
	}
	uid := p.uid
	if p.moving {
		uid = uuid.NewString() // the move uses the first uid; both are written or neither
	}
	c := store.Change{UID: uid, Kind: fleet.LedgerStatus, By: storeCaller(p.caller), Note: p.patch.Note, Lines: []store.Line{{Before: before, After: after}}}
	if !p.moving { // one audit entry a request: a move writes its own
		c.Audit = auditSIMs(p.caller, fleet.AuditSIMChanged, c)
	}
	entry, err := tx.Apply(ctx, c)
	if err == nil && reassigned {
		owners.Version = after.Version
		err = tx.ChangeOwners(ctx, owners)
	}
	return entry, err
}
