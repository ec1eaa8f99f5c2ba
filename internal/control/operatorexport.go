package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// ExportSIMs gives every SIM that is not deleted, by id, from one instant of the database;
// of one Workspace only where ws is not 0. begin is told how many there will be. It holds
// one SIM at a time, whatever their number. What give returns ends it.
//
// Errors: NotFound for a Workspace that does not exist.
func (o Operator) ExportSIMs(ctx context.Context, ws fleet.WorkspaceID, begin func(total int) error, give func(fleet.SIM) error) error {
	return o.c.store.View(ctx, func(tx *store.Tx) error {
		if err := exportable(ctx, tx, ws); err != nil {
			return err
		}
		total, err := tx.CountExported(ctx, ws)
		if err == nil {
			err = begin(total)
		}
		if err != nil {
			return err
		}
		return tx.Export(ctx, ws, give)
	})
}

// exportable refuses a Workspace that does not exist; 0 stands for all of them.
func exportable(ctx context.Context, tx *store.Tx, ws fleet.WorkspaceID) error {
	if ws == 0 {
		return nil
	}
	found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{ws})
	if err != nil {
		return err
	}
	if _, there := found[ws]; !there {
		return fleet.Missing("workspace", int64(ws))
	}
	return nil
}
