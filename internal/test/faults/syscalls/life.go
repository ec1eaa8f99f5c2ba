package syscalls

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// promised is how soon a server writes again after a fault has passed (I12).
const promised = 5 * time.Second

// bench is the start of every life: a program, a database at rest, a bearer.
type bench struct {
	dir     string
	binary  string
	base    string // the database
	clients *traffic.Clients
}

func newBench(ctx context.Context, dir, binary string) (*bench, error) {
	b := &bench{dir: dir, binary: binary, base: filepath.Join(dir, "base.db")}
	world, err := proc.WriteWorld(dir, traffic.World())
	if err != nil {
		return nil, err
	}
	s, err := proc.Serve(ctx, proc.Options{Binary: binary, Database: "sqlite:" + b.base, Args: []string{"--seed", world}})
	if err != nil {
		return nil, err
	}
	b.clients, err = traffic.SignIn(ctx, s.URL)
	return b, errors.Join(err, s.Stop(ctx))
}

// serverRun is a server that starts, does one migration, and stops, with one fault somewhere.
type serverRun struct {
	*bench
	seed    uint64
	watcher *watcher
	journal traffic.Journal
	began   bool // the server listened
	acked   bool // the migration was acknowledged
	wrong   []string

	late   string // what was too late, measured from strain on
	strain faults.LoadMeter
}

func (l *serverRun) fail(format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...)+" ["+l.watcher.injected()+"]")
}

// runServer runs one life and then checks the database.
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
	l := &serverRun{bench: b, seed: seed, watcher: &watcher{dir: dir, at: at, fault: f}}
	s, err := proc.Serve(ctx, proc.Options{Binary: b.binary, Database: "sqlite:" + file, Watcher: l.watcher})
	switch {
	case err == nil:
		l.began = true
		l.serve(ctx, s)
	case s == nil || l.watcher.injected() == "":
		return nil, err
	}
	if err := s.Stop(ctx); err != nil {
		return nil, err
	}
	for _, p := range s.Panics() {
		l.fail("I12: the server panics: %s", p)
	}
	l.look(ctx, "sqlite:"+file)
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
func (l *serverRun) serve(ctx context.Context, s *proc.Server) {
	c, rng := l.clients.At(s.URL), rand.New(rand.NewPCG(l.seed, 2))
	a := l.journal.Ask(ctx, c, rng)
	l.acked = a.Status == 200
	if l.watcher.injected() == "" || l.watcher.fault.kills {
		return
	}
	began := time.Now()
	l.strain = faults.Measure()
	for ; time.Since(began) < promised && ctx.Err() == nil; faults.Pause(ctx, 20*time.Millisecond) {
		if l.journal.Ask(ctx, c, rng).Status == 200 {
			return
		}
	}
	l.late = fmt.Sprintf("I12: nothing was written within %v of the fault [%s]", promised, l.watcher.injected())
}

// look checks what the next start finds.
func (l *serverRun) look(ctx context.Context, url string) {
	s, err := store.Open(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		l.fail("I12: the database does not open: %v", err)
		return
	}
	defer func() { _ = s.Close() }() // nothing is written
	err = s.View(ctx, func(tx *store.Tx) error {
		report, err := fsck.Run(ctx, tx)
		for _, f := range traffic.Faults(report) {
			l.fail("%s", f)
		}
		return err
	})
	if err != nil {
		l.fail("I1: fsck cannot read the database: %v", err)
	}
	have, err := traffic.Read(ctx, url, 0)
	if err != nil {
		l.fail("I5: the ledger cannot be read: %v", err)
		return
	}
	for _, w := range l.journal.Compare(have) {
		l.fail("%s", w)
	}
}
