package store_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// A replayed reply is a new acknowledgement: with a synchronous standby its transaction must
// not end before the standby has what it read. Here the standby is missing, so the replay
// hangs, while a read that found nothing does not.
func TestAReplayWaitsForTheStandby(t *testing.T) {
	t.Parallel()
	pgtest.SkipIfShort(t)
	c, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
	s, watch := open(t, c.URL("postgres"), store.Options{}), direct(t, c.URL("postgres"))
	key := store.Key{Operation: "PATCH", Key: "k"}
	reply := func(k store.Key) func(*store.Tx) error {
		return func(tx *store.Tx) error { _, err := tx.Open(t.Context(), store.Opening{Key: &k}); return err }
	}
	err = s.Update(t.Context(), func(tx *store.Tx) error {
		return tx.StoreReply(t.Context(), key, store.Stored{Fingerprint: []byte("f"), Reply: store.Reply{Status: 204}})
	})
	if err != nil {
		t.Fatal(err)
	}
	standbys(t, watch, "nobody")
	// A hanging write shows that all sessions have the new setting.
	write := hung(t, watch, 1, true, func() error {
		return s.Update(context.WithoutCancel(t.Context()), func(tx *store.Tx) error { return tx.PutWorkspace(t.Context(), named(1, "written")) })
	})
	if err := s.Update(t.Context(), reply(store.Key{Operation: "PATCH", Key: "another"})); err != nil {
		t.Errorf("a key that is not known: %v", err)
	}
	replay := hung(t, watch, 2, false, func() error { return s.Update(context.WithoutCancel(t.Context()), reply(key)) })
	standbys(t, watch, "")
	for _, done := range []<-chan error{write, replay} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// hung runs a function until that many transactions wait for a standby; it repeats the function
// if it ends before and again is set.
func hung(t *testing.T, watch *pgx.Conn, waiting int, again bool, access func() error) <-chan error {
	t.Helper()
	for {
		done := make(chan error, 1)
		go func() { done <- access() }()
		for len(done) == 0 {
			if count(t, watch, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == waiting {
				return done
			}
		}
		if err := <-done; err != nil || !again {
			t.Fatalf("it has not waited for the standby: %v", err)
		}
	}
}

func standbys(t *testing.T, conn *pgx.Conn, names string) {
	t.Helper()
	run(t, conn, "ALTER SYSTEM SET synchronous_standby_names = '"+names+"'")
	run(t, conn, "SELECT pg_reload_conf()")
	for now := "?"; now != names; {
		if err := conn.QueryRow(t.Context(), "SELECT current_setting('synchronous_standby_names')").Scan(&now); err != nil {
			t.Fatal(err)
		}
	}
}
