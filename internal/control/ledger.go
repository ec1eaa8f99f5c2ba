package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// ListMigrations reads one page of the ledger: the migrations out of or into Workspaces
// that the caller is a member of.
//
// Permission: ReadMigrations.
func (c *Control) ListMigrations(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[fleet.Migration], err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return page, err
	}
	if l, err = c.store.Settle(ctx, store.MigrationFeed, l); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.Migrations(ctx, storeCaller(caller), caller.Workspace, l)
		return err
	})
	return page, err
}

// MigrationRecord is a ledger entry with the Workspaces that its lines refer to.
type MigrationRecord struct {
	fleet.Migration
	Workspaces map[fleet.WorkspaceID]fleet.Workspace
}

// Migration reads one ledger entry with a line per SIM.
//
// Permission: ReadMigrations. Errors: NotFound, also for an entry that the caller may not
// see.
func (c *Control) Migration(ctx context.Context, caller identity.Principal, id fleet.MigrationID) (m MigrationRecord, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return m, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		var found bool
		m.Migration, found, err = tx.Migration(ctx, storeCaller(caller), caller.Workspace, id)
		if err == nil && !found {
			err = fleet.Missing("migration", int64(id))
		}
		m.Workspaces = map[fleet.WorkspaceID]fleet.Workspace{m.Target.ID: m.Target}
		for _, s := range m.Sources {
			m.Workspaces[s.Workspace.ID] = s.Workspace
		}
		return err
	})
	return m, err
}
