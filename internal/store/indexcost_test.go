package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
)

// listIndexes are the indexes of schema steps 14, 15, 17 and 22, which only lists need.
var listIndexes = []string{"sims_imsi", "sims_msisdn", "sims_eid", "ledger_at", "ledger_user", "ledger_target", "ledger_migrations", "events_user"}

// BenchmarkListIndexes compares how long the change of a migration of 500 SIMs takes with and
// without the indexes of lists, in turns, among LIST_SIMS SIMs (100,000 if unset).
func BenchmarkListIndexes(b *testing.B) {
	n := storetest.SizeOf(b, "LIST_SIMS", 100_000)
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		b.Run(name, func(b *testing.B) {
			var stores []*store.Store
			for _, without := range []bool{false, true} {
				url := newURL(b)
				s := open(b, url, store.Options{})
				storetest.Load(b, s)
				fillLists(b, url, s.Dialect(), n)
				stores = append(stores, s)
				for _, index := range listIndexes {
					if without {
						if _, err := rawSQL(b, url).ExecContext(b.Context(), "DROP INDEX "+index); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			var took [2][]time.Duration
			for turn := 0; b.Loop(); turn++ {
				for k := range stores {
					i := (k + turn) % 2 // each goes first every other time
					took[i] = append(took[i], moveMany(b, stores[i], n, turn))
				}
			}
			for i := range took {
				slices.Sort(took[i])
			}
			with, without := took[0][len(took[0])/2], took[1][len(took[1])/2]
			b.ReportMetric(float64(with.Microseconds())/1000, "ms-with")
			b.ReportMetric(float64(without.Microseconds())/1000, "ms-without")
			b.ReportMetric(float64(with)/float64(without), "ratio")
		})
	}
}

// moveMany moves 500 SIMs that no turn before has moved, with an event for each, and returns how
// long it took.
func moveMany(b *testing.B, s *store.Store, n, turn int) time.Duration {
	b.Helper()
	ids := make([]fleet.SIMID, 500)
	for i := range ids {
		ids[i] = fleet.SIMID(1_000_001 + n/2 + (turn*500+i)*7919%(n/2)) // the others have a second line
	}
	slices.Sort(ids)
	var took time.Duration
	err := s.Update(b.Context(), func(tx *store.Tx) error {
		sims, err := tx.SIMsByID(b.Context(), fleet.Workspace{ID: 1, Type: fleet.MobileNetworkOperator}, ids)
		if err != nil {
			return err
		}
		c := store.Change{UID: fmt.Sprintf("move %d %d", turn, time.Now().UnixNano()), Kind: fleet.LedgerMigration, By: store.Caller{User: storetest.Admin}, Target: 200}
		for _, sim := range sims {
			before := sim.State()
			after := before
			after.Workspace, after.Version = 300-before.Workspace, before.Version+1
			after.Status = map[fleet.SIMStatus]fleet.SIMStatus{fleet.SIMActivated: fleet.SIMSuspended}[before.Status]
			if after.Status == fleet.SIMIssued {
				after.Status = fleet.SIMActivated
			}
			c.Lines = append(c.Lines, store.Line{Before: before, After: after})
		}
		began := time.Now()
		_, err = tx.Apply(b.Context(), c)
		took = time.Since(began)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return took
}
