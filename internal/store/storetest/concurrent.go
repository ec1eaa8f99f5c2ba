package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var concurrentCases = []testCase{
	{"OneWinner", oneWinner},
	{"NextID", nextIDsDiffer},
	{"Counters", countersAddUp},
	{"SameKey", sameKeyOneEffect},
	{"BackAndForth", backAndForth},
}

// together runs n goroutines and waits for them.
func together(n int, run func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { run(i) })
	}
	wg.Wait()
}

// Of several concurrent migrations of the same SIMs, each in another order, one succeeds, and
// the others see its result.
func oneWinner(e *env) {
	e.fleet()
	orders := [][]fleet.SIMID{{10, 13, 15, 17}, {17, 15, 13, 10}, {13, 17, 10, 15}, {15, 10, 17, 13}}
	var mu sync.Mutex
	won := 0
	together(len(orders), func(i int) {
		moved := false
		err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
			req := fleet.MigrationRequest{Target: FleetAT, Select: selectIDs(e, orders[i]...)}
			snap, err := tx.Snapshot(ctx, store.Caller{User: Admin}, req, true)
			if err != nil {
				return err
			}
			p, refusal := fleet.PlanMigration(req, snap)
			if moved = refusal == nil; !moved {
				e.seesTheResult(refusal)
				return nil
			}
			_, err = tx.Apply(ctx, plan(fmt.Sprint("racer ", i), p.SIMs, FleetAT))
			return err
		})
		if err != nil {
			e.Error(err)
		}
		if moved {
			mu.Lock()
			won++
			mu.Unlock()
		}
	})
	if won != 1 {
		e.Errorf("%d migrations won", won)
	}
	CheckSums(e, e.s)
}

// seesTheResult asserts that the transactions that waited for the locks see the Workspace of the
// SIMs now.
func (e *env) seesTheResult(refusal error) {
	var conflicts *fleet.Conflicts
	if !errors.As(refusal, &conflicts) || conflicts.Groups[0].Code != fleet.AlreadyInTarget || len(conflicts.Groups[0].SIMs) != 4 {
		e.Errorf("a loser got %v", refusal)
	}
}

// Two transactions that take the next id concurrently neither overwrite each other's row nor
// fail.
func nextIDsDiffer(e *env) {
	const n = 8
	together(n, func(i int) {
		err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
			id, err := tx.NextID(ctx, store.Workspaces)
			if err != nil {
				return err
			}
			return tx.PutWorkspace(ctx, fleet.Workspace{ID: fleet.WorkspaceID(id), Name: fmt.Sprint(i), Type: fleet.Enterprise})
		})
		if err != nil {
			e.Error(err)
		}
	})
	names := map[string]bool{}
	e.view(func(ctx context.Context, tx *store.Tx) error {
		all, err := tx.AllWorkspaces(ctx)
		for _, w := range all {
			names[w.Name] = true
		}
		return err
	})
	if len(names) != n {
		e.Errorf("%d Workspaces were created, %d are there", n, len(names))
	}
}

func countersAddUp(e *env) {
	const n = 8
	together(n, func(int) {
		if err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Count(ctx, "failures", "a", time.Minute)
			return err
		}); err != nil {
			e.Error(err)
		}
	})
	e.counter(store.Counter{Count: n, Expires: start.Add(time.Minute)})
}

// Two requests with one key, both of which found it unused, have one effect.
func sameKeyOneEffect(e *env) {
	const n = 4
	together(n, func(i int) {
		if err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
			if got, err := tx.Open(ctx, store.Opening{Key: &aKey}); got.Replied || err != nil {
				return err
			}
			id := fleet.WorkspaceID(1000 + i)
			if err := tx.PutWorkspace(ctx, fleet.Workspace{ID: id, Name: "effect", Type: fleet.Enterprise}); err != nil {
				return err
			}
			return tx.StoreReply(ctx, aKey, store.Stored{Fingerprint: []byte{1}})
		}); err != nil {
			e.Error(err)
		}
	})
	e.workspaceCount(1)
}

// Writers move overlapping SIMs in both directions: none fails with a deadlock, and the sums
// always hold for a concurrent reader.
func backAndForth(e *env) {
	e.fleet()
	list := []fleet.SIMID{10, 13, 14, 15, 16, 17, 18, 19, 21, 22}
	together(5, func(i int) {
		if i == 4 {
			for range 10 {
				CheckSums(e, e.s)
			}
			return
		}
		target := []fleet.WorkspaceID{FleetAT, FleetDE}[i%2]
		for round := range 5 {
			err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
				req := fleet.MigrationRequest{Target: target, Select: selectIDs(e, list[i:i+6]...)}
				snap, err := tx.Snapshot(ctx, store.Caller{User: Admin}, req, true)
				if err != nil {
					return err
				}
				var there []fleet.SIMState
				for _, s := range snap.SIMs {
					if s.Workspace != target {
						there = append(there, s)
					}
				}
				_, err = tx.Apply(ctx, plan(fmt.Sprint(i, " ", round), there, target))
				return err
			})
			if err != nil {
				e.Error(err)
			}
		}
	})
	CheckSums(e, e.s)
}
