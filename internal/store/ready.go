package store

import (
	"context"
	"sync"
	"time"
)

// probeEvery is how long the result of a successful test write is reused: readiness checks are
// public, and each write flushes the disk.
const probeEvery = time.Second

// prober makes a test write, at most once per probeEvery.
type prober struct {
	mu   sync.Mutex
	last time.Time // of the last success
}

func (p *prober) probe(ctx context.Context, write func(context.Context) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.last.IsZero() && time.Since(p.last) < probeEvery {
		return nil
	}
	if err := write(ctx); err != nil {
		return err
	}
	p.last = time.Now()
	return nil
}

// ready uses a separate connection, so that waiting requests do not make a server unready. It
// also commits a transaction that changes nothing.
func (e *pgEngine) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	err := e.steps.pendingSteps(ctx, e.db)
	if err == nil {
		err = e.prober.probe(ctx, func(ctx context.Context) error {
			_, err := e.db.ExecContext(ctx, "SELECT pg_current_xact_id()") // a transaction with an id writes its commit
			return err
		})
	}
	return withoutUser(err)
}

// ready does the same on SQLite. A database that another connection is writing to at this
// moment can be written.
func (e *sqliteEngine) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	if err := e.files.check(); err != nil {
		return err
	}
	if err := e.files.writable(); err != nil {
		return err
	}
	if err := e.steps.pendingSteps(ctx, e.spare); err != nil {
		return err
	}
	return e.prober.probe(ctx, func(ctx context.Context) error {
		err := e.touch(ctx)
		if e.classify(err) == busy {
			return nil
		}
		return err
	})
}

// touch commits an unchanged page: it rewrites the user_version field, which Simferry does not
// use.
func (e *sqliteEngine) touch(ctx context.Context) error {
	if _, err := e.spare.ExecContext(ctx, "PRAGMA user_version = 0"); err != nil {
		return err
	}
	e.checkpoints.committed()
	return nil
}
