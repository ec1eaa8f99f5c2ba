package failover

import (
	"context"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/trust/traffic"
)

// controls is how often the control fails over at most: what waits in the receiver's socket
// may get to the standby once, but hardly ever all of it.
const controls = 5

// control fails over to an asynchronous standby that has stopped listening. What was
// acknowledged meanwhile is lost, and the same comparison must say so.
func (p *pair) control(ctx context.Context, seed uint64) (saw string, failed bool, err error) {
	before, err := traffic.Read(ctx, p.url(), 0)
	if err != nil {
		return "", false, err
	}
	load, err := p.loseStalled(ctx, seed)
	if err != nil {
		return "", false, err
	}
	have, err := traffic.Read(ctx, p.url(), before.Last())
	if err != nil {
		return "", false, err
	}
	for _, w := range load.Journal().Compare(have) {
		if strings.HasPrefix(w, "I5") {
			return w, true, nil
		}
	}
	return "nothing is missing", false, p.rebuild(ctx)
}

// loseStalled is the failover under load.
func (p *pair) loseStalled(ctx context.Context, seed uint64) (*traffic.Load, error) {
	if err := p.primary.Synchronous(ctx, ""); err != nil {
		return nil, err
	}
	receiver, err := stall(ctx, p.standby.URL("postgres"))
	if err != nil {
		return nil, err
	}
	load := traffic.Begin(ctx, p.clients, seed, clients)
	if err := load.Await(ctx, ackedMin); err != nil {
		return nil, err
	}
	if err := p.kill(); err != nil {
		return nil, err
	}
	// It is told to end before it wakes up, so that it does not read what is still
	// waiting in its socket.
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT} {
		if err := syscall.Kill(receiver, signal); err != nil {
			return nil, err
		}
	}
	if err := p.promote(ctx); err != nil {
		return nil, err
	}
	err = load.End(ctx)
	return load, err
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
