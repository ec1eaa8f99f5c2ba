package store

import (
	"context"
	"runtime"

	turns "github.com/simferry/simferry/internal/limit"
)

// lanes is an engine that shares connections fairly between parties (limit.WithParty). Reads
// and writes have separate connections, so that they do not block each other. No party gets all
// of them, and all anonymous requests count as one party.
type lanes struct {
	engine
	reads, writes *turns.Gate
}

// withLanes divides the connections of an engine. One is reserved for work outside of requests:
// readiness checks and background jobs.
func withLanes(e engine) engine {
	var reads int
	writes := 1
	switch of := e.(type) {
	case *sqliteEngine:
		reads = of.readers.Stats().MaxOpenConnections
	case *pgEngine:
		all := int(of.pool.Config().MaxConns)
		writes = max(1, all/2)
		reads = max(1, all-writes-1)
	default:
		return e
	}
	return &lanes{e, newLane(reads), newLane(writes)}
}

func newLane(n int) *turns.Gate {
	share := max(1, n*3/4)
	if n == 0 {
		share, n = 0, runtime.GOMAXPROCS(0)
	}
	return turns.NewGate(turns.Rules{Total: n, PerParty: share})
}

// update leaves the write lane while it waits for a lock of another transaction, so that
// requests for the same SIMs do not use up the places of other requests.
func (l *lanes) update(ctx context.Context, fn func(querier) error) error {
	turn := func(run func() error) error { return inLane(ctx, l.writes, run) }
	if pg, ok := l.engine.(*pgEngine); ok {
		return pg.updateAmong(ctx, fn, turn)
	}
	if lite, ok := l.engine.(*sqliteEngine); ok {
		enter := func(ctx context.Context, run func() error) error { return inLane(ctx, l.writes, run) }
		return lite.updateInTurn(ctx, fn, enter, func() bool { return l.writes.Waiting() > 0 })
	}
	return turn(func() error { return l.engine.update(ctx, fn) })
}

func (l *lanes) view(ctx context.Context, fn func(querier) error) error {
	return inLane(ctx, l.reads, func() error { return l.engine.view(ctx, fn) })
}

func (l *lanes) read(ctx context.Context, fn func(querier) error) error {
	return inLane(ctx, l.reads, func() error { return l.engine.read(ctx, fn) })
}

func inLane(ctx context.Context, lane *turns.Gate, run func() error) error {
	leave, err := lane.Enter(ctx, turns.Shared(turns.Party(ctx)))
	if err != nil {
		return err
	}
	defer leave()
	return run()
}

// WritersWait reports whether an update waits for another one of this server to end, on SQLite. On
// PostgreSQL updates wait only for updates of the same rows.
func (s *Store) WritersWait() bool {
	l, is := s.engine.(*lanes)
	return is && l.dialect() == SQLite && l.writes.Waiting() > 0
}

// bare returns the engine below its lanes, for engine-specific methods.
func bare(e engine) engine {
	if l, ok := e.(*lanes); ok {
		return l.engine
	}
	return e
}
