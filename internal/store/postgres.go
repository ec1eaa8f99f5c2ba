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
	pool   *pgxpool.Pool
	lane   chan struct{} // one element for each connection that waits for locks
	pooled bool          // there is a pooler in between
	spare  *pgxpool.Pool // one connection for Ready, which must not wait for the others
	db     *sql.DB       // spare
	config *pgxpool.Config
	prober prober
	steps  steps
}

// dialTimeout bounds how long a request waits for a server that does not respond.
const dialTimeout = 2 * time.Second

func openPostgres(ctx context.Context, url string, o Options) (*pgEngine, error) {
	steps, err := loadSteps(Postgres)
	if err != nil {
		return nil, err
	}
	steps.log = o.Log
	cfg, err := poolConfig(url, o)
	if err != nil {
		return nil, err
	}
	mode, pooled, err := chooseExecMode(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("database: %w", withoutUser(err))
	}
	if !strings.Contains(url, "default_query_exec_mode") {
		cfg.ConnConfig.DefaultQueryExecMode = mode
	}
	spare, err := spareConn(ctx, cfg, 1)
	if err != nil {
		return nil, fmt.Errorf("database: %w", withoutUser(err))
	}
	main := cfg.Copy()
	if !pooled && !o.patient {
		main.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			return errors.Join(registerLists(ctx, conn), applySettings(ctx, conn))
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, main)
	if err != nil {
		spare.Close()
		return nil, fmt.Errorf("database: %w", withoutUser(err))
	}
	return &pgEngine{
		pool: pool, lane: make(chan struct{}, laneOf(main)), pooled: pooled,
		spare: spare, db: stdlib.OpenDBFromPool(spare), config: cfg, steps: steps,
	}, nil
}

// poolConfig returns the configuration of all connections.
func poolConfig(url string, o Options) (*pgxpool.Config, error) {
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
	cfg.ConnConfig.DialFunc = dialer()
	if o.session != "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = o.session
	}
	cfg.AfterConnect = registerLists
	if !o.patient { // never use a standby, whatever target_session_attrs the URL has
		cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return cfg, nil
}

// spareConn returns a pool beside the main one, with none of its timeouts.
func spareConn(ctx context.Context, cfg *pgxpool.Config, conns int32) (*pgxpool.Pool, error) {
	spare := cfg.Copy()
	spare.MaxConns, spare.MinConns, spare.MinIdleConns = conns, 0, 0
	return pgxpool.NewWithConfig(ctx, spare)
}

// chooseExecMode finds out whether there is a pooler in between. Named prepared statements
// belong to a session, and a pooler in transaction mode switches sessions; without them a
// migration of 500 SIMs takes a tenth longer. A pooler is detected because the process id that
// it reports to clients is not the server's.
func chooseExecMode(ctx context.Context, c *pgx.ConnConfig) (mode pgx.QueryExecMode, pooled bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, c.Copy())
	if err != nil {
		return 0, false, err
	}
	defer func() { _ = conn.Close(ctx) }() // it has answered
	var session uint32
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&session)
	if err == nil && session != conn.PgConn().PID() {
		return pgx.QueryExecModeCacheDescribe, true, nil
	}
	return pgx.QueryExecModeCacheStatement, false, err
}

// registerLists registers the array types of our types with pgx. With
// default_query_exec_mode=exec pgx does not ask the server for them.
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

func (e *pgEngine) view(ctx context.Context, fn func(querier) error) error {
	return e.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, e.viewSettings(), fn)
}

func (e *pgEngine) read(ctx context.Context, fn func(querier) error) error {
	return e.renew(e.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		q := &pgQuerier{conn: c.Conn()}
		return q.lost(fn(q))
	}))
}

// inTx runs fn in a transaction that begins with its first statement, in the same round
// trip.
func (e *pgEngine) inTx(ctx context.Context, o pgx.TxOptions, local string, fn func(querier) error) error {
	return e.renew(e.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		q := &pgQuerier{conn: c.Conn(), begin: &o, local: local}
		if err := fn(q); err != nil {
			q.rollback()
			return q.lost(err)
		}
		return q.commit(ctx)
	}))
}

// classify first checks whether the connection was lost, and then the SQLSTATE.
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
	case errors.Is(err, errLocked):
		return held
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

// readOnly is the SQLSTATE of a write on a read-only server: a standby, or a primary that
// became one.
const readOnly = "25006"

func classifyState(code string) verdict {
	switch code {
	case "40001", "40P01", "55P03", "57014": // serialization failure, deadlock, lock or statement timeout
		return busy
	case "25P03", "57P01", "57P02", "57P03", "53300", "53200", "58030", readOnly: // idle in a transaction for too long, shutdown, crash, starting up, too many connections, out of memory, I/O error
		return away
	case "53100":
		return full
	}
	if strings.HasPrefix(code, "08") { // connection exceptions, as a pooler reports them
		return away
	}
	return fatal
}

// renew closes the idle connections after an error that probably concerns them all: the server
// restarted, or is no longer the primary. Otherwise each of them would use up one of a
// request's attempts.
func (e *pgEngine) renew(err error) error {
	var lost *commitLostError
	var pg *pgconn.PgError
	if errors.Is(err, errConnLost) || errors.As(err, &lost) || errors.As(err, &pg) && pg.Code == readOnly {
		e.pool.Reset()
	}
	return withoutUser(err)
}

// A schema step may find its table in use, by requests of a server of the previous version or
// by a long export. New requests queue behind the step, so it waits only briefly (lock_timeout,
// in the step itself), lets them through, and tries again. No transaction of a step locks two
// tables that others use: it would hold one while waiting for the other, and under load would
// never get both.
const (
	stepPatience = 2 * time.Minute
	stepPause    = 2 * time.Second // at most

	schemaConns   = 4 // for the steps: their transaction and the lock
	readyPatience = 2 * time.Second
)

func (e *pgEngine) migrate(ctx context.Context) error {
	if have, err := e.steps.version(ctx, e.db); err == nil && have == e.steps.latest {
		return nil
	}
	cfg := e.config.Copy()
	if !e.pooled {
		cfg.AfterConnect = applyStepSettings // steps may wait longer than requests
	}
	pool, err := spareConn(ctx, cfg, schemaConns)
	if err != nil {
		return err
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }() // its connections are the pool's
	started := time.Now()
	for {
		err := withoutUser(e.steps.apply(ctx, db, e.pooled))
		if e.classify(err) != busy {
			return err
		}
		if time.Since(started) > stepPatience || !pauseUpTo(ctx, stepPause) {
			return fmt.Errorf("%w; start again once nothing holds its tables for long (an export, a dump, an open psql)", err)
		}
	}
}

func (e *pgEngine) close() error {
	err := e.db.Close()
	e.spare.Close()
	e.pool.Close()
	return err
}
