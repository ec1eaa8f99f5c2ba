package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/simferry/simferry/internal/cli/atomicfile"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// A run has a folder of its own: what was planned, how it is carried out, and the journal.
const (
	planFile    = "plan.json"
	termsFile   = "run.json"
	journalFile = "journal.jsonl"
	reportFile  = "report.csv"
	lockFile    = "lock"
)

// run is one execution of a plan, over as many processes as it takes.
type run struct {
	id      string
	dir     string
	info    runInfo
	plan    *bulk.Plan
	state   *bulk.State
	journal *bulk.FileJournal
	unlock  func()
}

// runInfo is what a resume needs in addition to the plan.
type runInfo struct {
	Profile    string     `json:"profile"`
	OnConflict onConflict `json:"on_conflict"`
	Started    time.Time  `json:"started"`
	From       *source    `json:"from,omitempty"` // of --filter; nil without
}

func (p Process) runsDir() (string, error) {
	home, err := p.home()
	return filepath.Join(home, "runs"), err
}

// newRun makes the folder of a run. Its plan is safe on the disk before anything is sent.
func (s *migrateRun) newRun(plan *bulk.Plan) (*run, error) {
	dir, err := s.process.runsDir()
	if err != nil {
		return nil, err
	}
	now := s.throttle.Clock.Now()
	id := now.Format("20060102-150405-") + strings.ToLower(rand.Text()[:4])
	r := &run{id: id, dir: filepath.Join(dir, id), plan: plan, info: runInfo{*s.profile, s.conflict, now.UTC(), s.from}}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, err
	}
	info, err := json.Marshal(r.info)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(atomicfile.WriteFile(filepath.Join(r.dir, termsFile), info), bulk.SavePlan(filepath.Join(r.dir, planFile), plan),
		atomicfile.SyncDir(dir)); err != nil {
		return nil, err
	}
	err = r.open()
	return r, err
}

// openRun opens a run that was there before.
func (p Process) openRun(id string) (*run, error) {
	r, err := p.readRun(id)
	if err != nil {
		return nil, err
	}
	err = r.open()
	return r, err
}

// readRun reads a run without its journal.
func (p Process) readRun(id string) (*run, error) {
	dir, err := p.runsDir()
	if err != nil {
		return nil, err
	}
	r := &run{id: id, dir: filepath.Join(dir, filepath.Base(id))}
	text, err := os.ReadFile(filepath.Join(r.dir, termsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no run %s on this machine: use the machine, and the user, that started it; 'simferry migrate runs' lists the runs of this one", id)
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(text, &r.info) != nil || r.info.Profile == "" {
		return nil, fmt.Errorf("%s is damaged, so the run cannot be resumed: see in journal.jsonl what has moved, "+
			"move the folder away, and start a new run for the rest", filepath.Join(r.dir, termsFile))
	}
	r.plan, err = bulk.LoadPlan(filepath.Join(r.dir, planFile))
	return r, err
}

// open takes the run for this process and replays its journal.
func (r *run) open() error {
	unlock, err := lockWithin(filepath.Join(r.dir, lockFile), time.Second)
	if err != nil {
		return fmt.Errorf("run %s: %w", r.id, err)
	}
	r.unlock, r.state = unlock, bulk.NewState(r.plan)
	r.journal, err = bulk.OpenJournal(filepath.Join(r.dir, journalFile), r.state)
	if err != nil {
		unlock()
	}
	return err
}

func (r *run) close() {
	_ = r.journal.Close() // every entry was synced
	r.unlock()
}

var errBusy = errors.New("another process is working on it: wait for it, or stop it")

// lockWithin gives up if another process keeps the lock. The attempt then continues in the
// background and dies with the process.
func lockWithin(file string, patience time.Duration) (func(), error) {
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	type result struct {
		unlock func()
		err    error
	}
	got := make(chan result, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(file).Lock()
		got <- result{unlock, err}
	}()
	select {
	case r := <-got:
		return r.unlock, r.err
	case <-ctx.Done():
		return nil, errBusy
	}
}

// runIDs lists the runs, the latest first.
func (p Process) runIDs() ([]string, error) {
	dir, err := p.runsDir()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ids []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), planFile)); err == nil { // else it was never begun
			ids = append(ids, e.Name())
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, err
}

// readJournal replays a run's journal without taking the run.
func (r *run) readJournal() error {
	r.state = bulk.NewState(r.plan)
	return bulk.ReadJournal(filepath.Join(r.dir, journalFile), r.state)
}
