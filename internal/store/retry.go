package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// verdict is what an engine says of an error.
type verdict int

const (
	fatal          verdict = iota // ours, or the caller's: do not repeat
	busy                          // a deadlock, a serialization failure, a locked database
	away                          // the database cannot be reached
	outcomeUnknown                // the connection was lost while the commit was under way
)

// ErrRaced makes Update start again: somebody lost a race which only a new snapshot can
// settle, such as a key that another transaction has just stored.
var ErrRaced = errors.New("lost a race against another transaction")

const (
	attempts = 12
	patience = 10 * time.Second        // for a busy database
	absence  = 1500 * time.Millisecond // for one that is away: fail fast
)

// retry is the one place where a transaction is repeated.
func (s *Store) retry(ctx context.Context, run func(attempt int) error) error {
	start := time.Now()
	for attempt := 0; ; attempt++ {
		err := run(attempt)
		limit := patience
		switch s.verdict(err) {
		case fatal:
			return s.public(err)
		case away:
			limit = absence
		}
		if attempt == attempts-1 || time.Since(start) > limit || !pause(ctx, attempt) {
			return s.public(err)
		}
	}
}

func (s *Store) verdict(err error) verdict {
	if errors.Is(err, ErrRaced) {
		return busy
	}
	return s.engine.classify(err)
}

// pause waits a random share of a doubling interval, 2 ms to 250 ms, so that two
// transactions that collided do not meet again. It is false where the caller has gone.
func pause(ctx context.Context, attempt int) bool {
	most := min(2*time.Millisecond<<attempt, 250*time.Millisecond)
	timer := time.NewTimer(rand.N(most) + time.Millisecond) //nolint:gosec // jitter needs no secrecy
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// public turns what an engine says of itself into what a caller may be told.
func (s *Store) public(err error) error {
	if err == nil || fleet.CodeOf(err) != 0 {
		return err
	}
	switch s.verdict(err) {
	case away, outcomeUnknown:
		return &fleet.Error{Code: fleet.Unavailable, Message: "The database cannot be reached; try again", Err: err}
	case busy:
		return &fleet.Error{Code: fleet.Unavailable, Message: "The database is too busy; try again", Err: err}
	}
	return err
}
