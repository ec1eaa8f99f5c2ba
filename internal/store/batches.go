package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// RegisteredBatches finds which of the batches have been registered, and by which Workspace.
func (tx *Tx) RegisteredBatches(ctx context.Context, bics []string) (map[string]fleet.WorkspaceID, error) {
	w := where{tx: tx}
	w.and(w.in("b.bic", arrayParam(tx, bics)))
	taken := make(map[string]fleet.WorkspaceID)
	err := tx.queryEach(ctx, "SELECT b.bic, b.workspace_id FROM sim_batches b WHERE "+w.String(), w.args, func(r rows) error {
		var bic string
		var by int64
		err := r.Scan(&bic, &by)
		taken[bic] = fleet.WorkspaceID(by)
		return err
	})
	return taken, err
}

// BatchSIMs reads the SIMs of a batch that are not deleted, by id; lock locks them until the
// transaction ends.
func (tx *Tx) BatchSIMs(ctx context.Context, bic string, lock bool) ([]fleet.SIM, error) {
	w := where{tx: tx}
	w.and("s.bic = " + w.arg(bic))
	w.and("s.status <> " + deletedSIM)
	return tx.ordered(ctx, &w, lock)
}

// RegisterBatch records that a batch is registered. The caller must hold the locks of
// BatchSIMs.
func (tx *Tx) RegisterBatch(ctx context.Context, bic string, by fleet.WorkspaceID, entry fleet.MigrationID) error {
	return tx.exec(ctx, "INSERT INTO sim_batches (bic, workspace_id, ledger_id, registered_at) VALUES ($1, $2, $3, $4)",
		bic, int64(by), int64(entry), micros(tx.now))
}
