package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// ReplaySides reads the Workspaces on both sides of the migration that a stored answer
// tells of: none where the answer was a refusal.
func (tx *Tx) ReplaySides(ctx context.Context, k Key) ([]fleet.WorkspaceID, error) {
	var ids []fleet.WorkspaceID
	err := tx.each(ctx, `
		SELECT v.workspace_id FROM idempotency i JOIN ledger_sides v ON v.ledger_id = i.ledger_id
		WHERE i.user_id = $1 AND i.token_id = $2 AND i.operation = $3 AND i.key = $4`,
		[]any{int64(k.By.User), int64(k.By.Token), k.Operation, k.Key}, func(r rows) error {
			var id fleet.WorkspaceID
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
	return ids, err
}
