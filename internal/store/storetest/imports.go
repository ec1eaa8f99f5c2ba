package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var importCases = []testCase{
	{"NewOnesOnly", importNewOnesOnly},
	{"TwiceInOneImport", importTwiceInOne},
	{"ManyBatches", importManyBatches},
	{"TakenICCID", importTakenICCID},
	{"Holders", holders},
}

func (e *env) imported(uid string, sims []fleet.SIM) (added []fleet.SIM) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) (err error) {
		if added, err = tx.InsertSIMs(ctx, sims); err != nil {
			return err
		}
		return tx.InsertImport(ctx, uid, added)
	})
	CheckSums(e, e.s)
	return added
}

func importNewOnesOnly(e *env) {
	e.fleet()
	again, fresh := plain(20, FleetDE), plain(40, FleetDE) // SIM 20 has another Workspace
	again.IMSI = "1"
	fresh.EID, fresh.IMSI, fresh.MSISDN = "", `ü"\<&`, "" // what JSON must not spoil
	fresh.Activated = start
	e.equal("added", e.imported("second", []fleet.SIM{again, fresh}), []fleet.SIM{fresh})
	e.equal("SIM 20", e.sim(workspace(Carrier), 20), plain(20, FleetAT))
	e.equal("SIM 40", e.sim(workspace(Carrier), 40), fresh)
	if added := e.imported("third", nil); added != nil {
		e.Errorf("nothing gave %v", added)
	}
}

func importTwiceInOne(e *env) {
	e.fleet()
	if added := e.imported("second", []fleet.SIM{plain(40, FleetDE), plain(40, FleetDE)}); len(added) != 1 {
		e.Errorf("one SIM counts as %d", len(added))
	}
}

func importManyBatches(e *env) {
	e.fleet()
	sims := make([]fleet.SIM, 5001)
	for i := range sims {
		sims[i] = plain(fleet.SIMID(1000+i), FleetDE)
	}
	if added := e.imported("big", sims); len(added) != len(sims) {
		e.Errorf("%d of %d SIMs were added", len(added), len(sims))
	}
}

// The database enforces uniqueness, even if a caller does not check.
func importTakenICCID(e *env) {
	e.fleet()
	before := CheckSums(e, e.s)
	double := plain(40, FleetDE)
	double.ICCID = ICCIDOf(20)
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.InsertSIMs(ctx, []fleet.SIM{plain(41, FleetDE), double})
		return err
	})
	if fleet.CodeOf(err) != fleet.Duplicated {
		e.Errorf("an ICCID twice: %v, want Duplicated", err)
	}
	e.equal("sums", CheckSums(e, e.s), before)

	e.delete(20)
	if added := e.imported("again", []fleet.SIM{double}); len(added) != 1 {
		e.Error("the ICCID of a deleted SIM cannot be used again")
	}
}

func holders(e *env) {
	e.fleet()
	e.delete(21)
	asked := []fleet.ICCID{ICCIDOf(10), ICCIDOf(21), ICCIDOf(30)}
	for i := range 5000 { // more than one statement
		asked = append(asked, ICCIDOf(fleet.SIMID(10_000+i)))
	}
	asked = append(asked, ICCIDOf(22))
	e.view(func(ctx context.Context, tx *store.Tx) error {
		got, err := tx.Holders(ctx, asked)
		e.equal("holders", got, map[fleet.ICCID]fleet.SIMID{ICCIDOf(10): 10, ICCIDOf(30): 30, ICCIDOf(22): 22})
		return err
	})
}

// delete deletes a SIM.
func (e *env) delete(id fleet.SIMID) {
	e.Helper()
	e.change(fleet.LedgerDelete, id, func(s *fleet.SIMState) { s.Status, s.Device = fleet.SIMDeleted, 0 })
}

// change applies one change of one SIM.
func (e *env) change(kind fleet.LedgerKind, id fleet.SIMID, alter func(*fleet.SIMState)) {
	e.Helper()
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		s, found, err := tx.SIM(ctx, workspace(Carrier), id, true)
		if err != nil || !found {
			return errors.Join(err, fmt.Errorf("SIM %d: found %v", id, found))
		}
		before := s.State()
		after := before
		after.Version++
		alter(&after)
		_, err = tx.Apply(ctx, store.Change{
			UID: fmt.Sprintf("%d of %d", after.Version, id), Kind: kind, Lines: []store.Line{{Before: before, After: after}},
		})
		return err
	})
	if err != nil {
		e.Fatal(err)
	}
	CheckSums(e, e.s)
}
