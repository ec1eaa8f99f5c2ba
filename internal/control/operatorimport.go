package control

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/world"
)

// Imported tells what an import did.
type Imported struct {
	Added int
	Kept  int // that were there already, under the same id and ICCID
}

// ImportSIMs takes a list of SIMs into the inventory, all of them or none, with one ledger
// entry. SIMs without an id get the next free ones, in the list's order; those without a
// Workspace come into home, unless it is 0.
//
// Errors: ValidationFailed with one of Problems per fault, each with its line: an unknown
// Workspace, an ICCID that another SIM has, an id under which there is another ICCID.
//
// The list is read batch by batch, so that memory does not grow with it; progress, where
// not nil, is told how many SIMs have been looked at so far.
func (o Operator) ImportSIMs(ctx context.Context, list *world.SIMList, home fleet.WorkspaceID, progress func(sims int)) (done Imported, err error) {
	uid := uuid.NewString()
	err = o.update(ctx, func(tx *store.Tx) error {
		known, err := allWorkspaces(ctx, tx)
		if err != nil {
			return err
		}
		in, err := newIntake(ctx, tx, known, &problems{})
		if err != nil {
			return err
		}
		if err := takeList(ctx, in, list, home, progress); err != nil {
			return err
		}
		if err := in.problems.err(); err != nil {
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

// auditImport files an import in the Workspace that the list is for, where it is for one. One
// that brought nothing changed nothing.
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

// takeList gives each SIM an id and a Workspace, and takes it in. Free ids begin above all
// that are stored and all that the list itself names.
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
