// Package fuzz is the harness that feeds hostile input to the parsers, the planner and every
// operation: no panic, no 5xx, no row changed by a refusal.
package fuzz

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/gotest"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// Harness runs every fuzz target of the tree.
var Harness = faults.Harness{
	Name:    "fuzz",
	Summary: "every fuzz target: the parsers, the planner, each operation's path, query, headers and body through the router",
	Run:     run, Control: control,
}

// In CI all targets share a minute, and a target with a whole server gets more than a parser.
// The full size repeats rounds of eight times that until enough executions are done.
const (
	parserTime = 2 * time.Second
	serverTime = 8 * time.Second
	fullShare  = 8
	fullExecs  = 10_000_000
	leastCI    = 5_000
	probeExecs = "20x"
)

func run(ctx context.Context, size faults.Size, _ uint64) (res faults.Result, err error) {
	list, err := targets(faults.Root())
	if err != nil {
		return res, err
	}
	for ok := true; ok; ok = size == faults.Full && res.Trials < fullExecs && res.Failures == 0 {
		if err := round(ctx, list, size, &res); err != nil {
			return res, err
		}
	}
	res.Record("executions", res.Trials, size.Of(leastCI, fullExecs, 100))
	res.Record("targets", len(list), 10)
	return res, nil
}

// atOnce is how many targets are fuzzed at a time, each by one worker. Guided fuzzing uses all
// processors, one target after the other.
const atOnce = 2

// round gives every target its share of time. A target that executes nothing in it is an error.
func round(ctx context.Context, list []target, size faults.Size, res *faults.Result) error {
	fuzz, workers := target.quick, atOnce
	if size == faults.Full {
		fuzz, workers = target.guided, 1
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, t := range list {
		group.Go(func() error {
			part, err := fuzz(t, ctx, t.share(size))
			if err == nil && part.Trials == 0 {
				err = fmt.Errorf("nothing was executed of %s in %s", t.name, t.pkg)
			}
			mu.Lock()
			defer mu.Unlock()
			res.Add(part)
			return err
		})
	}
	return group.Wait()
}

// target is one fuzz target.
type target struct{ pkg, name string }

var declared = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// targets finds the fuzz targets of the tree.
func targets(root string) (list []target, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		for _, m := range declared.FindAllSubmatch(text, -1) {
			list = append(list, target{pkg, string(m[1])})
		}
		return err
	})
	return list, err
}

// share returns how much a target is fuzzed in a round, in the form that go test takes: a duration,
// or a number of executions in a probe.
func (t target) share(size faults.Size) string {
	share := parserTime
	if strings.HasSuffix(t.pkg, "httpapi") || strings.HasSuffix(t.pkg, "operatorapi") {
		share = serverTime
	}
	switch size {
	case faults.Full:
		return (share * fullShare).String()
	case faults.Probe:
		return probeExecs
	default:
		return share.String()
	}
}

// guided fuzzes as go test does, towards code that no input has reached yet. The instrumented
// build takes longer than a run in CI may.
func (t target) guided(ctx context.Context, share string) (res faults.Result, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", share, "-timeout", "0", "./"+t.pkg)
	cmd.Dir = faults.Root()
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return res, errors.Join(err, ctx.Err())
	}
	return t.judge(gotest.Output{Text: string(text), Passed: err == nil})
}

// quick fuzzes the ordinary test program, without guidance.
func (t target) quick(ctx context.Context, share string) (res faults.Result, err error) {
	program, err := gotest.Build(ctx, t.pkg, faults.Mutation{})
	if err != nil {
		return res, err
	}
	cache, err := os.MkdirTemp("", "trust-fuzz-")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cache)) }()
	out, err := program.Run(ctx, "^$", nil, "-test.fuzz=^"+t.name+"$", "-test.fuzztime="+share, "-test.parallel=1", "-test.fuzzcachedir="+cache)
	if err != nil {
		return res, err
	}
	return t.judge(out)
}

// done matches the number of inputs tried: first the stored ones, then new ones.
var done = regexp.MustCompile(`execs: (\d+)|(\d+)/\d+ completed`)

// judge counts the executions. A failing input is kept in the package's testdata, as go test
// does.
func (t target) judge(out gotest.Output) (res faults.Result, err error) {
	timedOut := strings.Contains(out.Text, "context deadline exceeded") // the time was up during an input
	switch {
	case out.Passed:
	case !strings.Contains(out.Text, "Failing input") && !timedOut:
		return res, fmt.Errorf("%s in %s: %s", t.name, t.pkg, out.Text[:min(len(out.Text), 1500)])
	case !timedOut:
		res.Fail("%s in %s: %s", t.name, t.pkg, out.Text[max(0, len(out.Text)-600):])
	}
	for _, m := range done.FindAllStringSubmatch(out.Text, -1) {
		n, _ := strconv.Atoi(m[1] + m[2]) // digits
		res.Trials = max(res.Trials, n)
	}
	return res, nil
}

// Properties runs the seeds of the fuzz targets of a package and its property tests against a
// program with a mutation. That is enough for a bug of the planner.
func Properties(ctx context.Context, pkg string, mutation faults.Mutation, match string, seed uint64) (res faults.Result, err error) {
	test, err := gotest.Build(ctx, pkg, mutation)
	if err != nil {
		return res, err
	}
	out, err := test.Run(ctx, match, nil, fmt.Sprintf("-rapid.seed=%d", seed), "-rapid.nofailfile", "-rapid.shrinktime=1ms")
	if err != nil {
		return res, err
	}
	res.Trials = strings.Count(out.Text, "=== RUN")
	res.Record("tests", res.Trials, 1)
	err = out.Judge(&res)
	return res, err
}

// controls is how often the control is tried. With one seed a miss is rare; ten misses in a row
// have not been seen.
const controls = 10

// control runs a planner that checks for an Administrator on the first SIM's source only.
func control(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
	return faults.Until(ctx, "a planner that asks for rights on the first SIM's source only", controls, seed,
		faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
			return Properties(ctx, "internal/fleet", mutants.MustFind("first_source"), Planner, seed)
		}))
}

// Planner matches the tests that judge PlanMigration: the seeds of its fuzz target, and its
// properties.
const Planner = "^(FuzzPlanMigration|FuzzSelect.*|TestEverySIMIsAccountedFor|TestMigrationChangesOnlyItsSIMs|TestSelectorLimit|TestPlan.*|TestRandomRules|TestFailingCondition.*|TestShippedRule.*|TestRule.*)$"
