package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// verdict is an engine's classification of an error.
type verdict int

const (
	fatal          verdict = iota // a bug or the caller's error: do not retry
	busy                          // a deadlock, a serialization failure, a locked database
	taken                         // a unique value that another row has
	away                          // the database cannot be reached
	full                          // its disk has no room left
	gone                          // the database file was removed, replaced or overwritten
	corrupt                       // the database file is damaged
	held                          // another transaction has held a lock for too long
	outcomeUnknown                // the connection was lost while the commit was under way
)

// ErrRaced makes Update start again with a new snapshot, for example because another
// transaction has just stored the same key.
var ErrRaced = errors.New("lost a race against another transaction")

// limit bounds the retries after one verdict: the total runs, and the time since the first
// failure.
type limit struct {
	runs int
	time time.Duration
}

var limits = map[verdict]limit{
	busy:           {12, 10 * time.Second},
	taken:          {3, 10 * time.Second}, // a new snapshot shows the conflicting row; after that it is the caller's error
	away:           {12, 1500 * time.Millisecond},
	full:           {12, 1500 * time.Millisecond},
	gone:           {1, 0},
	corrupt:        {1, 0},
	held:           {1, 0}, // the engine has waited already
	outcomeUnknown: {12, 10 * time.Second},
}

// retry repeats a transaction; nothing else does. The time counts from the first failure, so that a
// long transaction also gets a second attempt.
func (s *Store) retry(ctx context.Context, kind transactionKind, run func() error) error {
	var failing time.Time
	for attempt := 1; ; attempt++ {
		err := run()
		if err == nil {
			s.counts.ended(kind, nil)
			return nil
		}
		if attempt == 1 {
			failing = time.Now()
		}
		v := s.verdict(err)
		l := limits[v]
		if attempt >= l.runs || time.Since(failing) > l.time || !pause(ctx, attempt) {
			err = s.public(ctx, err)
			s.counts.ended(kind, err)
			return err
		}
		s.counts.retries[v].Add(1)
	}
}

func (s *Store) verdict(err error) verdict {
	switch {
	case errors.Is(err, ErrRaced):
		return busy
	case Violated(err) == Taken:
		return taken
	}
	return s.engine.classify(err)
}

// pause waits a random share of a doubling interval, 2 ms to 250 ms, so that two colliding
// transactions do not collide again. It returns false if the caller's context has ended.
func pause(ctx context.Context, attempt int) bool {
	return pauseUpTo(ctx, min(time.Millisecond<<attempt, 250*time.Millisecond))
}

func pauseUpTo(ctx context.Context, most time.Duration) bool {
	timer := time.NewTimer(rand.N(most) + time.Millisecond) //nolint:gosec // jitter needs no secrecy
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// public converts an engine's error to one that the caller may see. If the caller's context has
// ended, it returns the context's error.
func (s *Store) public(ctx context.Context, err error) error {
	if err == nil || fleet.CodeOf(err) != 0 {
		return err
	}
	switch v := s.verdict(err); {
	case v == away, v == outcomeUnknown:
		return &fleet.Error{Code: fleet.Unavailable, Message: "The database cannot be reached; try again", Err: err}
	case v == full:
		return &fleet.Error{Code: fleet.Unavailable, Message: "The disk of the database is full; try again once there is space", Err: err}
	case v == gone:
		return replaced(err)
	case v == corrupt:
		return damaged(err)
	case v == held:
		return locked(err)
	case v == busy:
		return &fleet.Error{Code: fleet.Unavailable, Message: "The database is too busy; try again", Err: err}
	case v == taken:
		return &fleet.Error{Code: fleet.Duplicated, Message: "An object with this id, name or number already exists", Err: err}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &fleet.Error{Code: fleet.Unavailable, Message: "The database took too long; try again", Err: err}
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}
