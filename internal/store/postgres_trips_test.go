package store_test

import (
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
)

// TestRoundTrips checks the number of round trips with prepared statements: a transaction
// begins with its first statement, and a change of any size takes one.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"cache_statement", "cache_describe"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := pgproxy.Start(t, postgresURL(t))
			s := open(t, p.URL()+"&default_query_exec_mode="+mode, store.Options{MaxConns: 1})
			storetest.Load(t, s)
			ctx, admin := t.Context(), store.Caller{User: storetest.Admin}
			request := fleet.MigrationRequest{Target: storetest.FleetAT, Select: fleet.Selector{SIMs: []fleet.SIMID{10, 13}}}
			counted := func(name string, want int64, run func() error) {
				t.Helper()
				if err := run(); err != nil { // the first time, the statements are prepared
					t.Fatal(err)
				}
				before := p.RoundTrips()
				if err := run(); err != nil {
					t.Fatal(err)
				}
				if n := p.RoundTrips() - before; n != want {
					t.Errorf("%s took %d round trips, want %d", name, n, want)
				}
			}
			counted("an empty Update", 0, func() error { return s.Update(ctx, func(*store.Tx) error { return nil }) })
			counted("a bearer's session", 1, func() error {
				return s.Read(ctx, func(tx *store.Tx) error {
					_, _, err := tx.UserSession(ctx, storetest.Admin, storetest.FleetDE)
					return err
				})
			})
			counted("a dry run", 3, func() error {
				return s.View(ctx, func(tx *store.Tx) error { _, err := tx.Snapshot(ctx, admin, request, false); return err })
			})
			uid := "a"
			counted("a real run", 4, func() error {
				uid += "a"
				return s.Update(ctx, func(tx *store.Tx) error {
					snap, err := tx.Snapshot(ctx, admin, request, true)
					if err != nil {
						return err
					}
					_, err = tx.Apply(ctx, move(uid, snap.SIMs))
					return err
				})
			})
		})
	}
}
