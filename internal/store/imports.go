package store

import (
	"cmp"
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// importBatch is the number of SIMs per statement.
const importBatch = 5000

// InsertSIMs adds SIMs as version 0 and returns the new ones. A SIM whose id exists is not
// changed, because it may have moved since.
func (tx *Tx) InsertSIMs(ctx context.Context, sims []fleet.SIM) (added []fleet.SIM, err error) {
	for len(sims) > 0 {
		n := min(len(sims), importBatch)
		fresh, err := tx.insertBatch(ctx, sims[:n])
		if err != nil {
			return nil, err
		}
		before := len(added)
		for _, s := range sims[:n] {
			if fresh[s.ID] {
				added = append(added, s)
				delete(fresh, s.ID) // a SIM that is listed twice is added once
			}
		}
		if err := tx.raiseTally(ctx, added[before:]); err != nil {
			return nil, err
		}
		sims = sims[n:]
	}
	return added, nil
}

const simInsert = `
	INSERT INTO sims (id, iccid, eid, imsi, msisdn, status, workspace_id, issuer_id, reseller_id, device_id, produced_at, activated_at, version, model_id, bic, seal) `

var insertSIMsSQLite = valuesText(simInsert+`VALUES %s ON CONFLICT (id) DO NOTHING RETURNING id`,
	"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)")

var insertSIMsPostgres = named(simInsert + `
	SELECT id, iccid, eid, imsi, msisdn, status, workspace, issuer, NULLIF(reseller, 0), NULLIF(device, 0), produced, NULLIF(activated, 0), 0, model, NULLIF(bic, ''), seal
	FROM unnest(:ids::bigint[], :iccids::text[], :eids::text[], :imsis::text[], :msisdns::text[], :statuses::smallint[],
		:workspaces::bigint[], :issuers::bigint[], :resellers::bigint[], :devices::bigint[], :produced::bigint[],
		:activated::bigint[], :models::bigint[], :bics::text[], :seals::bigint[])
		AS t (id, iccid, eid, imsi, msisdn, status, workspace, issuer, reseller, device, produced, activated, model, bic, seal)
	ON CONFLICT (id) DO NOTHING RETURNING id`)

// insertBatch inserts one batch and returns the new SIMs.
func (tx *Tx) insertBatch(ctx context.Context, sims []fleet.SIM) (map[fleet.SIMID]bool, error) {
	fresh := make(map[fleet.SIMID]bool, len(sims))
	note := func(r rows) error {
		var id int64
		err := r.Scan(&id)
		fresh[fleet.SIMID(id)] = true
		return err
	}
	if tx.d == Postgres {
		return fresh, tx.queryEachNamed(ctx, insertSIMsPostgres, simColumnArrays(sims), note)
	}
	return fresh, inChunks(len(sims), func(first, size int) error {
		args := make([]any, 0, 15*size)
		for _, s := range sims[first : first+size] {
			args = append(args, int64(s.ID), string(s.ICCID), s.EID, s.IMSI, s.MSISDN, int64(s.Status), int64(s.Workspace), int64(s.Issuer),
				orNull(s.Reseller), orNull(s.Device), micros(s.Produced), timeOrNull(s.Activated), int64(cmp.Or(s.Model, fleet.StandardModel)), textOrNull(s.BIC), Seal(s))
		}
		return tx.queryEach(ctx, insertSIMsSQLite[size], args, note)
	})
}

// simColumnArrays transposes the SIMs into one array per column.
func simColumnArrays(sims []fleet.SIM) params {
	return params{
		"ids":        column(sims, func(s fleet.SIM) int64 { return int64(s.ID) }),
		"iccids":     column(sims, func(s fleet.SIM) string { return string(s.ICCID) }),
		"eids":       column(sims, func(s fleet.SIM) string { return s.EID }),
		"imsis":      column(sims, func(s fleet.SIM) string { return s.IMSI }),
		"msisdns":    column(sims, func(s fleet.SIM) string { return s.MSISDN }),
		"statuses":   column(sims, func(s fleet.SIM) int16 { return int16(s.Status) }),
		"workspaces": column(sims, func(s fleet.SIM) int64 { return int64(s.Workspace) }),
		"issuers":    column(sims, func(s fleet.SIM) int64 { return int64(s.Issuer) }),
		"resellers":  column(sims, func(s fleet.SIM) int64 { return int64(s.Reseller) }),
		"devices":    column(sims, func(s fleet.SIM) int64 { return int64(s.Device) }),
		"produced":   column(sims, func(s fleet.SIM) int64 { return micros(s.Produced) }),
		"activated":  column(sims, activation),
		"models":     column(sims, func(s fleet.SIM) int64 { return int64(cmp.Or(s.Model, fleet.StandardModel)) }),
		"bics":       column(sims, func(s fleet.SIM) string { return s.BIC }),
		"seals":      column(sims, Seal),
	}
}

// activation returns the stored instant of the first activation, 0 for none.
func activation(s fleet.SIM) int64 {
	if s.Activated.IsZero() {
		return 0
	}
	return micros(s.Activated)
}

// InsertImport writes the ledger entry of an import in a single batch.
func (tx *Tx) InsertImport(ctx context.Context, uid string, added []fleet.SIM) error {
	var in Intake
	in.Add(added)
	return tx.InsertIntake(ctx, uid, in)
}

// Holders finds the SIMs with the given ICCIDs, without deleted ones.
func (tx *Tx) Holders(ctx context.Context, iccids []fleet.ICCID) (map[fleet.ICCID]fleet.SIMID, error) {
	holders := make(map[fleet.ICCID]fleet.SIMID)
	for len(iccids) > 0 {
		n := min(len(iccids), importBatch)
		w := where{tx: tx}
		w.and("s.status <> " + deletedSIM)
		w.and(w.in("s.iccid", arrayParam(tx, iccids[:n])))
		err := tx.queryEach(ctx, "SELECT s.iccid, s.id FROM sims s WHERE "+w.String(), w.args, func(r rows) error {
			var iccid fleet.ICCID
			var id fleet.SIMID
			err := r.Scan(&iccid, &id)
			holders[iccid] = id
			return err
		})
		if err != nil {
			return nil, err
		}
		iccids = iccids[n:]
	}
	return holders, nil
}
