package store

import (
	"cmp"
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// Seal returns the checksum of a SIM's identity (invariant I19) at its import.
// internal/fleet/seal.go defines its parts.
func Seal(s fleet.SIM) int64 {
	return int64(fleet.SealIdentity(s.ID, clean(string(s.ICCID)), clean(s.EID), clean(s.IMSI), clean(s.MSISDN), micros(s.Produced),
		cmp.Or(s.Model, fleet.StandardModel), clean(s.BIC)) ^ fleet.SealOwners(s.ID, s.Issuer, s.Reseller) ^ fleet.SealActivation(s.ID, activation(s)))
}

// SealedColumns are the columns that a seal covers, and last the seal itself. The query must use
// the alias s for the table sims.
const SealedColumns = `s.id, s.iccid, s.eid, s.imsi, s.msisdn, s.produced_at, s.model_id, COALESCE(s.bic, ''),
	s.issuer_id, COALESCE(s.reseller_id, 0), COALESCE(s.activated_at, 0), s.seal`

// SealedRow is a row of SealedColumns.
type SealedRow struct {
	ID, produced, model         int64
	iccid, eid, imsi, msisdn    string
	bic                         string
	Issuer, Reseller, Activated int64
	Seal                        *int64
}

// Into returns the targets for scanning a row of SealedColumns.
func (s *SealedRow) Into() []any {
	return []any{&s.ID, &s.iccid, &s.eid, &s.imsi, &s.msisdn, &s.produced, &s.model, &s.bic, &s.Issuer, &s.Reseller, &s.Activated, &s.Seal}
}

// Identity returns the part of the seal that never changes.
func (s *SealedRow) Identity() uint64 {
	return fleet.SealIdentity(fleet.SIMID(s.ID), s.iccid, s.eid, s.imsi, s.msisdn, s.produced, fleet.ModelID(s.model), s.bic)
}

// OwnersSeal returns the part of the seal about the issuer and the reseller.
func OwnersSeal(id, issuer, reseller int64) uint64 {
	return fleet.SealOwners(fleet.SIMID(id), fleet.WorkspaceID(issuer), fleet.WorkspaceID(reseller))
}

// SIMsUnsealed reports whether there are SIMs without a seal.
func (tx *Tx) SIMsUnsealed(ctx context.Context) (bool, error) {
	var one int
	return tx.queryRow(ctx, "SELECT 1 FROM sims WHERE seal IS NULL LIMIT 1", nil, &one)
}

// SealSIMs seals at most limit SIMs that have no seal, and returns how many. They were imported by
// an earlier version. Their seal covers the owners at the import, which are those before the first
// change in ledger_owners. Several servers may call it concurrently.
func (tx *Tx) SealSIMs(ctx context.Context, limit int) (sealed int, err error) {
	text := "SELECT " + SealedColumns + `, COALESCE(o.issuer_before, s.issuer_id),
			CASE WHEN o.sim_id IS NULL THEN COALESCE(s.reseller_id, 0) ELSE COALESCE(o.reseller_before, 0) END
		FROM sims s LEFT JOIN ledger_owners o ON o.sim_id = s.id AND o.version = (SELECT min(p.version) FROM ledger_owners p WHERE p.sim_id = s.id)
		WHERE s.seal IS NULL ORDER BY s.id LIMIT $1` + tx.dialectSQL("", " FOR NO KEY UPDATE OF s SKIP LOCKED")
	var ids, seals []int64
	err = tx.queryEach(ctx, text, []any{limit}, func(r rows) error {
		var s SealedRow
		var issuer, reseller int64
		if err := r.Scan(append(s.Into(), &issuer, &reseller)...); err != nil {
			return err
		}
		ids = append(ids, s.ID)
		seals = append(seals, int64(s.Identity()^OwnersSeal(s.ID, issuer, reseller)^fleet.SealActivation(fleet.SIMID(s.ID), s.Activated)))
		return nil
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if tx.d == Postgres {
		return len(ids), tx.exec(ctx, "UPDATE sims s SET seal = n.seal FROM unnest($1::bigint[], $2::bigint[]) AS n (id, seal) WHERE s.id = n.id", ids, seals)
	}
	for i, id := range ids {
		if err := tx.exec(ctx, "UPDATE sims SET seal = $2 WHERE id = $1", id, seals[i]); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
