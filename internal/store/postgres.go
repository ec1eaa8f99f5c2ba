package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgEngine runs on a pool of PostgreSQL connections.
type pgEngine struct {
	pool  *pgxpool.Pool
	db    *sql.DB // the same pool, for the schema steps
	steps steps
}

// dialTimeout bounds how long a request waits for a server that does not answer at all.
const dialTimeout = 2 * time.Second

func openPostgres(ctx context.Context, url string, o Options) (*pgEngine, error) {
	steps, err := loadSteps(Postgres)
	if err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err) // pgx leaves the password out
	}
	if o.MaxConns > 0 {
		cfg.MaxConns = int32(min(o.MaxConns, 10_000)) //nolint:gosec // bounded
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = dialTimeout
	}
	if cfg.ConnConfig.ValidateConnect == nil {
		// Nothing is decided from a standby, not even in a single-host URL.
		cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return &pgEngine{pool, stdlib.OpenDBFromPool(pool), steps}, nil
}

func (e *pgEngine) dialect() Dialect { return Postgres }

func (e *pgEngine) update(ctx context.Context, fn func(querier) error) error {
	return e.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn)
}

func (e *pgEngine) view(ctx context.Context, fn func(querier) error) error {
	return e.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

func (e *pgEngine) read(ctx context.Context, fn func(querier) error) error {
	return e.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		q := &pgQuerier{conn: c.Conn()}
		return q.lost(fn(q))
	})
}

// inTx runs fn in a transaction that begins with its first statement, in the same round
// trip.
func (e *pgEngine) inTx(ctx context.Context, o pgx.TxOptions, fn func(querier) error) error {
	return e.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		q := &pgQuerier{conn: c.Conn(), begin: &o}
		if err := fn(q); err != nil {
			q.rollback()
			return q.lost(err)
		}
		return q.commit(ctx)
	})
}

// classify reads SQLSTATE: class 40 asks for a retry, 08 and 57P say that the server went.
func (e *pgEngine) classify(err error) verdict {
	var lost *commitLostError
	var pg *pgconn.PgError
	var dial *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return fatal
	case errors.As(err, &lost):
		return outcomeUnknown
	case errors.As(err, &pg):
		return classifyState(pg.Code)
	case errors.As(err, &dial), errors.As(err, &network), errors.Is(err, errConnLost), pgconn.SafeToRetry(err):
		return away
	}
	return fatal
}

func classifyState(code string) verdict {
	switch code {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock not available
		return busy
	case "57P01", "57P02", "57P03", "53300", "25006": // shutdown, crash, starting up, too many connections, a standby
		return away
	}
	if code[:2] == "08" { // connection exceptions, as a pooler reports them
		return away
	}
	return fatal
}

func (e *pgEngine) bring(ctx context.Context) error { return e.steps.bring(ctx, e.db) }

func (e *pgEngine) behind(ctx context.Context) error { return e.steps.behind(ctx, e.db) }

func (e *pgEngine) close() error {
	err := e.db.Close()
	e.pool.Close()
	return err
}
