// Package powercut records every write of a server under load to its SQLite database, and every
// reply to its clients. Then it simulates power cuts: at any event, synced data is kept, and of
// the rest a random part, dropped, reordered or torn. Each such state is opened as the server
// opens it: fsck must pass, and every migration that was acknowledged before the cut must be
// there.
package powercut

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/test/faults"
)

// Harness is the power-cut harness.
var Harness = faults.Harness{
	Name: "power-cut", Run: run, Control: control,
	Summary: "cuts the power at any write of SQLite, keeps a random part of the data that was not synced, and opens the remaining files",
}

// perRecording is the maximum number of states taken from one recording.
const perRecording = 5000

func run(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
	return Cuts(ctx, faults.Mutation{}, size.Of(500, 100_000, 100), seed)
}

// Cuts simulates power cuts of a program with a mutation.
func Cuts(ctx context.Context, mutation faults.Mutation, states int, seed uint64) (res faults.Result, err error) {
	dir, err := os.MkdirTemp(faults.Memory(), "simferry-trust-")
	if err != nil {
		return res, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary, err := faults.Build(ctx, mutation)
	if err != nil {
		return res, err
	}
	var t tally
	for done := 0; done < states; done += perRecording {
		n := min(perRecording, states-done)
		part, err := cuts(ctx, dir, binary, seed+uint64(done), n, &res)
		if err != nil {
			return res, err
		}
		t.add(part)
	}
	res.Record("states with acknowledged work", t.acked, states/2)
	res.Record("states with a write that was not synced", t.unsynced, states/2)
	res.Record("states with a write to the database file that was not synced", t.checkpoint, states/50)
	return res, nil
}

// tally counts the kinds of states.
type tally struct{ acked, unsynced, checkpoint int }

func (t *tally) add(u tally) {
	t.acked += u.acked
	t.unsynced += u.unsynced
	t.checkpoint += u.checkpoint
}

// cuts records one server and cuts the power n times.
func cuts(ctx context.Context, dir, binary string, seed uint64, n int, res *faults.Result) (t tally, err error) {
	rec, wrong, err := record(ctx, binary, seed)
	if err != nil {
		return t, err
	}
	for _, w := range wrong {
		res.Fail("before any cut: %s", w)
	}
	var mu sync.Mutex
	t, err = rec.states(ctx, dir, seed, n, func(_ state, wrong []string) {
		mu.Lock()
		defer mu.Unlock()
		res.Trials++
		if len(wrong) > 0 {
			res.Fail("%s", strings.Join(wrong, "; "))
		}
	})
	return t, err
}

// states simulates n power cuts and checks each state.
func (rec recording) states(ctx context.Context, dir string, seed uint64, n int, checked func(state, []string)) (t tally, err error) {
	rng := rand.New(rand.NewPCG(seed, 1))
	at := make([]int, n)
	for i := range at {
		at[i] = rng.IntN(len(rec.steps) + 1)
	}
	slices.Sort(at)
	work := make(chan state)
	var workers sync.WaitGroup
	for i := range runtime.NumCPU() {
		place := filepath.Join(dir, fmt.Sprintf("state-%d", i))
		if err := os.MkdirAll(place, 0o700); err != nil {
			return t, err
		}
		workers.Go(func() {
			for s := range work {
				wrong := s.recover(ctx, place, rec.db, rec.asked)
				if ctx.Err() == nil { // an interrupted check proves nothing
					checked(s, wrong)
				}
			}
		})
	}
	d, done := newDisk(), 0
	for i, cut := range at {
		if ctx.Err() != nil {
			break
		}
		for ; done < cut; done++ {
			d.advance(rec.steps[done])
		}
		l := draw(rng)
		s := state{files: d.cut(l), acked: d.locations(), what: fmt.Sprintf("state %d, cut at step %d of %d, %+v", i, cut, len(rec.steps), l.words())}
		if rng.IntN(3) == 0 {
			s.files[rec.db+"-shm"] = staleIndex(rng)
		}
		t.add(kindOf(d, rec.db))
		work <- s
	}
	close(work)
	workers.Wait()
	return t, ctx.Err()
}

func kindOf(d *disk, db string) (t tally) {
	t.acked = min(1, len(d.acked))
	t.unsynced = min(1, d.unsynced(db)+d.unsynced(db+"-wal"))
	t.checkpoint = min(1, d.unsynced(db))
	return t
}

// staleIndex returns what the index of the log may contain after a cut.
func staleIndex(rng *rand.Rand) []byte {
	b := make([]byte, 32768)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func (l chance) words() string {
	return fmt.Sprintf("keep %g, torn %g, sectors of %d, garbage %t, prefix %t", l.keep, l.torn, l.sector, l.garbage, l.prefix)
}
