package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var transactionCases = []testCase{
	{"ErrorRollsBack", errorRollsBack},
	{"PanicRollsBack", panicRollsBack},
	{"RacedIsBounded", racedIsBounded},
	{"NowIsFixed", nowIsFixed},
	{"ViewIsOneSnapshot", viewIsOneSnapshot},
	{"ViewDoesNotWrite", viewDoesNotWrite},
	{"Cancelled", cancelled},
	{"Deadline", deadline},
	{"Ready", ready},
	{"AFailedStatementIsNotCommitted", failedStatement},
}

func addCarrier(ctx context.Context, tx *store.Tx) error {
	return tx.PutWorkspace(ctx, workspace(Carrier))
}

func (e *env) workspaceCount(want int) {
	e.Helper()
	err := e.s.Read(e.Context(), func(tx *store.Tx) error {
		all, err := tx.AllWorkspaces(e.Context())
		if len(all) != want {
			e.Errorf("there are %d Workspaces, want %d", len(all), want)
		}
		return err
	})
	if err != nil {
		e.Error(err)
	}
}

func errorRollsBack(e *env) {
	ours := fleet.Errorf(fleet.Forbidden, "no")
	runs := 0
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		runs++
		return errors.Join(addCarrier(ctx, tx), ours)
	})
	if fleet.CodeOf(err) != fleet.Forbidden || runs != 1 {
		e.Errorf("%v after %d runs", err, runs)
	}
	e.workspaceCount(0)
}

// A panic must not cost a connection: there are more of them here than connections.
func panicRollsBack(e *env) {
	for range 50 {
		func() {
			defer func() {
				if recover() == nil {
					e.Error("the panic was swallowed")
				}
			}()
			_ = e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
				panic(addCarrier(ctx, tx) == nil)
			})
		}()
	}
	e.workspaceCount(0)
	e.update(addCarrier)
	e.workspaceCount(1)
}

func racedIsBounded(e *env) {
	runs := 0
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		runs++
		return errors.Join(addCarrier(ctx, tx), store.ErrRaced)
	})
	if fleet.CodeOf(err) != fleet.Unavailable || runs < 2 || runs > 20 {
		e.Errorf("%v after %d runs", err, runs)
	}
	e.workspaceCount(0)
}

func nowIsFixed(e *env) {
	e.update(func(_ context.Context, tx *store.Tx) error {
		e.clock.advance(time.Hour)
		e.equal("now", tx.Now(), start)
		return nil
	})
}

func viewIsOneSnapshot(e *env) {
	count := func(ctx context.Context, tx *store.Tx) int {
		all, err := tx.AllWorkspaces(ctx)
		if err != nil {
			e.Error(err)
		}
		return len(all)
	}
	e.view(func(ctx context.Context, tx *store.Tx) error {
		if n := count(ctx, tx); n != 0 {
			e.Errorf("%d Workspaces at first", n)
		}
		e.update(addCarrier)
		if n := count(ctx, tx); n != 0 {
			e.Errorf("a later statement of the View sees %d Workspaces", n)
		}
		return nil
	})
	e.workspaceCount(1)
}

func viewDoesNotWrite(e *env) {
	ctx := e.Context()
	if err := e.s.View(ctx, func(tx *store.Tx) error { return addCarrier(ctx, tx) }); err == nil {
		e.Error("a View wrote")
	}
	e.workspaceCount(0)
	e.update(addCarrier) // and a connection that refused a write can still write
}

func cancelled(e *env) {
	ctx, cancel := context.WithCancel(e.Context())
	runs := 0
	err := e.s.Update(ctx, func(tx *store.Tx) error {
		runs++
		if err := addCarrier(ctx, tx); err != nil {
			return err
		}
		cancel()
		return addCarrier(ctx, tx)
	})
	if !errors.Is(err, context.Canceled) || runs != 1 {
		e.Errorf("%v after %d runs", err, runs)
	}
	runs = 0
	err = e.s.Update(ctx, func(*store.Tx) error { runs++; return nil })
	if !errors.Is(err, context.Canceled) || runs != 0 {
		e.Errorf("a disconnected caller: %v after %d runs", err, runs)
	}
	e.workspaceCount(0)
}

// A caller's deadline gives a retryable error, not an internal one.
func deadline(e *env) {
	ctx, cancel := context.WithTimeout(e.Context(), 20*time.Millisecond)
	defer cancel()
	err := e.s.Update(ctx, func(tx *store.Tx) error {
		if err := addCarrier(ctx, tx); err != nil {
			return err
		}
		<-ctx.Done()
		return addCarrier(ctx, tx)
	})
	if fleet.CodeOf(err) != fleet.Unavailable {
		e.Errorf("got %v, want Unavailable", err)
	}
	e.workspaceCount(0)
}

func ready(e *env) {
	if err := e.s.Ready(e.Context()); err != nil {
		e.Error(err)
	}
	e.equal("clock", e.s.Now(), start)
}

// If fn ignores the error of a statement, the rest must not be committed.
func failedStatement(e *env) {
	err := e.tryUpdate(func(ctx context.Context, tx *store.Tx) error {
		if err := addCarrier(ctx, tx); err != nil {
			return err
		}
		orphan := workspace(FleetDE) // its parent is missing
		if err := tx.PutWorkspace(ctx, orphan); err == nil {
			e.Error("an orphan was stored")
		}
		return nil
	})
	if err == nil {
		e.Error("it committed")
	}
	e.workspaceCount(0)
}
