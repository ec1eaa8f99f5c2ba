package syscalls

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// promised is how soon a server writes again after a fault has passed (I12).
const promised = 5 * time.Second

// bench is the initial state of every run: a program, a database that no server has open, and a
// signed-in client.
type bench struct {
	dir     string
	binary  string
	base    string // the database
	clients *traffic.Clients
}

func newBench(ctx context.Context, dir, binary string) (*bench, error) {
	b := &bench{dir: dir, binary: binary, base: filepath.Join(dir, "base.db")}
	o := traffic.Options{Clients: 1, MigrationsOnly: true}
	world, err := proc.WriteWorld(dir, traffic.World(o))
	if err != nil {
		return nil, err
	}
	s, err := proc.Serve(ctx, proc.Options{Binary: binary, Database: "sqlite:" + b.base, Args: []string{"--seed", world}})
	if err != nil {
		return nil, err
	}
	b.clients = traffic.New(o)
	return b, errors.Join(b.clients.SignIn(ctx, s.URL), s.Stop(ctx))
}

// serverRun is a server that starts, does one migration, and stops, with one fault somewhere.
type serverRun struct {
	*bench
	clients *traffic.Clients
	watcher *watcher
	began   bool // the server listened
	acked   bool // the migration was acknowledged
	wrong   []string

	late  string // what took too long after the fault; "" if nothing
	meter faults.LoadMeter
}

func (l *serverRun) fail(format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...)+" ["+l.watcher.injected()+"]")
}

// runServer runs a server once and then checks the database.
func (b *bench) runServer(ctx context.Context, seed uint64, at int, f fault) (*serverRun, error) {
	dir, err := os.MkdirTemp(b.dir, "life-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "fleet.db")
	if err := copySQLite(b.base, file); err != nil {
		return nil, err
	}
	l := &serverRun{bench: b, clients: b.clients.Copy(seed), watcher: &watcher{dir: dir, at: at, fault: f}}
	s, failed := proc.Serve(ctx, proc.Options{Binary: b.binary, Database: "sqlite:" + file, Watcher: l.watcher})
	switch {
	case failed == nil:
		l.began = true
		err = l.serve(ctx, s.URL)
	case s == nil || l.watcher.injected() == "":
		return nil, failed
	}
	if err := errors.Join(err, s.Stop(ctx)); err != nil {
		return nil, err
	}
	for _, p := range s.Panics() {
		l.fail("I12: the server panics: %s", p)
	}
	l.checkDatabase(ctx, "sqlite:"+file)
	return l, ctx.Err()
}

// copySQLite copies a database that no server has open.
func copySQLite(from, to string) error {
	content, err := os.ReadFile(filepath.Clean(from))
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

// serve sends the migration, and another one once the fault has passed: if the server is alive,
// it must succeed.
func (l *serverRun) serve(ctx context.Context, url string) error {
	a, err := l.clients.Send(ctx, url)
	if err != nil {
		return err
	}
	l.acked = a.Wrote()
	if l.watcher.injected() == "" || l.watcher.fault.kills {
		return nil
	}
	began := time.Now()
	l.meter = faults.Measure()
	for ; time.Since(began) < promised && ctx.Err() == nil; faults.Pause(ctx, 20*time.Millisecond) {
		if a, err := l.clients.Send(ctx, url); err != nil || a.Wrote() {
			return err
		}
	}
	l.late = fmt.Sprintf("I12: nothing was written within %v of the fault [%s]", promised, l.watcher.injected())
	return nil
}

// checkDatabase checks what the next start finds.
func (l *serverRun) checkDatabase(ctx context.Context, url string) {
	s, err := store.Open(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		l.fail("I12: the database does not open: %v", err)
		return
	}
	defer func() { _ = s.Close() }() // nothing is written
	unsound, err := dbcheck.CheckStore(ctx, s)
	if err != nil {
		l.fail("I1: fsck cannot read the database: %v", err)
	}
	var checker traffic.Checker
	wrong, err := checker.Check(ctx, url, l.clients.Journal)
	if err != nil {
		l.fail("I5: the ledger cannot be read: %v", err)
	}
	for _, w := range slices.Concat(unsound, wrong) {
		l.fail("%s", w)
	}
}
