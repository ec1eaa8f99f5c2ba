package operator

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// ExportSIMs passes to give every SIM that is not deleted, sorted by ID, from one snapshot of
// the database; only those of Workspace ws unless that is 0. It holds one SIM in memory at a
// time. begin gets their number first. An error of give ends the export.
//
// Errors: NotFound for a Workspace that does not exist.
func (o Operator) ExportSIMs(ctx context.Context, ws fleet.WorkspaceID, begin func(total int) error, give func(fleet.SIM) error) error {
	return o.store.View(ctx, func(tx *store.Tx) error {
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

// ExportAudit passes to give the entries of all Workspaces and of the installation, sorted by
// ID, from an instant (included) until another (excluded); the zero time does not limit it. It
// holds one entry in memory at a time. begin gets their number first. An error of give ends the
// export.
func (o Operator) ExportAudit(ctx context.Context, from, until time.Time, begin func(total int) error, give func(control.AuditRecord) error) error {
	return o.store.View(ctx, func(tx *store.Tx) error {
		total, err := tx.CountAudit(ctx, from, until)
		if err == nil {
			err = begin(total)
		}
		if err != nil {
			return err
		}
		return tx.ExportAudit(ctx, from, until, give)
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
