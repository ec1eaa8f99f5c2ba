package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// Sides reads the Workspaces on both sides of a migration; none for other ledger entries.
func (tx *Tx) Sides(ctx context.Context, id fleet.MigrationID) ([]fleet.WorkspaceID, error) {
	var ids []fleet.WorkspaceID
	err := tx.queryEach(ctx, "SELECT workspace_id FROM ledger_sides WHERE ledger_id = $1", []any{int64(id)}, func(r rows) error {
		var id fleet.WorkspaceID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}
