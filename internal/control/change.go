package control

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// about is what the ledger and the events say about a migration in addition to the SIMs.
type about struct {
	undo *fleet.Undo
	note fleet.Note
}

func (a about) words() string {
	words := ""
	if a.undo != nil {
		words = fmt.Sprintf(", undoing migration %d", a.undo.Migration)
	}
	return words + a.note.Words()
}

// apply makes the change of a plan, and returns its ledger entry.
func apply(ctx context.Context, tx *store.Tx, plan *fleet.Plan, caller identity.Principal, uid string, a about) (fleet.MigrationID, error) {
	return tx.Apply(ctx, change(plan, caller, uid, a))
}

// change returns the change that a plan makes: a line per SIM, its sides, and one event 69 for
// each side.
func change(plan *fleet.Plan, caller identity.Principal, uid string, a about) store.Change {
	c := store.Change{
		Undo: a.undo, Note: a.note, Offer: plan.Request.Offer, UID: uid, Kind: fleet.LedgerMigration, By: storeCaller(caller), Target: plan.Target.ID,
		DetachDevices: plan.Request.DetachDevices, AllowedStatuses: plan.Request.AllowedStatuses,
		Lines: make([]store.Line, len(plan.SIMs)), RuleSet: plan.RuleSet(),
		Sides: []store.Side{{Workspace: plan.Target.ID, Target: true, SIMs: len(plan.SIMs), Authority: plan.Into()}},
	}
	for i, s := range plan.SIMs {
		c.Lines[i] = store.Line{Before: s, After: plan.After(s)}
	}
	words := plan.Request.Offer.Words() + a.words()
	from := ""
	for i, source := range plan.SourceCounts() {
		c.Sides = append(c.Sides, store.Side{Workspace: source.Workspace.ID, SIMs: source.SIMs, Authority: source.Authority})
		c.Events = append(c.Events, migrationEvent(source.Workspace.ID, source.SIMs, "to", side(plan.Target)+words))
		if i > 0 {
			from += ", "
		}
		from += side(source.Workspace)
	}
	c.Events = append(c.Events, migrationEvent(plan.Target.ID, len(plan.SIMs), "from", from+words))
	c.Audit = auditMove(caller, c)
	return c
}

// auditMove returns the audit entry of a migration, for both of its sides.
func auditMove(caller identity.Principal, c store.Change) *fleet.AuditEntry {
	action := fleet.AuditMigrated
	if c.Undo != nil {
		action = fleet.AuditUndone
	}
	e := auditSIMs(caller, action, c)
	e.Detail.Target = c.Target
	for _, s := range c.Sides {
		if c.Offer == 0 || s.Target { // the giver of an offer does not see who accepted it
			e.Workspaces = append(e.Workspaces, s.Workspace)
		}
	}
	return e
}

// auditSIMs returns the audit entry of a change of SIMs.
func auditSIMs(caller identity.Principal, action fleet.AuditAction, c store.Change) *fleet.AuditEntry {
	e := audited(caller, fleet.AuditEntry{Action: action, Detail: fleet.AuditDetail{SIMs: len(c.Lines)}})
	if len(c.Lines) == 1 {
		e.Subject, e.Detail.Status = fleet.Subject("sim", c.Lines[0].Before.ID), c.Lines[0].After.Status.String()
	}
	return &e
}

func side(w fleet.Workspace) string { return fmt.Sprintf("%s (%d)", w.Name, w.ID) }

// count formats a number of SIMs.
func count(n int) string {
	if n == 1 {
		return "1 SIM"
	}
	return fmt.Sprintf("%d SIMs", n)
}

func migrationEvent(in fleet.WorkspaceID, sims int, direction, other string) fleet.Event {
	return fleet.Event{
		Type: fleet.EventMigration, Workspace: in,
		Description: fmt.Sprintf("%s migrated %s workspace %s", count(sims), direction, other),
	}
}
