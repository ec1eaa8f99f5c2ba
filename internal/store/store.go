// Package store keeps the fleet in SQLite or PostgreSQL. All SQL is here, and only as
// methods of Tx, so that no statement can escape a transaction.
package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/simferry/simferry/internal/dburl"
)

// Store is one open database.
type Store struct {
	trace   Trace
	engine  engine
	clock   func() time.Time
	check   clockCheck
	settled settled
	rules   ruleCache
	most    int // how many rows a list may go through; 0 for maxScanned
	counts  counts
}

// Options configure a Store; the zero value is for a server.
type Options struct {
	// Clock is the source of Tx.Now; time.Now if nil.
	Clock func() time.Time
	// Log logs each applied schema step; nil for no log.
	Log *slog.Logger
	// MaxConns bounds the connections to PostgreSQL; 0 takes four per core. SQLite always
	// has one writer; MaxConns bounds its readers.
	MaxConns int
	// CompareClock enables CheckClock, which compares Clock with the database's. Tests with an
	// artificial clock leave it off.
	CompareClock bool

	// Trace reports each statement to a test, if it is not nil.
	Trace Trace

	patient bool   // no limits on locks and open transactions, for read-only use and copies
	session string // the application_name of PostgreSQL's sessions; "" for that of the URL
}

// engine is what differs between the two databases: how a transaction begins and ends,
// and which of their errors mean "try again".
type engine interface {
	dialect() Dialect
	// update runs fn in a read-write transaction, once, and commits.
	update(ctx context.Context, fn func(querier) error) error
	// view runs fn on one read-only snapshot.
	view(ctx context.Context, fn func(querier) error) error
	// read runs fn outside any transaction: each statement sees its own instant.
	read(ctx context.Context, fn func(querier) error) error
	classify(err error) verdict
	// migrate applies missing schema steps.
	migrate(ctx context.Context) error
	// ready returns an error if the schema lacks steps, or nothing can be written.
	ready(ctx context.Context) error
	close() error
}

// Dialect names the SQL that an engine understands.
type Dialect int

// The dialects.
const (
	SQLite Dialect = iota
	Postgres
)

func (d Dialect) String() string {
	if d == Postgres {
		return "postgres"
	}
	return "sqlite"
}

// Open opens the database that the URL names, sqlite:FILE or postgres://..., and migrates its
// schema. It fails if the schema is newer: an older program must not write to tables that it
// does not know.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	e, err := openEngine(ctx, url, o)
	if err != nil {
		return nil, err
	}
	if err := e.migrate(ctx); err != nil {
		return nil, errors.Join(err, e.close())
	}
	s := &Store{engine: withLanes(e), clock: o.Clock, trace: o.Trace}
	if s.check.on = o.CompareClock; s.check.on {
		if err := s.beginCheck(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func openEngine(ctx context.Context, address string, o Options) (engine, error) {
	u, err := dburl.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("database: the URL %w", err)
	case u.SQLite():
		return openSQLite(ctx, u.File, o)
	}
	return openPostgres(ctx, address, o)
}

// Dialect returns the engine's SQL dialect.
func (s *Store) Dialect() Dialect { return s.engine.dialect() }

// Now returns the current time of the store's clock.
func (s *Store) Now() time.Time { return s.clock().UTC() }

// Close waits for running transactions and closes all connections.
func (s *Store) Close() error { return s.engine.close() }

// Ready returns an error if the database does not respond, lacks steps of this program's
// schema, or cannot be written: the files of SQLite are not the ones that were opened, their
// permissions have changed, the disk is full; or if this server's clock is wrong. It tries a
// write once a second at most.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.ClockWorks(); err != nil {
		return err
	}
	return s.public(ctx, s.engine.ready(ctx))
}

// View runs fn on one read-only snapshot: all its statements see the same instant.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	return s.retry(ctx, kindView, func() error {
		return s.engine.view(ctx, func(q querier) error { return fn(s.tx(q, false)) })
	})
}

// Read runs fn without a transaction. It is for one statement, which is its own snapshot;
// it saves the round trips of begin and commit.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	return s.retry(ctx, kindRead, func() error {
		return s.engine.read(ctx, func(q querier) error { return fn(s.tx(q, false)) })
	})
}

// Update runs fn in a read-write transaction and commits it. fn may run more than once: after a
// deadlock, a busy database or a lost connection it starts again, so rows must be its only side
// effects. If the connection is lost during the commit, fn runs again too, so its changes must
// be idempotent; if they are not, see UpdateOnce.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	unsure := false
	var written []entryCount
	var rules *ruleCache
	err := s.retry(ctx, kindUpdate, func() error {
		err := s.engine.update(ctx, func(q querier) error {
			tx := s.tx(q, unsure)
			tx.writes = true
			// It may read rules that are never committed: of its own, or of its group on SQLite.
			rules = s.rules.copy()
			tx.rules = rules
			if err := fn(tx); err != nil {
				return err
			}
			if !tx.repeated { // otherwise the attempt before this one has written
				written = tx.written
			}
			return tx.failed // fn may have ignored it
		})
		unsure = unsure || s.engine.classify(err) == outcomeUnknown
		return err
	})
	if err == nil {
		s.counts.wrote(written)
		s.rules.last.Store(rules.last.Load())
	}
	return err
}

func (s *Store) tx(q querier, unsure bool) *Tx {
	if s.trace != nil {
		q = tracedQuerier{q, s.trace}
	}
	return &Tx{q: q, d: s.engine.dialect(), most: cmp.Or(s.most, maxScanned), now: s.clock().UTC().Truncate(time.Microsecond), unsure: unsure, rules: &s.rules}
}
