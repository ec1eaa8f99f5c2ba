package storetest

import (
	"context"
	"errors"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var refusedCases = []testCase{
	{"StaleVersion", refusedStale(func(s *fleet.SIMState) { s.Version = 0 })},
	{"FutureVersion", refusedStale(func(s *fleet.SIMState) { s.Version = 7 })},
	{"WrongWorkspace", refusedStale(func(s *fleet.SIMState) { s.Workspace = FleetBR })},
	{"UnknownSIM", refusedStale(func(s *fleet.SIMState) { s.ID = 999 })},
	{"DeviceTaken", refusedDeviceTaken},
	{"ForeignDevice", refusedForeignDevice},
	{"SameUID", refusedSameUID},
}

// refusedStale applies a plan with one outdated line: nothing may be written, and the
// transaction must start again with a new snapshot.
func refusedStale(spoil func(*fleet.SIMState)) func(*env) {
	return func(e *env) {
		e.fleet()
		e.migrate("before", FleetAT, 12)
		sums := CheckSums(e, e.s)
		runs := 0
		err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
			if runs++; runs > 1 {
				return errors.New("seen again")
			}
			before := append(states(11), states(12)[0])
			before[1].Workspace, before[1].Device, before[1].Version = FleetAT, 0, 1
			spoil(&before[1])
			_, err := tx.Apply(ctx, plan("spoilt", before, FleetBR))
			return err
		})
		if runs != 2 || err == nil || err.Error() != "seen again" {
			e.Errorf("%d runs, %v", runs, err)
		}
		e.nothingOf("spoilt", sums, FleetBR)
	}
}

// nothingOf asserts that a change has written nothing.
func (e *env) nothingOf(uid string, sums store.Checksums, target fleet.WorkspaceID) {
	e.Helper()
	e.equal("sums", CheckSums(e, e.s), sums)
	e.view(func(ctx context.Context, tx *store.Tx) error {
		_, found, err := tx.EntryByUID(ctx, uid)
		if found {
			e.Errorf("the ledger has an entry of %s", uid)
		}
		return err
	})
	if events := e.events(target, 0, "", ""); len(events) != 0 {
		e.Errorf("events were written: %+v", events)
	}
}

func (e *env) tryAttach(uid string, sim fleet.SIMID, device fleet.DeviceID) error {
	return e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		before := states(sim)[0]
		after := before
		after.Device, after.Version = device, 1
		_, err := tx.Apply(ctx, store.Change{UID: uid, Kind: fleet.LedgerAttach, Lines: []store.Line{{Before: before, After: after}}})
		return err
	})
}

// The database enforces that a device has at most one SIM.
func refusedDeviceTaken(e *env) {
	e.fleet()
	sums := CheckSums(e, e.s)
	if err := e.tryAttach("taken", 13, 9001); fleet.CodeOf(err) != fleet.Duplicated {
		e.Errorf("a second SIM for a device: %v, want Duplicated", err)
	}
	e.nothingOf("taken", sums, FleetDE)
}

func refusedForeignDevice(e *env) {
	e.fleet()
	sums := CheckSums(e, e.s)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDevice(ctx, fleet.Device{ID: 9004, Workspace: FleetAT, Name: "free"})
	})
	if err := e.tryAttach("foreign", 13, 9004); err == nil {
		e.Error("a SIM went into a device of another Workspace")
	}
	e.nothingOf("foreign", sums, FleetDE)
}

func refusedSameUID(e *env) {
	e.fleet()
	e.migrate("once", FleetAT, 11)
	sums := CheckSums(e, e.s)
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Apply(ctx, plan("once", states(13), FleetBR))
		return err
	})
	if err == nil {
		e.Error("a uid was used twice")
	}
	e.equal("sums", CheckSums(e, e.s), sums)
}
