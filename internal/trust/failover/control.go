package failover

import (
	"context"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/trust"
	"github.com/simferry/simferry/internal/trust/traffic"
)

// control fails over to an asynchronous standby that has stopped listening. What was
// acknowledged meanwhile is lost, and the same comparison must say so.
func (p *pair) control(ctx context.Context, seed uint64) (c trust.Control, err error) {
	c.What = "an asynchronous standby with a stalled receiver"
	before, err := traffic.Read(ctx, p.url(), 0)
	if err != nil {
		return c, err
	}
	if err := p.primary.Synchronous(ctx, ""); err != nil {
		return c, err
	}
	receiver, err := stall(ctx, p.standby.URL("postgres"))
	if err != nil {
		return c, err
	}
	load := traffic.Begin(ctx, p.clients, seed, clients)
	if err := load.Await(ctx, ackedMin); err != nil {
		return c, err
	}
	if err := p.kill(); err != nil {
		return c, err
	}
	// It is told to end before it wakes up, so that it does not read what is still
	// waiting in its socket.
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT} {
		if err := syscall.Kill(receiver, signal); err != nil {
			return c, err
		}
	}
	if err := p.promote(ctx); err != nil {
		return c, err
	}
	if err := load.End(ctx); err != nil {
		return c, err
	}
	have, err := traffic.Read(ctx, p.url(), before.Last())
	if err != nil {
		return c, err
	}
	lost := 0
	for _, w := range load.Journal().Compare(have) {
		if strings.HasPrefix(w, "I5") {
			lost++
			c.Saw = w
		}
	}
	c.Failed = lost > 0
	return c, nil
}

// stall stops the standby's receiver in the middle of what it does.
func stall(ctx context.Context, url string) (pid int, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }() // the statement has been answered
	if err := conn.QueryRow(ctx, "SELECT pid FROM pg_stat_wal_receiver").Scan(&pid); err != nil {
		return 0, err
	}
	return pid, syscall.Kill(pid, syscall.SIGSTOP)
}
