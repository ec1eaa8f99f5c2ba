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
	return page, err
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
