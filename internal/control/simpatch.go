package control

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// SIMPatch is what a caller would have of a SIM; nil leaves a thing as it is, as does what
// the SIM has already: a client may send back what it received.
type SIMPatch struct {
	Status   *fleet.SIMStatus
	Customer *Owner // none, or its issuer, gives the SIM back to the stock of its issuer
	Issuer   *Owner
	Reseller *Owner
}

// Owner is a Workspace that a caller names, or none.
type Owner struct {
	ID   fleet.WorkspaceID
	None bool
}

// is tells whether the owner that a SIM has is meant; 0 is none.
func (o Owner) is(has fleet.WorkspaceID) bool { return o.None == (has == 0) && (o.None || o.ID == has) }

// PatchSIM takes a SIM to another status, with its event and its ledger line; and, for
// whoever issued or resells it, into another Workspace. The latter is a migration of one SIM: it asks
// fleet.PlanMigration and writes what a migration writes. A status besides is that of the
// SIM behind the move. render words what went well, where to a migration's entry belongs,
// or the refusal by the rules.
//
// Permission: WriteSIMs; for the owners also to be Administrator, or an application token, of the
// Workspace that issued the SIM, which may be no enterprise; for the customer and the reseller
// that of the Workspace that resells the SIM will do.
// Errors: NotFound, also for an owner that is not a child of the caller's Workspace; BadRequest
// for a transition that is not allowed; Forbidden for an owner; those of Once.
func (c *Control) PatchSIM(ctx context.Context, who identity.Principal, id fleet.SIMID, patch SIMPatch, o Once, render func(fleet.MigrationID, *fleet.Conflicts) Reply) (Reply, bool, error) {
	if err := who.Require(identity.WriteSIMs); err != nil {
		return Reply{}, false, err
	}
	p := patching{id: id, patch: patch, uid: uuid.NewString()} // the uid outlives a repeated transaction
	o.rights = mayReplayPatch
	return c.once(ctx, who, identity.WriteSIMs, o, func(tx *store.Tx, who identity.Principal) (answer, error) {
		p.who = who
		entry, err := p.attempt(ctx, tx)
		var refusal *fleet.Conflicts
		switch {
		case err == nil:
			return answer{render(p.moved(entry), nil), entry, true}, nil
		case errors.As(err, &refusal):
			return answer{render(0, refusal), 0, true}, nil
		}
		return answer{}, err
	})
}

// patching is one patch, over all the times that its transaction is tried.
type patching struct {
	who   identity.Principal
	id    fleet.SIMID
	patch SIMPatch
	uid   string

	ws     fleet.Workspace // of the caller
	moving bool            // in the last attempt
	stock  bool            // moving back to the issuer
}

// moved is the entry that a caller may be pointed to: only migrations can be read.
func (p *patching) moved(entry fleet.MigrationID) fleet.MigrationID {
	if p.moving {
		return entry
	}
	return 0
}

// attempt answers the first ledger entry that it wrote, 0 for none.
func (p *patching) attempt(ctx context.Context, tx *store.Tx) (first fleet.MigrationID, err error) {
	if p.ws, err = own(ctx, tx, p.who); err != nil {
		return 0, err
	}
	sim, found, err := tx.SIM(ctx, p.ws, p.id, true)
	if err != nil {
		return 0, err
	}
	if tx.Unsure() { // asked behind the lock: an attempt whose outcome was lost has ended by now
		if entry, happened, err := tx.EntryByUID(ctx, p.uid); err != nil || happened {
			return entry, err
		}
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

// check refuses what cannot be patched, and answers the owners as they will be.
func (p *patching) check(ctx context.Context, tx *store.Tx, sim fleet.SIM) (store.OwnersChange, error) {
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
		{"customer_org", p.patch.Customer, sim.Workspace, nil, nil}, // the planner's to judge
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

// target is where a customer leads.
func (p *patching) target(sim fleet.SIM) fleet.WorkspaceID {
	if p.patch.Customer.None {
		return sim.Issuer
	}
	return p.patch.Customer.ID
}

// rest writes what a move does not: the status, the issuer and the reseller. was is the
// status that the client has seen: who sends that back does not ask for anything, although
// a move may have suspended the SIM.
func (p *patching) rest(ctx context.Context, tx *store.Tx, was fleet.SIMStatus, before fleet.SIMState, owners store.OwnersChange) (fleet.MigrationID, error) {
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
		uid = uuid.NewString() // the move has it, and both are written or neither
	}
	c := store.Change{UID: uid, Kind: fleet.LedgerStatus, By: caller(p.who), Lines: []store.Line{{Before: before, After: after}}}
	if !p.moving { // one entry for the request: a move has its own
		c.Audit = auditSIMs(p.who, fleet.AuditSIMChanged, c)
	}
	entry, err := tx.Apply(ctx, c)
	if err == nil && reassigned {
		owners.Version = after.Version
		err = tx.ChangeOwners(ctx, owners)
	}
	return entry, err
}
