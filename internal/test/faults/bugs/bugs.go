// Package bugs checks the harnesses: it builds the program with each mutation of
// internal/test/faults/mutants, and the harness that is responsible for it must fail.
package bugs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// Harness tries the bugs of Table.
var Harness = faults.Harness{
	Name:    "bugs",
	Summary: "each mutation is built, and the harness that the table names must catch it",
	Run: func(ctx context.Context, size faults.Size, _ uint64) (faults.Result, error) {
		if size == faults.Probe {
			return Run(ctx, samples())
		}
		return Run(ctx, Table)
	},
}

// samples returns a few bugs of different harnesses that are caught in seconds.
func samples() []Bug {
	return slices.DeleteFunc(slices.Clone(Table), func(b Bug) bool {
		return !slices.Contains([]string{"checksum", "first_reason", "dsn_at_sign"}, b.Name)
	})
}

// Only returns the harness for some bugs of the table, named with commas between.
func Only(names string) ([]faults.Harness, error) {
	var chosen []Bug
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(Table, func(b Bug) bool { return b.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no bug is called %q", name)
		}
		chosen = append(chosen, Table[i])
	}
	h := Harness
	h.Run = func(ctx context.Context, _ faults.Size, _ uint64) (faults.Result, error) { return Run(ctx, chosen) }
	return []faults.Harness{h}, nil
}

// seed is one with which all bugs were caught. The harnesses repeat their random choices, so
// this one shows what they can see, not how lucky they are.
const seed = 20261122

// PrebuildAll builds the programs that this harness needs, one after the other, while other
// harnesses run.
func PrebuildAll(ctx context.Context) {
	for _, b := range Table {
		if ctx.Err() == nil {
			faults.Prebuild(ctx, b.catch.pkg, mutants.MustFind(b.Name))
		}
	}
}

// parallelBugs is how many bugs are tried at a time. Building one keeps a core busy.
const parallelBugs = 2

// Run tries some bugs. Its control is a program without a bug, which must not be reported: a
// harness that always fails would catch everything.
func Run(ctx context.Context, table []Bug) (res faults.Result, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	turn := make(chan struct{}, parallelBugs)
	for _, b := range table {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			saw, bad := b.try(ctx)
			mu.Lock()
			defer mu.Unlock()
			res.Trials++
			var missed missedError
			switch {
			case errors.As(bad, &missed):
				res.Fail("%s: %v", b.Name, missed)
			case bad != nil:
				err = errors.Join(err, fmt.Errorf("%s: %w", b.Name, bad))
			default:
				res.Notes = append(res.Notes, fmt.Sprintf("%s: %s: %s", b.Name, b.Harness, saw))
			}
		})
	}
	wg.Wait()
	slices.Sort(res.Notes)
	res.Record("bugs", res.Trials, len(table))
	if err == nil {
		res.Control, err = control(ctx)
	}
	return res, err
}

// missedError says that a harness did not catch a bug.
type missedError struct{ why string }

func (e missedError) Error() string { return e.why }

// tries is how often a harness may look for a bug, each time with another seed. Nearly always
// the first try succeeds, but random choices and the scheduling of two processes may hide a bug
// once.
const tries = 5

// try builds a bug and runs its harness, which must report it.
func (b Bug) try(ctx context.Context) (saw string, err error) {
	for n := range uint64(tries) {
		if saw, err = b.once(ctx, seed+n); err == nil || ctx.Err() != nil || b.Name == none {
			break
		}
	}
	return saw, err
}

func (b Bug) once(ctx context.Context, seed uint64) (saw string, err error) {
	res, err := b.catch.run(ctx, b.mutation(), seed)
	if err != nil {
		return "", err
	}
	words := regexp.MustCompile(b.Words)
	for _, f := range res.First {
		if words.MatchString(f) {
			return faults.Clip(f), nil
		}
	}
	if res.Failures > 0 {
		return "", missedError{fmt.Sprintf("%s reports something else than %s: %s", b.Harness, b.Words, strings.Join(res.First, " | "))}
	}
	return "", missedError{fmt.Sprintf("%s does not catch it in %d trials", b.Harness, res.Trials)}
}

// none is the name of the program without a bug.
const none = "none"

func (b Bug) mutation() faults.Mutation {
	if b.Name == none {
		return faults.Mutation{}
	}
	return mutants.MustFind(b.Name)
}

// control runs the quickest harness on the program without a bug.
func control(ctx context.Context) (faults.Control, error) {
	c := faults.Control{What: "a bug that does not exist"}
	_, err := Bug{Name: none, Harness: "fuzz", Words: ".", catch: planner}.try(ctx)
	var missed missedError
	if errors.As(err, &missed) {
		c.Failed, c.Observed, err = true, missed.why, nil
	}
	return c, err
}
