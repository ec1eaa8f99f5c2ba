package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// Intake sums up imported SIMs for the ledger, batch by batch, so that they need not be in
// memory at once.
type Intake struct {
	SIMs       int
	delta, ids uint64
}

// Add adds SIMs of version 0 to the sum.
func (in *Intake) Add(sims []fleet.SIM) {
	in.SIMs += len(sims)
	for _, s := range sims {
		in.delta ^= fleet.Checksum(fleet.SIMState{ID: s.ID, Status: s.Status, Workspace: s.Workspace, Device: s.Device})
		in.ids ^= fleet.Checksum(fleet.SIMState{ID: s.ID})
	}
}

// InsertIntake writes the ledger entry of an import that InsertSIMs made in this
// transaction.
func (tx *Tx) InsertIntake(ctx context.Context, uid string, in Intake) error {
	tx.written = append(tx.written, entryCount{ledgerKinds[fleet.LedgerImport], in.SIMs})
	return tx.exec(ctx, `
		INSERT INTO ledger (uid, kind, at, sims, detach_devices, delta, ids_delta) VALUES ($1, $2, $3, $4, 0, $5, $6)`,
		uid, int64(fleet.LedgerImport), micros(tx.now), in.SIMs, int64(in.delta), int64(in.ids))
}

// ICCIDs reads the ICCIDs of those of the SIMs that exist, deleted ones among them.
func (tx *Tx) ICCIDs(ctx context.Context, ids []fleet.SIMID) (map[fleet.SIMID]fleet.ICCID, error) {
	found := make(map[fleet.SIMID]fleet.ICCID)
	w := where{tx: tx}
	w.and(w.in("s.id", arrayParam(tx, ids)))
	err := tx.queryEach(ctx, "SELECT s.id, s.iccid FROM sims s WHERE "+w.String(), w.args, func(r rows) error {
		var id fleet.SIMID
		var iccid fleet.ICCID
		err := r.Scan(&id, &iccid)
		found[id] = iccid
		return err
	})
	return found, err
}
