package powercut

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// recording is one run of a server on a new database, from its first write to its normal end:
// schema steps, import, load, checkpoints.
type recording struct {
	db    string
	steps []step
	asked map[string]*traffic.Request // by ledger entry
}

const (
	clients = 4
	// A checkpoint follows every 16 commits, so there are several, and the log starts over
	// several times.
	ackedMin = 150
)

func record(ctx context.Context, binary string, seed uint64) (rec recording, wrong []string, err error) {
	dir, err := os.MkdirTemp(faults.Memory(), "simferry-trust-")
	if err != nil {
		return rec, nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	o := traffic.Options{Clients: clients, Seed: seed, MigrationsOnly: true}
	world, err := proc.WriteWorld(dir, traffic.World(o))
	if err != nil {
		return rec, nil, err
	}
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		return rec, nil, err
	}
	file := filepath.Join(disk, "fleet.db")
	r := newRecorder(file)
	s, err := proc.Serve(ctx, proc.Options{Binary: binary, Database: "sqlite:" + file, Args: []string{"--seed", world}, Watcher: r})
	if err != nil {
		return rec, nil, err
	}
	journal, err := underLoad(ctx, s, o)
	if err := errors.Join(err, s.Stop(ctx)); err != nil {
		return rec, nil, err
	}
	var checker traffic.Checker
	wrong, err = checker.Check(ctx, "sqlite:"+file, journal)
	rec = recording{db: filepath.Base(file), steps: r.steps, asked: make(map[string]*traffic.Request)}
	for _, r := range journal.Requests() {
		if a := r.Acknowledged(); a != nil {
			rec.asked[a.Location()] = r
		}
	}
	return rec, wrong, err
}

func underLoad(ctx context.Context, s *proc.Server, o traffic.Options) (*traffic.Journal, error) {
	c := traffic.New(o)
	if err := c.SignIn(ctx, s.URL); err != nil {
		return nil, err
	}
	load := c.Begin(ctx, s.URL)
	if err := load.Await(ctx, ackedMin); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, s.Log())
	}
	return c.Journal, load.End(ctx)
}
