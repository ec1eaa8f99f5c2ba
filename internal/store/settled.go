package store

import (
	"context"
	"sync"

	"github.com/simferry/simferry/internal/fleet"
)

// Feed is a list whose rows are only added, so that a client can poll it with a cursor.
type Feed int

// The feeds: an index into listFeeds.
const (
	EventFeed Feed = iota
	AuditFeed
	MigrationFeed
	feeds
)

// settled are the ids up to which no new row can appear. Another server may know higher ones.
type settled struct {
	mu   sync.Mutex
	upto [feeds]int64
}

// raise records that rows are settled up to an id, and returns the highest one that is known.
func (s *settled) raise(f Feed, id int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.upto[f] = max(s.upto[f], id)
	return s.upto[f]
}

// Settle bounds a list that is read with a cursor in ascending order: it leaves out rows above an
// id below which a row may still appear. Otherwise a client whose cursor is above that id would
// miss the row. It has to be called before the transaction that reads the list. The list is
// unchanged if it has no such cursor.
//
// On PostgreSQL ids are not in the order of commits, so it waits for the transactions that may
// have taken a lower id (see decided). If one of them takes long, the bound is the highest id
// that is known to be settled: the rows above it are listed later, and none is missed.
func (s *Store) Settle(ctx context.Context, f Feed, l fleet.List) (fleet.List, error) {
	descending, byID := l.ByID()
	if l.After == nil || !byID || descending || s.Dialect() == SQLite { // which has one writer
		return l, nil
	}
	feed := listFeeds[f]
	var counted, highest int64
	err := s.Read(ctx, func(tx *Tx) (err error) {
		counted, highest, err = tx.uncounted(ctx, feed)
		return err
	})
	if err != nil {
		return l, err
	}
	upto := s.settled.raise(f, counted)
	if highest > upto && highest > *l.After {
		decided, err := s.decided(ctx, feed.table)
		if err != nil {
			return l, err
		}
		if decided {
			upto = s.settled.raise(f, highest)
		}
	}
	l.UpTo = &upto
	return l, nil
}
