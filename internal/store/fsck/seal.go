package fsck

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// sealed is the state of the check of a SIM's seal.
type sealed struct {
	missing          bool
	off              uint64 // the seal XOR the expected seal of the current SIM; zero if correct
	issuer, reseller int64
	activated        int64 // as it is stored, 0 for none
	activation       int64 // according to the ledger: the time of the first line that left the SIM activated
	owned            bool  // the first change of owners has been seen
}

func (s *sealed) take(row *store.SealedRow) {
	*s = sealed{missing: row.Seal == nil, issuer: row.Issuer, reseller: row.Reseller, activated: row.Activated}
	if row.Seal != nil {
		s.off = uint64(*row.Seal) ^ row.Identity() ^ store.OwnersSeal(row.ID, row.Issuer, row.Reseller) ^ fleet.SealActivation(fleet.SIMID(row.ID), row.Activated)
	}
}

// readSeals reads the seals of a run, and the first change of owners of each of its SIMs: the
// seal covers the owners from before that change.
func (f *checker) readSeals(ctx context.Context, run *simRun) error {
	var row store.SealedRow
	next := 0
	text := "SELECT " + store.SealedColumns + " FROM sims s WHERE s.id > $1 AND s.id <= $2 ORDER BY s.id"
	err := f.db.QueryEach(ctx, text, []any{run.lo, run.hi}, func(r store.Row) error {
		err := r.Scan(row.Into()...)
		if next < len(run.sims) && int64(run.sims[next].ID) == row.ID {
			run.sims[next].take(&row)
			next++
		}
		return err
	})
	if err != nil {
		return err
	}
	var id, issuer, reseller int64
	text = "SELECT sim_id, issuer_before, COALESCE(reseller_before, 0) FROM ledger_owners WHERE sim_id > $1 AND sim_id <= $2 ORDER BY sim_id, version"
	err = f.db.QueryEach(ctx, text, []any{run.lo, run.hi}, func(r store.Row) error {
		err := r.Scan(&id, &issuer, &reseller)
		if s := run.find(id); s != nil && !s.owned {
			s.owned = true
			s.off ^= store.OwnersSeal(id, s.issuer, s.reseller) ^ store.OwnersSeal(id, issuer, reseller)
		}
		return err
	})
	return err
}

// judgeSeal compares a SIM with its seal after its lines have been read.
func (f *checker) judgeSeal(s *checkedSIM) {
	// Imported without an activation, and activated since.
	later := fleet.SealActivation(s.ID, 0) ^ fleet.SealActivation(s.ID, s.activated)
	switch id := int64(s.ID); {
	case s.missing:
		f.identity.fail("SIM", id, "it has no seal: a running server seals every SIM; start the server if it has stopped, and check again")
	case s.activation != 0 && s.activated == 0:
		f.identity.fail("SIM", id, "it was activated at %s, but has no date of activation", instant(s.activation))
	case s.off != 0 && (s.off != later || s.activation != s.activated):
		f.identity.fail("SIM", id, "ICCID, EID, IMSI, MSISDN, date of production or activation, model, batch, issuer or reseller has changed outside the ledger")
	}
}
