package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// How far this server's clock may be away from the database's.
const (
	// ClockWarning is when the difference is logged.
	ClockWarning = time.Minute
	// ClockLimit is when tokens are refused, because their times mean nothing any more, and
	// when nothing is removed for its age.
	ClockLimit = time.Hour
	// idleMost is how much newer than the newest row of a SQLite database the time may be at
	// a start for things to be removed for their age. SQLite has no clock of its own, and a
	// fleet may be idle for days; what is kept longest is kept for 30.
	idleMost = 7 * 24 * time.Hour
)

// clockCheck compares this server's clock with the database's.
type clockCheck struct {
	on     bool
	skew   atomic.Int64 // as last measured, in nanoseconds; on SQLite only if the clock is behind
	newest time.Time    // of SQLite's rows at the start; zero if there was none
	opened time.Time    // with a monotonic reading, which no setting of the clock changes
}

// CheckClock measures how far this server's clock is ahead of the database's: PostgreSQL's
// now, or the newest time that SQLite has stored, if that is in the future. It is 0 unless
// Options.CompareClock is set.
func (s *Store) CheckClock(ctx context.Context) (skew time.Duration, err error) {
	if !s.check.on {
		return 0, nil
	}
	if e, ok := bare(s.engine).(*pgEngine); ok {
		skew, err = e.skew(ctx, s.clock)
	} else {
		var newest time.Time
		newest, err = s.newestTime(ctx)
		skew = min(0, s.clock().Sub(newest))
	}
	if err != nil {
		return 0, s.public(ctx, err)
	}
	s.check.skew.Store(int64(skew))
	return skew, nil
}

// skew takes the answer's time for the middle of the round trip.
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

// newestTime returns the newest of the times that are stored with what is only added to.
func (s *Store) newestTime(ctx context.Context) (newest time.Time, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		var micro int64
		_, err := tx.one(ctx, `SELECT COALESCE(max(at), 0) FROM (
			SELECT * FROM (SELECT at FROM events ORDER BY id DESC LIMIT 1) UNION ALL
			SELECT * FROM (SELECT at FROM ledger ORDER BY id DESC LIMIT 1) UNION ALL
			SELECT * FROM (SELECT at FROM audit ORDER BY id DESC LIMIT 1)) t`, nil, &micro)
		newest = fromMicros(micro)
		return err
	})
	return newest, err
}

// beginCheck remembers what a SQLite database had at the start. Later its newest row may
// have been written by the clock that is in doubt.
func (s *Store) beginCheck(ctx context.Context) (err error) {
	s.check.opened = time.Now()
	if s.engine.dialect() == SQLite {
		if s.check.newest, err = s.newestTime(ctx); err != nil {
			return err
		}
	}
	_, err = s.CheckClock(ctx)
	return err
}

// ClockTrusted returns an error if things must not be removed for their age, because this
// server's clock is probably wrong.
func (s *Store) ClockTrusted(ctx context.Context) error {
	skew, err := s.CheckClock(ctx)
	switch {
	case err != nil:
		return err
	case skew.Abs() > ClockLimit && s.engine.dialect() == Postgres:
		return clockOff(skew)
	case s.check.newest.IsZero():
		return nil
	}
	ahead := s.clock().Sub(s.check.newest) - time.Since(s.check.opened)
	if ahead > idleMost {
		return fmt.Errorf("this server's clock is %v ahead of the newest row that the database had at the start: set the clock, or, "+
			"if it is right and the fleet was idle, restart the server once it has been used", ahead.Round(time.Minute))
	}
	return nil
}

// ClockAhead returns what CheckClock measured last.
func (s *Store) ClockAhead() time.Duration { return time.Duration(s.check.skew.Load()) }

// ClockWorks returns an error if this server's clock was too far from the database's when
// it was last compared: no token can be judged by it. It sends no query. On SQLite it
// never fails: one row from a moment when the clock was wrong would end all sign-ins.
func (s *Store) ClockWorks() error {
	skew := s.ClockAhead()
	if skew.Abs() <= ClockLimit || s.engine.dialect() != Postgres {
		return nil
	}
	return &fleet.Error{
		Code: fleet.Unavailable, RetryAfter: time.Minute, Err: clockOff(skew),
		Message: "The clock of this server is wrong, so that no token can be judged by it; try again later, or another server",
	}
}

func clockOff(skew time.Duration) error {
	direction := "ahead of"
	if skew < 0 {
		direction = "behind"
	}
	return errors.New("this server's clock is " + skew.Abs().Round(time.Second).String() + " " + direction + " the database's: set it")
}
