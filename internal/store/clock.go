package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// Limits of the difference between this server's clock and the database's.
const (
	// ClockWarning is the difference from which it is logged.
	ClockWarning = time.Minute
	// ClockLimit is the difference from which tokens are refused, because their times cannot be
	// checked, and nothing is removed because of its age.
	ClockLimit = time.Hour
	// maxIdle is how much newer than the newest row of a SQLite database the time may be at
	// the start. Beyond it, nothing is removed because of its age. SQLite has no clock of its
	// own, and a fleet may be idle for days; the longest retention is 30 days.
	maxIdle = 7 * 24 * time.Hour
)

// clockCheck compares this server's clock with the database's.
type clockCheck struct {
	on     bool
	skew   atomic.Int64 // as last measured, in nanoseconds; on SQLite only if the clock is behind
	newest time.Time    // of SQLite's rows at the start, or the time of the start; zero on PostgreSQL
	opened time.Time    // with a monotonic reading, which clock changes do not affect
	least  atomic.Int64 // on SQLite, the earliest time that can have been at opened, in microseconds
}

// CheckClock measures how far this server's clock is ahead of the database's: PostgreSQL's now,
// or a time that has certainly passed, by SQLite's audit log, if that is in the future. It is 0
// unless Options.CompareClock is set.
func (s *Store) CheckClock(ctx context.Context) (skew time.Duration, err error) {
	if !s.check.on {
		return 0, nil
	}
	if e, ok := bare(s.engine).(*pgEngine); ok {
		skew, err = e.skew(ctx, s.clock)
	} else {
		var passed time.Time
		passed, err = s.passed(ctx)
		skew = min(0, s.clock().Sub(passed))
	}
	if err != nil {
		return 0, s.public(ctx, err)
	}
	s.check.skew.Store(int64(skew))
	return skew, nil
}

// skew assumes that the server's time was read in the middle of the round trip.
func (e *pgEngine) skew(ctx context.Context, clock func() time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	began, started := clock(), time.Now()
	var micro int64
	err := e.db.QueryRowContext(ctx, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").Scan(&micro)
	if err != nil {
		return 0, withoutUser(err)
	}
	return began.Add(time.Since(started) / 2).Sub(time.UnixMicro(micro)), nil
}

// newestTime returns the newest time stored in the append-only tables.
func (s *Store) newestTime(ctx context.Context) (newest time.Time, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		var micro int64
		_, err := tx.queryRow(ctx, `SELECT COALESCE(max(at), 0) FROM (
			SELECT * FROM (SELECT at FROM events ORDER BY id DESC LIMIT 1) UNION ALL
			SELECT * FROM (SELECT at FROM ledger ORDER BY id DESC LIMIT 1) UNION ALL
			SELECT * FROM (SELECT at FROM audit ORDER BY id DESC LIMIT 1)) t`, nil, &micro)
		newest = fromMicros(micro)
		return err
	})
	return newest, err
}

// passed returns a time that has certainly passed: that of the last entry of the audit log, or
// that of an earlier check plus the time since then. So an entry that is written after the clock
// was set back does not hide it. Every write has an audit entry.
func (s *Store) passed(ctx context.Context) (time.Time, error) {
	var last int64
	err := s.Read(ctx, func(tx *Tx) error {
		_, err := tx.queryRow(ctx, "SELECT at FROM audit ORDER BY id DESC LIMIT 1", nil, &last)
		return err
	})
	elapsed := time.Since(s.check.opened)
	least := max(s.check.least.Load(), last-elapsed.Microseconds())
	s.check.least.Store(least)
	return time.UnixMicro(least).Add(elapsed), err
}

// beginCheck records the newest time of a SQLite database at the start. Later rows may have
// been written with a wrong clock. If the database is empty, or has rows of the future, which a
// clock that was ahead has left, it is the time of the start.
func (s *Store) beginCheck(ctx context.Context) (err error) {
	s.check.opened = time.Now()
	if s.engine.dialect() == SQLite {
		if s.check.newest, err = s.newestTime(ctx); err != nil {
			return err
		}
		if now := s.clock(); s.check.newest.IsZero() || s.check.newest.After(now) {
			s.check.newest = now
		}
	}
	_, err = s.CheckClock(ctx)
	return err
}

// ClockTrusted returns an error if nothing may be removed because of its age, because this
// server's clock is probably wrong.
func (s *Store) ClockTrusted(ctx context.Context) error {
	skew, err := s.CheckClock(ctx)
	switch {
	case err != nil:
		return err
	case skew.Abs() > ClockLimit:
		return s.clockOff(skew)
	case s.check.newest.IsZero():
		return nil
	}
	ahead := s.clock().Sub(s.check.newest) - time.Since(s.check.opened)
	if ahead > maxIdle {
		return fmt.Errorf("this server's clock is %v ahead of the newest row that the database had at the start: set the clock, or, "+
			"if it is right and the fleet was idle, restart the server once it has been used", ahead.Round(time.Minute))
	}
	return nil
}

// ClockAhead returns the last result of CheckClock.
func (s *Store) ClockAhead() time.Duration { return time.Duration(s.check.skew.Load()) }

// ClockWorks returns an error if this server's clock was too far from the database's when it
// was last compared: tokens cannot be checked by it. It sends no query. On SQLite only a clock
// that is behind is found.
func (s *Store) ClockWorks() error {
	skew := s.ClockAhead()
	if skew.Abs() <= ClockLimit {
		return nil
	}
	return &fleet.Error{
		Code: fleet.Unavailable, RetryAfter: time.Minute, Err: s.clockOff(skew),
		Message: "The clock of this server is wrong, so it cannot check tokens; try again later, or use another server",
	}
}

func (s *Store) clockOff(skew time.Duration) error {
	difference := skew.Abs().Round(time.Second).String()
	if s.engine.dialect() == SQLite {
		return errors.New("this server's clock is " + difference + " behind the last entry of the audit log: set it; " +
			"if it is right, that entry was written with a fast clock: run `simferry keys rotate`, which adds an entry, and restart the server")
	}
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	return errors.New("this server's clock is " + difference + " " + direction + " the database's: set it")
}
