package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// Moves reads every change of a SIM's Workspace, the oldest first.
func (tx *Tx) Moves(ctx context.Context, id fleet.SIMID) ([]fleet.Move, error) {
	var moves []fleet.Move
	err := tx.queryEach(ctx, `
		SELECT m.id, m.at, l.workspace_before, l.workspace_after, COALESCE(v.authority, 0)
		FROM ledger_lines l JOIN ledger m ON m.id = l.ledger_id
			LEFT JOIN ledger_sides v ON v.workspace_id = l.workspace_after AND v.ledger_id = l.ledger_id AND v.side = `+targetSide+`
		WHERE l.sim_id = $1 AND l.workspace_before <> l.workspace_after ORDER BY l.version`, []any{int64(id)}, func(r rows) error {
		var m fleet.Move
		var at int64
		err := r.Scan(&m.Migration, &at, &m.From, &m.To, &m.Authority)
		m.Time = fromMicros(at)
		moves = append(moves, m)
		return err
	})
	return moves, err
}
