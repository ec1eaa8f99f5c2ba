// Package fuzz is the harness that feeds the parsers, the planner and every operation with
// what nobody would send: no panic, no 5xx, no changed row behind a refusal.
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
	"time"

	"github.com/simferry/simferry/internal/trust"
	"github.com/simferry/simferry/internal/trust/gotest"
)

// Harness is every fuzz target of the tree, an equal share of the time or of the
// executions for each.
var Harness = trust.Harness{
	Name: "fuzz",
	Does: "every fuzz target: the parsers, the planner, each operation's path, query, headers and body through the router",
	Run:  run,
}

// A run in CI takes this long altogether, the full size so many executions; of those of CI
// at least so many must be.
const (
	ciTime    = 60 * time.Second
	fullExecs = 10_000_000
	leastCI   = 5_000
)

func run(ctx context.Context, size trust.Size, seed uint64) (res trust.Result, err error) {
	list, err := targets(trust.Root())
	if err != nil {
		return res, err
	}
	share, least := (ciTime / time.Duration(len(list))).Truncate(100*time.Millisecond).String(), leastCI
	switch size {
	case trust.Full:
		share, least = strconv.Itoa(fullExecs/len(list)+1)+"x", fullExecs
	case trust.Probe:
		share, least = "200ms", 100
	}
	dry := ""
	for _, t := range list {
		execs, err := t.run(ctx, share, &res)
		if err != nil {
			return res, err
		}
		if execs == 0 {
			dry += " " + t.name
		}
		res.Trials += execs
	}
	res.Did("executions", res.Trials, least)
	res.Did("targets", len(list), 10)
	if dry != "" {
		return res, errors.New("nothing was executed of" + dry)
	}
	if size != trust.Probe {
		res.Control, err = control(ctx, seed)
	}
	return res, err
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

var executed = regexp.MustCompile(`execs: (\d+)`)

// run fuzzes for a time or a number of executions, and tells how many there were. An input
// that fails is kept by go test in the package's testdata.
func (t target) run(ctx context.Context, share string, res *trust.Result) (execs int, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", share, "-timeout", "0", "./"+t.pkg)
	cmd.Dir = trust.Root()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.As(err, &exit) && strings.Contains(string(out), "Failing input"):
		res.Fail("%s in %s: %s", t.name, t.pkg, out[max(0, len(out)-600):])
	case err != nil:
		return 0, fmt.Errorf("%s in %s: %w: %s", t.name, t.pkg, err, out)
	}
	if all := executed.FindAllSubmatch(out, -1); len(all) > 0 {
		execs, _ = strconv.Atoi(string(all[len(all)-1][1])) // digits
	}
	return execs, nil
}

// Properties runs the seeds of the fuzz targets of a package and its property tests against
// what is built with some tags: enough for a bug that a planner cannot hide.
func Properties(ctx context.Context, pkg, tags, match string, seed uint64) (res trust.Result, err error) {
	test, err := gotest.Build(ctx, pkg, tags)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, test.Remove()) }()
	out, err := test.Run(ctx, match, nil, fmt.Sprintf("-rapid.seed=%d", seed), "-rapid.nofailfile", "-rapid.shrinktime=1ms")
	if err != nil {
		return res, err
	}
	res.Trials = strings.Count(out.Text, "=== RUN")
	res.Did("tests", res.Trials, 1)
	return res, out.Judge(&res)
}

// control is a planner that asks for Administrators on the first SIM's source only.
func control(ctx context.Context, seed uint64) (c trust.Control, err error) {
	c.What = "a planner that asks for rights on the first SIM's source only"
	res, err := Properties(ctx, "internal/fleet", "planted_first_source", Planner, seed)
	c.Failed = res.Failures > 0
	if c.Failed {
		c.Saw = trust.Clip(res.First[0])
	}
	return c, err
}

// Planner is what judges PlanMigration: the seeds of its fuzz target, and its properties.
const Planner = "^(FuzzPlanMigration|FuzzSelect.*|TestEverySIMIsAccountedFor|TestAfterChangesNoMoreThanItMay|TestSelectorsTakeUpTo500|TestPlan.*)$"
