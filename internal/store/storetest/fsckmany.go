package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// LoadMany fills an empty store with the fixture and n SIMs more, every second of them
// activated, and moves 500 of them at a time: one migration per 500 SIMs. The SIMs of a
// migration have consecutive ids; one SIM in ten moves more than once.
func LoadMany(t testing.TB, s *store.Store, n int) {
	t.Helper()
	Load(t, s)
	ctx := t.Context()
	const batch = 10_000
	for from := 0; from < n; from += batch {
		sims := make([]fleet.SIM, min(batch, n-from))
		for i := range sims {
			sims[i] = plain(fleet.SIMID(100_000+from+i), FleetDE)
			sims[i].Status = []fleet.SIMStatus{fleet.SIMIssued, fleet.SIMActivated}[i%2]
		}
		update(t, s, func(tx *store.Tx) error {
			added, err := tx.InsertSIMs(ctx, sims)
			if err != nil {
				return err
			}
			return tx.InsertImport(ctx, fmt.Sprintf("batch %d", from), added)
		})
	}
	for m := range n / fleet.MaxSIMs {
		first := m * fleet.MaxSIMs
		if m%10 == 9 {
			first = 0
		}
		ids := make([]fleet.SIMID, fleet.MaxSIMs)
		for i := range ids {
			ids[i] = fleet.SIMID(100_000 + first + i)
		}
		update(t, s, func(tx *store.Tx) error { return moveOn(ctx, tx, fmt.Sprintf("many %d", m), ids) })
	}
	update(t, s, func(tx *store.Tx) error { return tx.FoldTally(ctx) })
}

func update(t testing.TB, s *store.Store, do func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

// MoveBack moves 10 of the SIMs that LoadMany made, wherever they are now: the nth
// ten of the first 500.
func MoveBack(t testing.TB, s *store.Store, n int) {
	t.Helper()
	ids := make([]fleet.SIMID, 10)
	for i := range ids {
		ids[i] = fleet.SIMID(100_000 + n%50*10 + i)
	}
	if err := s.Update(t.Context(), func(tx *store.Tx) error { return moveOn(t.Context(), tx, uuid.NewString(), ids) }); err != nil {
		t.Error(err)
	}
}

// moveOn moves SIMs of one Workspace to the other fleet.
func moveOn(ctx context.Context, tx *store.Tx, uid string, ids []fleet.SIMID) error {
	sel := fleet.Selector{SIMs: ids}
	snap, err := tx.Snapshot(ctx, store.Caller{User: Super, SuperAdmin: true}, fleet.MigrationRequest{Target: FleetAT, Select: sel}, true)
	if err != nil {
		return err
	}
	target := FleetAT
	if snap.SIMs[0].Workspace == FleetAT {
		target = FleetDE
	}
	_, err = tx.Apply(ctx, plan(uid, snap.SIMs, target))
	return err
}
