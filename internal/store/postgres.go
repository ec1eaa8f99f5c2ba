package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/simferry/simferry/internal/fleet"
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
	cfg, err := parsePool(url)
	if err != nil {
		return nil, err
	}
	switch {
	case o.MaxConns > 0:
		cfg.MaxConns = int32(min(o.MaxConns, 10_000))
	case !strings.Contains(url, "pool_max_conns"):
		cfg.MaxConns = int32(4 * runtime.NumCPU())
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = dialTimeout
	}
	cfg.AfterConnect = registerLists
	// Nothing is decided from a standby, whatever target_session_attrs the URL has.
	cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	if !strings.Contains(url, "default_query_exec_mode") {
		if cfg.ConnConfig.DefaultQueryExecMode, err = chooseExecMode(ctx, cfg.ConnConfig); err != nil {
			return nil, fmt.Errorf("database: %w", withoutUser(err))
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return &pgEngine{pool, stdlib.OpenDBFromPool(pool), steps}, nil
}

// chooseExecMode finds out whether there is a pooler in between. Statements that are
// prepared by name belong to a session, which a pooler in transaction mode exchanges under
// way; without them a migration of 500 SIMs takes a tenth longer. A pooler shows because
// the number of the session that it tells its clients is not the server's.
func chooseExecMode(ctx context.Context, c *pgx.ConnConfig) (pgx.QueryExecMode, error) {
	conn, err := pgx.ConnectConfig(ctx, c.Copy())
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }() // it has answered
	var session uint32
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&session)
	if err == nil && session != conn.PgConn().PID() {
		return pgx.QueryExecModeCacheDescribe, nil
	}
	return pgx.QueryExecModeCacheStatement, err
}

// registerLists tells pgx what the lists of our types are. It finds out by itself where it
// asks the server, which it does not with default_query_exec_mode=exec.
func registerLists(_ context.Context, conn *pgx.Conn) error {
	for _, numbers := range []any{
		[]fleet.SIMID(nil), []fleet.WorkspaceID(nil), []fleet.UserID(nil), []fleet.DeviceID(nil), []fleet.TokenID(nil), []fleet.MigrationID(nil),
	} {
		conn.TypeMap().RegisterDefaultPgType(numbers, "_int8")
	}
	conn.TypeMap().RegisterDefaultPgType([]fleet.ICCID(nil), "_text")
	return nil
}

func (e *pgEngine) dialect() Dialect { return Postgres }

func (e *pgEngine) update(ctx context.Context, fn func(querier) error) error {
	return e.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn)
}

func (e *pgEngine) view(ctx context.Context, fn func(querier) error) error {
	return e.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

func (e *pgEngine) read(ctx context.Context, fn func(querier) error) error {
	return e.renew(e.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		q := &pgQuerier{conn: c.Conn()}
		return q.lost(fn(q))
	}))
}

// inTx runs fn in a transaction that begins with its first statement, in the same round
// trip.
func (e *pgEngine) inTx(ctx context.Context, o pgx.TxOptions, fn func(querier) error) error {
	return e.renew(e.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		q := &pgQuerier{conn: c.Conn(), begin: &o}
		if err := fn(q); err != nil {
			q.rollback()
			return q.lost(err)
		}
		return q.commit(ctx)
	}))
}

// classify reads SQLSTATE, but first whether there still is a connection: without one, the
// server's last words are only its reason.
func (e *pgEngine) classify(err error) verdict {
	var lost *commitLostError
	var pg *pgconn.PgError
	var dial *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil:
		return fatal
	case errors.As(err, &lost):
		return outcomeUnknown
	case errors.Is(err, context.Canceled):
		return fatal
	case errors.As(err, &dial), errors.Is(err, errConnLost), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return away
	case errors.As(err, &pg):
		return classifyState(pg.Code)
	case errors.As(err, &network), pgconn.SafeToRetry(err):
		return away
	}
	return fatal
}

// readOnly is the SQLSTATE of a write on a server that takes none: a standby, or a primary
// that became one.
const readOnly = "25006"

func classifyState(code string) verdict {
	switch code {
	case "40001", "40P01", "55P03", "57014": // serialization failure, deadlock, lock or statement timeout
		return busy
	case "57P01", "57P02", "57P03", "53300", "53200", "58030", readOnly: // shutdown, crash, starting up, too many connections, out of memory, I/O error
		return away
	case "53100":
		return full
	}
	if strings.HasPrefix(code, "08") { // connection exceptions, as a pooler reports them
		return away
	}
	return fatal
}

// renew closes the idle connections after an error that probably concerns them all: the
// server restarted, or is no primary any more. Without it, every one of them would cost a
// request one of its attempts.
func (e *pgEngine) renew(err error) error {
	var lost *commitLostError
	var pg *pgconn.PgError
	if errors.Is(err, errConnLost) || errors.As(err, &lost) || errors.As(err, &pg) && pg.Code == readOnly {
		e.pool.Reset()
	}
	return withoutUser(err)
}

// A schema step may find its table in use: by the requests of a server of the version before,
// or by an export that reads for minutes. New requests queue behind it, so it waits a moment
// only (lock_timeout, in the step itself), lets them through, and tries again. No transaction
// of a step takes two tables that others use: one would be held while it waits for the other,
// and among enough requests it would never have both.
const (
	stepPatience = 2 * time.Minute
	stepPause    = 2 * time.Second // at most
)

func (e *pgEngine) bring(ctx context.Context) error {
	started := time.Now()
	for {
		err := withoutUser(e.steps.bring(ctx, e.db))
		if e.classify(err) != busy {
			return err
		}
		if time.Since(started) > stepPatience || !pauseUpTo(ctx, stepPause) {
			return fmt.Errorf("%w; start again once nothing holds its tables for long (an export, a dump, an open psql)", err)
		}
	}
}

func (e *pgEngine) behind(ctx context.Context) error { return withoutUser(e.steps.behind(ctx, e.db)) }

func (e *pgEngine) close() error {
	err := e.db.Close()
	e.pool.Close()
	return err
}
