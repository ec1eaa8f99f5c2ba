// Package syscalls makes every system call of a migration on the database's files fail once: with a
// disk error, for lack of space, with a short count, or as the last call of the process. Replies
// must be true, the database must pass fsck, and the next write must succeed.
package syscalls

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// Harness is the system call harness.
var Harness = faults.Harness{
	Name: "syscalls", Run: run, Control: control,
	Summary: "has every write, sync, truncation and removal of one migration fail: EIO, ENOSPC, short, SIGKILL",
}

// fullTrials is how many faults the full size tries, over many different migrations.
const fullTrials = 5000

func run(ctx context.Context, size faults.Size, seed uint64) (res faults.Result, err error) {
	dir, err := os.MkdirTemp(faults.Memory(), "simferry-trust-")
	if err != nil {
		return res, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary, err := faults.Build(ctx, faults.Mutation{})
	if err != nil {
		return res, err
	}
	b, err := newBench(ctx, dir, binary)
	if err != nil {
		return res, err
	}
	var t tally
	every := size.Of(1, 1, 10) // a probe tries every tenth system call
	for ; res.Trials == 0 || size == faults.Full && res.Trials < fullTrials; seed++ {
		if err := b.sweep(ctx, seed, every, &res, &t); err != nil {
			return res, err
		}
	}
	res.Record("faults that were injected", t.injected, res.Trials*9/10)
	res.Record("in a server that kept running", t.survived, res.Trials/4)
	res.Record("before the response", t.unacked, res.Trials/5)
	return res, nil
}

// tally counts the faults by their effect.
type tally struct {
	mu       sync.Mutex
	injected int
	survived int // of them, faults after which the server kept running
	unacked  int // of them, faults before the migration was acknowledged
}

// trial is one fault at one point.
type trial struct {
	at    int
	fault fault
}

// sweep runs a server once for each system call and each fault that fits the call, or for every
// n-th call.
func (b *bench) sweep(ctx context.Context, seed uint64, every int, res *faults.Result, t *tally) error {
	sound, err := b.runServer(ctx, seed, -1, fault{})
	if err != nil {
		return err
	}
	for _, w := range sound.wrong {
		res.Fail("without a fault: %s", w)
	}
	if !sound.acked {
		return nil // this seed's migration is refused and writes nothing
	}
	var trials []trial
	for at, p := range sound.watcher.points() {
		for _, f := range faultKinds {
			if f.fits(p) && at%every == 0 {
				trials = append(trials, trial{at, f})
			}
		}
	}
	return b.runTrials(ctx, seed, trials, res, t)
}

// runTrials runs the trials, one per CPU at a time, and counts their results.
func (b *bench) runTrials(ctx context.Context, seed uint64, trials []trial, res *faults.Result, t *tally) error {
	work := make(chan trial, len(trials))
	for _, tr := range trials {
		work <- tr
	}
	close(work)
	var workers sync.WaitGroup
	var trialErr error
	for range runtime.NumCPU() {
		workers.Go(func() {
			for tr := range work {
				l, err := b.runServer(ctx, seed, tr.at, tr.fault)
				t.mu.Lock()
				if err != nil {
					trialErr = err
				} else {
					t.count(l, res)
				}
				stop := trialErr != nil
				t.mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	workers.Wait()
	return trialErr
}

// count adds one run to the result.
func (t *tally) count(l *serverRun, res *faults.Result) {
	res.Trials++
	if n := len(l.wrong); n > 0 {
		res.Fail("%s (%d in all)", strings.Join(l.wrong[:min(n, 2)], "; "), n)
	}
	if l.late != "" {
		res.Late(l.meter, "%s", l.late)
	}
	if l.watcher.injected() == "" {
		return
	}
	t.injected++
	if !l.watcher.fault.kills && l.began {
		t.survived++
	}
	if !l.acked {
		t.unacked++
	}
}

// controls is how many migrations the control tries at most. It needs one that a fault ends between
// the reply and the commit.
const controls = 10

// control runs a server that acknowledges before it commits.
func control(ctx context.Context, _ faults.Size, seed uint64) (c faults.Control, err error) {
	dir, err := os.MkdirTemp(faults.Memory(), "simferry-trust-")
	if err != nil {
		return c, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary, err := faults.Build(ctx, mutants.MustFind("ack_early"))
	if err != nil {
		return c, err
	}
	b, err := newBench(ctx, dir, binary)
	if err != nil {
		return c, err
	}
	return faults.Until(ctx, "a server that acknowledges before it commits", controls, seed, func(ctx context.Context, seed uint64) (saw string, failed bool, err error) {
		var res faults.Result
		err = b.sweep(ctx, seed, 5, &res, &tally{})
		lost := slices.ContainsFunc(res.First, func(w string) bool { return strings.Contains(w, "I5: ") })
		return fmt.Sprintf("%d of %d trials", res.Failures, res.Trials), lost, err
	})
}
