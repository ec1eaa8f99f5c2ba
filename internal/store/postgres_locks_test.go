package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgbouncer"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
)

// A lock is never released: requests that wait for it fail in time with a Retry-After, and the
// server stays ready although more requests wait than it has connections. The same holds behind
// a pooler.
func TestWaitingForALockIsBounded(t *testing.T) {
	t.Parallel()
	for _, pooled := range []bool{false, true} {
		t.Run(fmt.Sprint("pooled ", pooled), func(t *testing.T) {
			t.Parallel()
			url := postgresURL(t)
			through := url
			if pooled {
				through = pgbouncer.Start(t, url)
			}
			s := open(t, through, store.Options{MaxConns: 4})
			put(t, s, named(1, "a"), named(2, "b"))
			holder := direct(t, url)
			run(t, holder, "BEGIN")
			run(t, holder, "UPDATE workspaces SET name = 'held' WHERE id = 1")
			const waiters = 8
			answers, began := make(chan error, waiters), time.Now()
			for range waiters {
				go func() {
					answers <- s.Update(t.Context(), func(tx *store.Tx) error { return tx.PutWorkspace(t.Context(), named(1, "mine")) })
				}()
			}
			for len(answers) < waiters {
				before := time.Now()
				put(t, s, named(2, "c"))
				if err := s.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(before); took > 3*time.Second {
					t.Errorf("another row and readiness took %v", took)
				}
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("all were answered after %v", took)
			}
			for range waiters {
				var refusal *fleet.Error
				if err := <-answers; !errors.As(err, &refusal) || refusal.Code != fleet.Unavailable || refusal.RetryAfter <= 0 {
					t.Errorf("%v, want Unavailable with a time to wait", err)
				}
			}
			run(t, holder, "ROLLBACK")
			put(t, s, named(1, "free"))
		})
	}
}

// A server whose network drops everything holds a row lock. Its session ends, and another
// server gets the lock.
func TestACutOffServerLosesItsLocks(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	p := pgproxy.Start(t, url)
	cut, whole := open(t, p.URL(), store.Options{MaxConns: 2}), open(t, url, store.Options{MaxConns: 2})
	put(t, whole, named(1, "a"))
	holding, lost, runs := make(chan struct{}), make(chan error, 1), 0
	go func() {
		lost <- cut.Update(t.Context(), func(tx *store.Tx) error {
			err := tx.PutWorkspace(t.Context(), named(1, "cut off"))
			if runs++; runs == 1 {
				p.Freeze()
				close(holding)
			}
			return err
		})
	}()
	<-holding
	began := time.Now()
	put(t, whole, named(1, "mine"))
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("the lock came after %v", took)
	}
	p.Resume()
	if err := <-lost; err != nil {
		t.Errorf("the server that is back: %v", err)
	}
	if runs < 2 {
		t.Error("its lost transaction was not repeated")
	}
}
