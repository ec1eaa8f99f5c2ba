// Package storetest is the conformance suite of the store: what every engine must do, tested
// through the exported API. Tests that need data start from the fixture in fixture.go.
package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/store"
)

// Open returns an empty store for a test, closed when the test ends.
type Open func(t testing.TB, o store.Options) *store.Store

// Run runs the suite over one engine.
func Run(t *testing.T, open Open) {
	t.Helper()
	for _, suite := range []struct {
		name  string
		cases []testCase
	}{
		{"Workspaces", workspaceCases}, {"Users", userCases}, {"Credentials", credentialCases}, {"Sessions", sessionCases}, {"SecondFactor", secondFactorCases}, {"Counters", counterCases},
		{"Idempotency", idempotencyCases}, {"Import", importCases}, {"SIMs", simCases}, {"Lists", listCases},
		{"Snapshot", snapshotCases}, {"Apply", applyCases}, {"Refused", refusedCases}, {"Ledger", ledgerCases}, {"Undo", undoCases},
		{"Events", eventCases}, {"Devices", deviceCases}, {"Tally", tallyCases}, {"Audit", auditCases}, {"Transactions", transactionCases}, {"Stats", statCases}, {"Concurrent", concurrentCases},
	} {
		t.Run(suite.name, func(t *testing.T) {
			for _, c := range suite.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(newEnv(t, open))
				})
			}
		})
	}
}

type testCase struct {
	name string
	run  func(*env)
}

// start is the instant at which every test begins. It has microseconds, which both engines
// must keep.
var start = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// env is one test: its store and its clock.
type env struct {
	*testing.T
	s     *store.Store
	clock *clock
}

func newEnv(t *testing.T, open Open) *env {
	t.Helper()
	c := &clock{now: start}
	return &env{t, open(t, store.Options{Clock: c.Now}), c}
}

// update runs fn in a transaction.
func (e *env) update(fn func(ctx context.Context, tx *store.Tx) error) {
	e.Helper()
	if err := e.tryUpdate(fn); err != nil {
		e.Fatal(err)
	}
}

func (e *env) tryUpdate(fn func(ctx context.Context, tx *store.Tx) error) error {
	ctx := e.Context()
	return e.s.Update(ctx, func(tx *store.Tx) error { return fn(ctx, tx) })
}

// view reads on one snapshot.
func (e *env) view(fn func(ctx context.Context, tx *store.Tx) error) {
	e.Helper()
	ctx := e.Context()
	if err := e.s.View(ctx, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		e.Fatal(err)
	}
}

// CheckSums fails the test if the SIMs do not match the ledger (invariants I1 and I13), and
// returns the sums, which change with every change of a SIM.
func CheckSums(t testing.TB, s *store.Store) store.Checksums {
	t.Helper()
	var sums store.Checksums
	err := s.View(t.Context(), func(tx *store.Tx) (err error) {
		sums, err = tx.Checksums(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !sums.Hold() {
		t.Errorf("the SIMs are not what the ledger says: %+v", sums)
	}
	return sums
}
