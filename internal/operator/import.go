package operator

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/world"
)

// Imported is the result of an import.
type Imported struct {
	Added int
	Kept  int // existed already, with the same ID and ICCID
}

// ImportSIMs imports a list of SIMs into the inventory, all or none, with one ledger entry.
// SIMs without an ID get the next free ones, in the list's order; those without a Workspace get
// home, unless it is 0.
//
// Errors: ValidationFailed with one of Problems per fault, each with its line: an unknown
// Workspace, an ICCID that another SIM has, an ID that belongs to another ICCID.
//
// The list is read in batches, so that memory does not grow with it. progress, if not nil, gets
// the number of SIMs read so far.
func (o Operator) ImportSIMs(ctx context.Context, list *world.SIMList, home fleet.WorkspaceID, progress func(sims int)) (done Imported, err error) {
	uid := uuid.NewString()
	err = o.update(ctx, func(tx *store.Tx) error {
		known, err := allWorkspaces(ctx, tx)
		if err != nil {
			return err
		}
		in, err := newIntake(ctx, tx, known, &fleet.Problems{})
		if err != nil {
			return err
		}
		if err := takeList(ctx, in, list, home, progress); err != nil {
			return err
		}
		if err := in.problems.Err(); err != nil {
			return err
		}
		done = Imported{in.sum.SIMs, in.kept}
		if err := in.finish(ctx, uid); err != nil {
			return err
		}
		return o.auditImport(ctx, tx, fleet.AuditSIMsImported, home, fleet.AuditDetail{SIMs: done.Added})
	})
	return done, err
}

// auditImport writes the audit entry of an import, in the Workspace of the list if it has one.
// An import without new SIMs has no entry.
func (o Operator) auditImport(ctx context.Context, tx *store.Tx, action fleet.AuditAction, home fleet.WorkspaceID, d fleet.AuditDetail) error {
	if d == (fleet.AuditDetail{}) {
		return nil
	}
	e := fleet.AuditEntry{Action: action, Detail: d}
	if home != 0 {
		e.Workspaces = []fleet.WorkspaceID{home}
	}
	return o.audit(ctx, tx, e)
}

// takeList gives each SIM an ID and a Workspace, and imports it. Free IDs begin above all IDs
// in the database and in the list.
func takeList(ctx context.Context, in *intake, list *world.SIMList, home fleet.WorkspaceID, progress func(int)) error {
	first, err := in.tx.NextID(ctx, store.SIMs)
	if err != nil {
		return err
	}
	next := max(fleet.SIMID(first), list.MaxID+1)
	batch, lines, seen := make([]fleet.SIM, 0, intakeBatch), make([]int, 0, intakeBatch), 0
	take := func() error {
		err := in.take(ctx, batch, func(i int) string { return fmt.Sprintf("line %d", lines[i]) })
		seen += len(batch)
		batch, lines = batch[:0], lines[:0]
		if progress != nil {
			progress(seen)
		}
		return err
	}
	for s, err := range list.SIMs() {
		if err != nil {
			return err
		}
		if s.ID == 0 {
			s.ID = next
			next++
		}
		s.Workspace = cmp.Or(s.Workspace, home)
		batch, lines = append(batch, s.SIM), append(lines, s.Line)
		if len(batch) == intakeBatch {
			if err := take(); err != nil {
				return err
			}
		}
	}
	return take()
}
