package failover

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// controls is how often the control fails over at most. Data that waits in the receiver's
// socket may reach the standby once, but hardly ever all of it.
const controls = 5

// control fails over to an asynchronous standby that has stopped receiving. Work acknowledged
// meanwhile is lost, and the same comparison must report it.
func (p *pair) control(ctx context.Context, _ uint64) (saw string, failed bool, err error) {
	if err := p.loseStalled(ctx); err != nil {
		return "", false, err
	}
	var whole traffic.Checker
	wrong, err := whole.Check(ctx, p.url(), p.clients.Journal)
	if err != nil {
		return "", false, err
	}
	for _, w := range wrong {
		if strings.HasPrefix(w, "I5") {
			return w, true, nil
		}
	}
	return "nothing is missing", false, p.rebuild(ctx)
}

// loseStalled fails over under load.
func (p *pair) loseStalled(ctx context.Context) error {
	if err := p.primary.Synchronous(ctx, ""); err != nil {
		return err
	}
	resume, err := stall(ctx, p.standby.URL("postgres"))
	if err != nil {
		return err
	}
	load := p.clients.Begin(ctx, p.urls()...)
	if err := load.Await(ctx, ackedMin); err != nil {
		return err
	}
	if err := p.kill(); err != nil {
		return err
	}
	if err := resume(); err != nil {
		return err
	}
	if err := p.promote(ctx); err != nil {
		return err
	}
	return load.End(ctx)
}

// stall stops the standby's receiver in the middle of its work. resume ends it: the signal to
// end arrives before it continues, so that it does not read what still waits in its socket.
func stall(ctx context.Context, url string) (resume func() error, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }() // the statement has completed
	var pid int
	if err := conn.QueryRow(ctx, "SELECT pid FROM pg_stat_wal_receiver").Scan(&pid); err != nil {
		return nil, err
	}
	return func() error {
		return errors.Join(syscall.Kill(pid, syscall.SIGTERM), syscall.Kill(pid, syscall.SIGCONT))
	}, syscall.Kill(pid, syscall.SIGSTOP)
}

// hanging waits until that many transactions of the servers wait for the standby. An error says
// that it took longer than the limit.
func (p *pair) hanging(ctx context.Context, least int, limit time.Duration) error {
	conn, err := pgx.Connect(ctx, p.primary.URL(database))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // the statement has completed
	for began, n := time.Now(), 0; n < least; faults.Pause(ctx, 10*time.Millisecond) {
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").Scan(&n); err != nil {
			return err
		}
		if time.Since(began) > limit || ctx.Err() != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("%d of %d transactions wait for the standby", n, least))
		}
	}
	return nil
}
