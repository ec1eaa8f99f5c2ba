package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// AuditRecord is an entry of the audit log with the names of what it refers to.
type AuditRecord = store.AuditRecord

// ListAudit reads one page of the audit log of the caller's Workspace.
//
// Permission: ReadAudit.
func (c *Control) ListAudit(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[AuditRecord], err error) {
	if err := caller.Require(identity.ReadAudit); err != nil {
		return page, err
	}
	if l, err = c.store.Settle(ctx, store.AuditFeed, l); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.AuditEntries(ctx, caller.Workspace, l)
		return err
	})
	for i := range page.Items {
		if err == nil {
			err = withhold(&page.Items[i], caller.Workspace)
		}
	}
	return page, err
}

// withhold removes from an entry what concerns other Workspaces. A source of a migration with
// several sources does not see the total number of SIMs. The Workspace that a user left by a switch
// does not see the target.
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
