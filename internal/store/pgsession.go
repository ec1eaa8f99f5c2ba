package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/simferry/simferry/internal/fleet"
)

// How long a transaction may block others. A server that is frozen or disconnected holds its
// locks until PostgreSQL ends its session.
const (
	// idleLimit ends a session that is idle in a transaction.
	idleLimit = 5 * time.Second
	// lockFirstWait is how long the first attempt of a transaction waits for a lock, while it
	// occupies a connection of the main pool.
	lockFirstWait = 50 * time.Millisecond
	// lockPatience is how long it waits in total. It is more than idleLimit, so that a request
	// that waits for a frozen server still gets the lock.
	lockPatience = 8 * time.Second
	// lockedRetryAfter is the Retry-After of a transaction that did not get its lock.
	lockedRetryAfter = 2 * time.Second

	// When the peer of a connection counts as gone: the time without an acknowledgement of
	// what was sent, and the probes of a connection on which nothing is sent.
	tcpUserTimeout = 10 * time.Second
	keepAliveIdle  = 5 * time.Second
	keepAliveEvery = 2 * time.Second
	keepAliveCount = 3

	// laneShare is the share of the pool's connections that may wait for locks: one in four.
	laneShare = 4
)

// jitOff keeps PostgreSQL from compiling a statement to machine code. It does so when it estimates
// that a statement is expensive, and for lists of many Workspaces that estimate is far too high:
// compiling took a second and reading the page a millisecond.
var jitOff = setting("jit", "off", true)

// errLocked is the error of a transaction that has waited for lockPatience.
var errLocked = errors.New("a lock was not to be had")

// locked returns the caller's error for such a transaction.
func locked(err error) error {
	return &fleet.Error{
		Code: fleet.Unavailable, RetryAfter: lockedRetryAfter, Err: err,
		Message: "Another request is changing the same things and has not ended; try again in a moment",
	}
}

// sessionSettings returns the settings of each session of the main pool.
func sessionSettings() map[string]string {
	return map[string]string{
		"idle_in_transaction_session_timeout": milliseconds(idleLimit),
		"lock_timeout":                        milliseconds(lockFirstWait),
		"tcp_user_timeout":                    milliseconds(tcpUserTimeout),
		"tcp_keepalives_idle":                 seconds(keepAliveIdle),
		"tcp_keepalives_interval":             seconds(keepAliveEvery),
		"tcp_keepalives_count":                strconv.Itoa(keepAliveCount),
		"jit":                                 "off", // see jitOff
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

// setting returns a call of set_config. local limits it to the transaction, which is required
// behind a pooler, where clients share sessions.
func setting(name, value string, local bool) string {
	return fmt.Sprintf("set_config('%s', '%s', %t)", name, value, local)
}

// applySettings applies those that the URL does not set.
func applySettings(ctx context.Context, conn *pgx.Conn) error {
	return applySome(ctx, conn, func(string) bool { return true })
}

func applySome(ctx context.Context, conn *pgx.Conn, which func(name string) bool) error {
	var calls []string
	for name, value := range sessionSettings() {
		if _, own := conn.Config().RuntimeParams[name]; !own && which(name) {
			calls = append(calls, setting(name, value, false))
		}
	}
	if len(calls) == 0 {
		return nil
	}
	_, err := conn.Exec(ctx, "SELECT "+strings.Join(calls, ", "), pgx.QueryExecModeSimpleProtocol)
	return err
}

// applyStepSettings applies those of sessionSettings that end the session of a server that is
// frozen or cut off, but not the short wait for locks.
func applyStepSettings(ctx context.Context, conn *pgx.Conn) error {
	return applySome(ctx, conn, func(name string) bool { return strings.HasPrefix(name, "idle_") || strings.HasPrefix(name, "tcp_") })
}

// localSettings returns the statement that sets up a transaction whose lock_timeout is lock; ""
// if the session's settings suffice.
func (e *pgEngine) localSettings(lock time.Duration) string {
	switch {
	case e.pooled:
		return "SELECT " + setting("lock_timeout", milliseconds(lock), true) + ", " +
			setting("idle_in_transaction_session_timeout", milliseconds(idleLimit), true) + ", " + jitOff
	case lock != lockFirstWait:
		return "SELECT " + setting("lock_timeout", milliseconds(lock), true)
	}
	return ""
}

// viewSettings returns the localSettings of a transaction that only reads.
func (e *pgEngine) viewSettings() string {
	if e.pooled {
		return "SELECT " + jitOff
	}
	return ""
}

// dialer detects a server that is gone or unreachable while a request waits for its response.
func dialer() pgconn.DialFunc {
	d := net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveEvery, Count: keepAliveCount},
		Control:         limitUnacknowledged,
	}
	return d.DialContext
}

func (e *pgEngine) update(ctx context.Context, fn func(querier) error) error {
	return e.updateAmong(ctx, fn, func(run func() error) error { return run() })
}

// updateAmong runs a transaction that at first waits only briefly for locks. If it has to wait
// longer, it returns its connection and queues: at most a quarter of the connections wait for
// locks, first come, first served, and the others serve requests that do not need these locks.
// turn runs a function when it is the caller's turn among other requests. A request that
// queues, or waits for a lock at the head of the queue, holds no turn, so that the same
// caller's requests for other rows continue.
func (e *pgEngine) updateAmong(ctx context.Context, fn func(querier) error, turn func(run func() error) error) error {
	err := turn(func() error { return e.write(ctx, lockFirstWait, fn) })
	if !waitedForLock(err) {
		return err
	}
	until := time.Now().Add(lockPatience)
	patience := time.NewTimer(lockPatience)
	defer patience.Stop()
	select {
	case e.lane <- struct{}{}:
		defer func() { <-e.lane }()
	case <-patience.C:
		return errors.Join(errLocked, err)
	case <-ctx.Done():
		return ctx.Err()
	}
	err = e.write(ctx, max(time.Until(until), lockFirstWait+time.Millisecond), fn)
	if waitedForLock(err) {
		return errors.Join(errLocked, err)
	}
	return err
}

func (e *pgEngine) write(ctx context.Context, lock time.Duration, fn func(querier) error) error {
	return e.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, e.localSettings(lock), fn)
}

func waitedForLock(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == lockNotAvailable
}

// lockNotAvailable is the SQLSTATE of a lock that was not acquired within lock_timeout.
const lockNotAvailable = "55P03"

// laneOf returns how many connections of a pool may wait for locks.
func laneOf(cfg *pgxpool.Config) int { return max(int(cfg.MaxConns)/laneShare, 1) }
