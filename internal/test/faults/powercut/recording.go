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

// recording is the life of one server on a new database, from its first byte to its orderly
// end: schema steps, import, load, checkpoints.
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
	world, err := proc.WriteWorld(dir, traffic.World())
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
	j, err := underLoad(ctx, s, seed)
	if err := errors.Join(err, s.Stop(ctx)); err != nil {
		return rec, nil, err
	}
	have, err := traffic.Read(ctx, "sqlite:"+file, 0)
	if err != nil {
		return rec, nil, err
	}
	rec = recording{db: filepath.Base(file), steps: r.steps, asked: make(map[string]*traffic.Request)}
	for _, a := range j.Acknowledged() {
		rec.asked[a.Acknowledged().Location] = a
	}
	return rec, j.Compare(have), nil
}

func underLoad(ctx context.Context, s *proc.Server, seed uint64) (*traffic.Journal, error) {
	c, err := traffic.SignIn(ctx, s.URL)
	if err != nil {
		return nil, err
	}
	load := traffic.Begin(ctx, c, seed, clients)
	if err := load.Await(ctx, ackedMin); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, s.Log())
	}
	if err := load.End(ctx); err != nil {
		return nil, err
	}
	return load.Journal(), nil
}
