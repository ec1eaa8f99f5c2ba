package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// exported limits a query on sims s to those of an export: all that are not deleted, of one
// Workspace if ws is not 0.
func (w *where) exported(ws fleet.WorkspaceID) {
	w.and("s.status <> " + deletedSIM)
	if ws != 0 {
		w.and("s.workspace_id = " + w.arg(int64(ws)))
	}
}

// CountExported counts the SIMs that Export returns.
func (tx *Tx) CountExported(ctx context.Context, ws fleet.WorkspaceID) (n int, err error) {
	w := where{tx: tx}
	w.exported(ws)
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM sims s WHERE "+w.String(), w.args, &n)
	return n, err
}

// Export streams the SIMs, by id, without keeping them in memory. The code of a batch is
// included while the batch can be registered.
func (tx *Tx) Export(ctx context.Context, ws fleet.WorkspaceID, yield func(fleet.SIM) error) error {
	w := where{tx: tx}
	w.exported(ws)
	text := "SELECT " + simColumns + `, CASE WHEN s.bic IS NULL OR s.workspace_id <> s.issuer_id
			OR EXISTS (SELECT 1 FROM sim_batches b WHERE b.bic = s.bic) THEN '' ELSE s.bic END
		FROM sims s WHERE ` + w.String() + " ORDER BY s.id"
	return tx.queryEach(ctx, text, w.args, func(r rows) error {
		var bic string
		s, err := scanSIM(r, &bic)
		if err != nil {
			return err
		}
		s.BIC = bic
		return yield(s)
	})
}
