package storetest

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/store"
)

var counterCases = []testCase{
	{"CountAndExpire", countAndExpire},
	{"ExpiredStaysExpired", expiredStaysExpired},
	{"ClockThatWasWrong", clockThatWasWrong},
	{"ClearByPrefix", clearCountersOf},
	{"Sweep", sweepCounters},
}

func (e *env) count(want int, expires time.Time) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		c, err := tx.Count(ctx, "failures", "a", time.Minute)
		e.equal("counted", c, store.Counter{Count: want, Expires: expires})
		return err
	})
}

func (e *env) counter(want store.Counter) {
	e.Helper()
	e.view(func(ctx context.Context, tx *store.Tx) error {
		c, err := tx.Counter(ctx, "failures", "a")
		e.equal("counter", c, want)
		return err
	})
}

func countAndExpire(e *env) {
	e.counter(store.Counter{})
	expires := start.Add(time.Minute)
	e.count(1, expires)
	e.clock.advance(time.Minute - time.Microsecond)
	e.count(2, expires) // the window is that of the first
	e.counter(store.Counter{Count: 2, Expires: expires})
	e.clock.advance(time.Microsecond)
	e.counter(store.Counter{})
	e.count(1, expires.Add(time.Minute))
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.ExpireCounter(ctx, "failures", "a", time.Hour)
	})
	e.counter(store.Counter{Count: 1, Expires: expires.Add(time.Hour)})
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.ClearCounter(ctx, "failures", "b"); err != nil {
			return err
		}
		return tx.ClearCounter(ctx, "guesses", "a")
	})
	e.counter(store.Counter{Count: 1, Expires: expires.Add(time.Hour)})
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.ClearCounter(ctx, "failures", "a") })
	e.counter(store.Counter{})
}

func expiredStaysExpired(e *env) {
	e.count(1, start.Add(time.Minute))
	e.clock.advance(time.Minute)
	e.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.ExpireCounter(ctx, "failures", "a", time.Hour)
	})
	e.counter(store.Counter{})
}

// A counter from the future is ignored, unless it is only a little ahead, like the clock of
// another server.
func clockThatWasWrong(e *env) {
	const years = 3 * 365 * 24 * time.Hour
	e.clock.advance(years)
	e.count(1, start.Add(years+time.Minute))
	e.clock.advance(-30 * time.Second)
	e.count(2, start.Add(years+time.Minute))
	e.clock.advance(30*time.Second - years)
	e.count(1, start.Add(time.Minute))
}

func sweepCounters(e *env) {
	e.count(1, start.Add(time.Minute))
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.Sweep(ctx, time.Hour) })
	e.counter(store.Counter{Count: 1, Expires: start.Add(time.Minute)})
	e.clock.advance(time.Minute)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.Sweep(ctx, time.Hour) })
	e.clock.advance(-time.Minute) // what was swept is gone, not merely expired
	e.counter(store.Counter{})
}

func clearCountersOf(e *env) {
	rows := []struct {
		kind, key string
		stays     bool
	}{
		{"failures", "a 10.0.0.1", false}, {"failures", "a 10.0.0.2", false}, {"failures", "a ", false},
		{"failures", "a", true}, {"failures", "ab 10.0.0.1", true}, {"failures", "A 10.0.0.1", true}, {"guesses", "a 10.0.0.1", true},
	}
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for _, r := range rows {
			if _, err := tx.Count(ctx, r.kind, r.key, time.Hour); err != nil {
				return err
			}
		}
		return tx.ClearCountersOf(ctx, "failures", "a ")
	})
	e.view(func(ctx context.Context, tx *store.Tx) error {
		for _, r := range rows {
			c, err := tx.Counter(ctx, r.kind, r.key)
			if err != nil {
				return err
			}
			if (c.Count == 1) != r.stays {
				e.Errorf("%s %q: count %d", r.kind, r.key, c.Count)
			}
		}
		return nil
	})
}
