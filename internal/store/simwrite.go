package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// SIMsByID reads those of the SIMs that a Workspace may see, by id. It locks them until the
// transaction ends, in the order of their ids, so that two requests for the same SIMs do not
// deadlock.
func (tx *Tx) SIMsByID(ctx context.Context, ws fleet.Workspace, ids []fleet.SIMID) ([]fleet.SIM, error) {
	w := where{tx: tx}
	w.scope(ws)
	w.and("s.status <> " + deletedSIM)
	owners := simOwners
	if ws.Type == fleet.Enterprise {
		owners = simOwners[:1]
	}
	w.and(scopedIDs(&w, "sims", "s.id", int64(ws.ID), owners, ids))
	return tx.ordered(ctx, &w, true)
}

// ordered reads the SIMs that match a condition, by id.
func (tx *Tx) ordered(ctx context.Context, w *where, lock bool) ([]fleet.SIM, error) {
	var sims []fleet.SIM
	text := "SELECT " + simColumns + " FROM sims s WHERE " + w.String() + " ORDER BY s.id"
	if lock {
		text += tx.dialectSQL("", " FOR NO KEY UPDATE OF s")
	}
	err := tx.queryEach(ctx, text, w.args, func(r rows) error {
		s, err := scanSIM(r)
		sims = append(sims, s)
		return err
	})
	return sims, err
}

// OwnersChange is a change of a SIM's issuer and reseller, which the ledger's line does not
// contain.
type OwnersChange struct {
	SIM                           fleet.SIMID
	Version                       int64 // of the SIM after it, as in the line
	IssuerBefore, IssuerAfter     fleet.WorkspaceID
	ResellerBefore, ResellerAfter fleet.WorkspaceID
}

// ChangeOwners writes issuer and reseller of a SIM, beside the line that Apply has written.
func (tx *Tx) ChangeOwners(ctx context.Context, c OwnersChange) error {
	err := tx.exec(ctx, `
		INSERT INTO ledger_owners (sim_id, version, issuer_before, issuer_after, reseller_before, reseller_after) VALUES ($1, $2, $3, $4, $5, $6)`,
		int64(c.SIM), c.Version, int64(c.IssuerBefore), int64(c.IssuerAfter), orNull(c.ResellerBefore), orNull(c.ResellerAfter))
	if err != nil {
		return err
	}
	if err := tx.exec(ctx, countSeenByOwners, int64(c.SIM), int64(c.IssuerAfter), int64(c.ResellerAfter)); err != nil {
		return err
	}
	return tx.exec(ctx, "UPDATE sims SET issuer_id = $2, reseller_id = $3 WHERE id = $1",
		int64(c.SIM), int64(c.IssuerAfter), orNull(c.ResellerAfter))
}
