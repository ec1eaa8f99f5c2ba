package control

import (
	"context"
	"fmt"
	"slices"

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
func (o Operator) ImportSIMs(ctx context.Context, list *world.SIMList, home fleet.WorkspaceID) (done Imported, err error) {
	uid := uuid.NewString()
	err = o.update(ctx, func(tx *store.Tx) error {
		in, err := newIntake(ctx, tx)
		if err != nil {
			return err
		}
		sims, err := numbered(ctx, tx, list.SIMs, home)
		if err != nil {
			return err
		}
		for from := 0; from < len(sims); from += intakeBatch {
			batch := sims[from:min(from+intakeBatch, len(sims))]
			place := func(i int) string { return fmt.Sprintf("line %d", list.Line(from+i)) }
			if err := in.take(ctx, batch, place); err != nil {
				return err
			}
		}
		if err := in.problems.err(); err != nil {
			return err
		}
		done = Imported{in.sum.SIMs, in.kept}
		return in.finish(ctx, uid)
	})
	return done, err
}

func newIntake(ctx context.Context, tx *store.Tx) (*intake, error) {
	known, err := allWorkspaces(ctx, tx)
	return &intake{tx: tx, workspaces: known, problems: &problems{}}, err
}

// numbered gives each SIM an id and a Workspace. Free ids begin above all that are stored
// and all that the list itself names.
func numbered(ctx context.Context, tx *store.Tx, list []fleet.SIM, home fleet.WorkspaceID) ([]fleet.SIM, error) {
	first, err := tx.NextID(ctx, store.SIMs)
	if err != nil {
		return nil, err
	}
	sims, next := slices.Clone(list), fleet.SIMID(first)
	for _, s := range sims {
		next = max(next, s.ID+1)
	}
	for i := range sims {
		if sims[i].ID == 0 {
			sims[i].ID = next
			next++
		}
		if sims[i].Workspace == 0 {
			sims[i].Workspace = home
		}
	}
	return sims, nil
}
