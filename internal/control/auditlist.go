package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// AuditRecord is an entry of the audit log with what is shown of those it names.
type AuditRecord = store.AuditRecord

// ListAudit reads one page of the audit log of the caller's Workspace.
//
// Permission: ReadAudit.
func (c *Control) ListAudit(ctx context.Context, who identity.Principal, l fleet.List) (page fleet.Page[AuditRecord], err error) {
	if err := who.Require(identity.ReadAudit); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.AuditEntries(ctx, who.Workspace, l)
		return err
	})
	for i := range page.Items {
		if err == nil {
			err = withhold(&page.Items[i], who.Workspace)
		}
	}
	return page, err
}

// withhold removes from an entry what is about other Workspaces: from a migration of several
// sources, for each of them, how many SIMs it moved altogether; from a switch, for the
// Workspace that the user left, where the user went.
func withhold(a *AuditRecord, reader fleet.WorkspaceID) error {
	d, err := fleet.ParseAuditDetail(a.Details)
	if err != nil || d.Target == 0 || d.Target == reader {
		return err
	}
	switch {
	case a.Action == fleet.AuditMigrated && len(a.Workspaces) > 2:
		d.SIMs = 0
	case a.Action == fleet.AuditSwitched:
		d.Target = 0
	default:
		return nil
	}
	a.Details = d.Text()
	return nil
}

// ExportAudit gives the entries of all Workspaces, and of the installation, from an instant
// (included) until another (excluded), by id; the zero time does not bound. It holds one
// entry at a time, whatever their number; begin is told how many there will be. What give
// returns ends it.
func (o Operator) ExportAudit(ctx context.Context, from, until time.Time, begin func(total int) error, give func(AuditRecord) error) error {
	return o.c.store.View(ctx, func(tx *store.Tx) error {
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
