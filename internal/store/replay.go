package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// ReplaySides reads the Workspaces on both sides of the migration of a stored reply; none if
// the request was denied.
func (tx *Tx) ReplaySides(ctx context.Context, k Key) ([]fleet.WorkspaceID, error) {
	var ids []fleet.WorkspaceID
	err := tx.each(ctx, `
		SELECT v.workspace_id FROM ledger_sides v
		WHERE v.ledger_id = (SELECT ledger_id FROM idempotency WHERE `+keyIs+` ORDER BY workspace_id DESC LIMIT 1)`,
		k.args(), func(r rows) error {
			var id fleet.WorkspaceID
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, err
}
