package store_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
	"github.com/simferry/simferry/internal/test/kit/pgbouncer"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// Behind PgBouncer in transaction mode: the schema steps, and more client connections than the
// server has sessions, so that each transaction may use another session.
func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"the store's default": "", "cache_describe": "&default_query_exec_mode=cache_describe", "exec": "&default_query_exec_mode=exec",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgbouncer.Start(t, pgtest.Database(t)) + query
			servers := []*store.Store{open(t, url, store.Options{MaxConns: 8}), open(t, url, store.Options{MaxConns: 8})}
			storetest.Load(t, servers[0])
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					for round := range 5 {
						sims := []fleet.SIMID{10, 13, 14, 15, 16, 17, 18, 19}[i%3 : i%3+5]
						if err := shuttle(t, servers[i%2], fmt.Sprint(i, " ", round), sims); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			storetest.CheckSums(t, servers[1])
		})
	}
}

// shuttle moves SIMs to the Workspace where the first of them is not, and runs other
// statements, so that many different statements are used.
func shuttle(t testing.TB, s *store.Store, uid string, sims []fleet.SIMID) error {
	t.Helper()
	ctx := t.Context()
	if err := s.View(ctx, func(tx *store.Tx) error {
		l, err := fleet.ParseList(fleet.SIMList, "status:1|2", "-iccid", "1", "5")
		if err != nil {
			return err
		}
		_, err = tx.SIMs(ctx, fleet.Workspace{ID: storetest.FleetDE, Type: fleet.Enterprise}, l)
		return err
	}); err != nil {
		return err
	}
	return s.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Count(ctx, "shuttle", uid, time.Hour); err != nil {
			return err
		}
		snap, err := tx.Snapshot(ctx, store.Caller{User: storetest.Admin}, fleet.MigrationRequest{
			Target: storetest.FleetAT, Select: fleet.Selector{SIMs: sims},
		}, true)
		if err != nil {
			return err
		}
		_, err = tx.Apply(ctx, move(uid, snap.SIMs))
		return err
	})
}

// move returns a change that moves SIMs to the Workspace where the first of them is not.
func move(uid string, sims []fleet.SIMState) store.Change {
	target := storetest.FleetAT
	if sims[0].Workspace == target {
		target = storetest.FleetDE
	}
	c := store.Change{UID: uid, Kind: fleet.LedgerMigration, By: store.Caller{User: storetest.Admin}, Target: target}
	for _, before := range sims {
		if before.Workspace != target {
			after := before
			after.Workspace, after.Status, after.Device = target, before.Status.AfterMigration(), 0
			after.Version++
			c.Lines = append(c.Lines, store.Line{Before: before, After: after})
		}
	}
	return c
}

// BenchmarkQueryExecModes measures a migration of 500 SIMs and a short read in each mode,
// interleaved so that noise affects all modes.
func BenchmarkQueryExecModes(b *testing.B) {
	modes := []string{"cache_statement", "cache_describe", "exec"}
	stores := make([]*store.Store, len(modes))
	for i, mode := range modes {
		stores[i] = open(b, postgresURL(b)+"&default_query_exec_mode="+mode, store.Options{})
		storetest.Load(b, stores[i])
	}
	ids := fiveHundred(b, stores)
	b.Run("Migrate500", func(b *testing.B) {
		takeTurns(b, modes, func(i int) error { return shuttle(b, stores[i], rand.Text(), ids) })
	})
	b.Run("Session", func(b *testing.B) {
		takeTurns(b, modes, func(i int) error {
			return stores[i].Read(b.Context(), func(tx *store.Tx) error {
				_, _, err := tx.UserSession(b.Context(), storetest.Admin, storetest.FleetDE)
				return err
			})
		})
	})
}

// takeTurns reports the median of each mode in microseconds.
func takeTurns(b *testing.B, modes []string, op func(i int) error) {
	b.Helper()
	took := make([][]time.Duration, len(modes))
	for range b.N {
		for i := range modes {
			began := time.Now()
			if err := op(i); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	for i, mode := range modes {
		slices.Sort(took[i])
		b.ReportMetric(float64(took[i][b.N/2].Microseconds()), mode+"-us")
	}
}

func fiveHundred(b *testing.B, stores []*store.Store) []fleet.SIMID {
	b.Helper()
	ids := make([]fleet.SIMID, fleet.MaxSIMs)
	sims := make([]fleet.SIM, len(ids))
	for i := range sims {
		ids[i] = fleet.SIMID(1000 + i)
		sims[i] = fleet.SIM{
			ID: ids[i], ICCID: storetest.ICCIDOf(ids[i]), Status: fleet.SIMSuspended, Workspace: storetest.FleetDE, Issuer: storetest.Carrier,
		}
	}
	for _, s := range stores {
		if err := s.Update(b.Context(), func(tx *store.Tx) error {
			_, err := tx.InsertSIMs(b.Context(), sims)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	return ids
}
