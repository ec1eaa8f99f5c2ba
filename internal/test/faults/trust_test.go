package faults_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/faults"
)

// sound returns a result that passes.
func sound() faults.Result {
	return faults.Result{
		Trials: 200, Work: []faults.Work{{What: "requests", Done: 10, Least: 10}},
		Control: faults.Control{What: "a planted bug", Failed: true},
	}
}

func TestHarnessWithoutEvidenceIsVoid(t *testing.T) {
	tests := map[string]struct {
		change func(*faults.Result)
		size   faults.Size
		want   faults.Verdict
	}{
		"all is well":             {func(*faults.Result) {}, faults.CI, faults.Passed},
		"a failure":               {func(r *faults.Result) { r.Fail("I1: a SIM is gone") }, faults.CI, faults.Failed},
		"a failure in void":       {func(r *faults.Result) { r.Work = nil; r.Fail("I1: a SIM is gone") }, faults.CI, faults.Failed},
		"a doubt":                 {func(r *faults.Result) { r.Void("late on a busy machine") }, faults.CI, faults.Void},
		"a doubt and a failure":   {func(r *faults.Result) { r.Void("late"); r.Fail("I1: a SIM is gone") }, faults.CI, faults.Failed},
		"no trials":               {func(r *faults.Result) { r.Trials = 0 }, faults.CI, faults.Void},
		"no work":                 {func(r *faults.Result) { r.Work = nil }, faults.CI, faults.Void},
		"too little work":         {func(r *faults.Result) { r.Record("kills inside", 4, 5) }, faults.CI, faults.Void},
		"no control":              {func(r *faults.Result) { r.Control = faults.Control{} }, faults.Full, faults.Void},
		"a control that passes":   {func(r *faults.Result) { r.Control.Failed = false }, faults.Full, faults.Void},
		"a probe has no control":  {func(r *faults.Result) { r.Control = faults.Control{} }, faults.Probe, faults.Passed},
		"a probe can be void too": {func(r *faults.Result) { r.Record("kills inside", 0, 1) }, faults.Probe, faults.Void},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := sound()
			tt.change(&r)
			if got, why := r.Judge(tt.size); got != tt.want {
				t.Errorf("got %s (%s), want %s", got, why, tt.want)
			}
		})
	}
}

func TestResultHasTheCommandToRepeat(t *testing.T) {
	var out strings.Builder
	runner := faults.Runner{Out: &out, Commit: "abc", Size: faults.CI, Seed: 42}
	failing := func(context.Context, faults.Size, uint64) (faults.Result, error) {
		r := sound()
		r.Fail("I5: request %d was acknowledged and does not exist", 7)
		return r, nil
	}
	broken := func(context.Context, faults.Size, uint64) (faults.Result, error) {
		return faults.Result{}, errors.New("no disk")
	}
	fine := func(context.Context, faults.Size, uint64) (faults.Result, error) { return sound(), nil }
	err := runner.Run(t.Context(), []faults.Harness{{Name: "kill-sqlite", Run: failing}, {Name: "fuzz", Run: broken}, {Name: "model", Run: fine}})
	if !errors.Is(err, faults.ErrNotProved) {
		t.Errorf("error %v, want that it is not proved", err)
	}
	for _, want := range []string{
		"FAILED kill-sqlite", "seed 42; commit abc; 200 trials; 1 failures", "I5: request 7 was acknowledged",
		"-only kill-sqlite -size CI -seed 42", "VOID   fuzz", "no disk", "1 of 3 harnesses are ok, in ", "ok     model", "failure rate < 1.5 % (95 %)", "10 requests (least 10)", "control: a planted bug failed as it must",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestASmokeRunNamesWhatCannotRun(t *testing.T) {
	harness := func(name string, res faults.Result, err error) faults.Harness {
		return faults.Harness{Name: name, Run: func(context.Context, faults.Size, uint64) (faults.Result, error) { return res, err }}
	}
	idle := faults.Result{Trials: 1, Work: []faults.Work{{What: "kills", Done: 0, Least: 1}}}
	failed := sound()
	failed.Fail("I1: a SIM is gone")
	disk := harness("disk", faults.Result{}, fmt.Errorf("mount: %w", os.ErrPermission))
	clone := harness("upgrade", faults.Result{}, fmt.Errorf("%w: no history", faults.ErrCannotRun))
	for name, tt := range map[string]struct {
		list  []faults.Harness
		smoke bool
		good  bool
		words string
	}{
		"on this machine": {[]faults.Harness{disk, clone, harness("kill", sound(), nil)}, true, true, "NOT RUN on this machine: disk, upgrade"},
		"not a smoke run": {[]faults.Harness{disk}, false, false, "VOID"},
		"too little work": {[]faults.Harness{harness("kill", idle, nil)}, true, true, "it works"},
		"not tried":       {[]faults.Harness{harness("kill", faults.Result{}, nil)}, true, false, "VOID"},
		"another error":   {[]faults.Harness{harness("kill", sound(), errors.New("no disk"))}, true, false, "VOID"},
		"a failure":       {[]faults.Harness{harness("kill", failed, os.ErrPermission)}, true, false, "FAILED"},
	} {
		var out strings.Builder
		err := faults.Runner{Out: &out, Size: faults.Probe, Smoke: tt.smoke}.Run(t.Context(), tt.list)
		if (err == nil) != tt.good || !strings.Contains(out.String(), tt.words) {
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
	}
}

func TestSelect(t *testing.T) {
	all := []faults.Harness{{Name: "kill-sqlite"}, {Name: "kill-postgres"}, {Name: "model"}}
	for names, want := range map[string]int{"": 3, "kill": 2, "kill-sqlite": 1, "model,kill": 3, "mod": -1, "model,": -1} {
		got, err := faults.Select(all, names)
		if (err != nil) != (want < 0) || err == nil && len(got) != want {
			t.Errorf("%q: %d harnesses, %v; want %d", names, len(got), err, want)
		}
	}
}

func TestSizesAddUp(t *testing.T) {
	var whole faults.Result
	for range 12 {
		part := faults.Result{Trials: 2}
		part.Fail("I1: gone")
		part.Record("requests", 3, 1)
		whole.Add(part)
	}
	if whole.Trials != 24 || whole.Failures != 12 || len(whole.First) != 10 || len(whole.Work) != 1 || whole.Work[0].Done != 36 || whole.Work[0].Least != 12 {
		t.Errorf("got %+v", whole)
	}
}

func TestControlRunsBesideItsHarness(t *testing.T) {
	run, control := make(chan struct{}), make(chan struct{})
	broken := errors.New("no disk")
	h := faults.Harness{
		Run: func(context.Context, faults.Size, uint64) (faults.Result, error) {
			close(run)
			<-control
			return faults.Result{Trials: 7}, nil
		},
		Control: func(_ context.Context, size faults.Size, seed uint64) (faults.Control, error) {
			close(control)
			<-run
			return faults.Control{What: fmt.Sprint(size, seed), Failed: true}, broken
		},
	}
	res, err := h.Try(t.Context(), faults.Full, 42)
	if !errors.Is(err, broken) || res.Trials != 7 || res.Control.What != "full 42" || !res.Control.Failed {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestProbeRunsNoControl(t *testing.T) {
	h := faults.Harness{
		Run: func(context.Context, faults.Size, uint64) (faults.Result, error) {
			return faults.Result{Trials: 1}, nil
		},
		Control: func(context.Context, faults.Size, uint64) (faults.Control, error) {
			t.Error("it was tried")
			return faults.Control{}, nil
		},
	}
	if res, err := h.Try(t.Context(), faults.Probe, 1); err != nil || res.Trials != 1 {
		t.Errorf("got %+v, %v", res, err)
	}
}

// A control that depends on chance is tried until it fails; one that never fails makes a result
// void.
func TestControlRunsUntilItFails(t *testing.T) {
	var seeds []uint64
	atThe := func(n uint64) func(context.Context, uint64) (faults.Result, error) {
		seeds = nil
		return func(_ context.Context, seed uint64) (res faults.Result, err error) {
			seeds = append(seeds, seed)
			if seed == n {
				res.Fail("I5: gone")
				err = errors.New("and it cannot continue")
			}
			return res, err
		}
	}
	c, err := faults.Until(t.Context(), "a bug", 5, 1, faults.FailsWith(atThe(3)))
	if err != nil || !c.Failed || c.What != "a bug" || c.Observed != "I5: gone" || len(seeds) != 3 {
		t.Errorf("%+v, %v, tried %v", c, err, seeds)
	}
	if c, err := faults.Until(t.Context(), "a bug", 5, 1, faults.FailsWith(atThe(9))); err != nil || c.Failed || len(seeds) != 5 {
		t.Errorf("%+v, %v, tried %v", c, err, seeds)
	}
	broken := func(context.Context, uint64) (faults.Result, error) { return faults.Result{}, errors.New("no disk") }
	if _, err := faults.Until(t.Context(), "a bug", 5, 1, faults.FailsWith(broken)); err == nil {
		t.Error("a harness that cannot run counts as a passed control")
	}
}

// A late result is a failure, but not if other programs kept the machine busy.
func TestLate(t *testing.T) {
	var res faults.Result
	res.Late(faults.Measure(), "I12: slow")
	if len(res.First)+len(res.VoidReasons) != 1 || !strings.Contains(strings.Join(slices.Concat(res.First, res.VoidReasons), ""), "I12: slow") {
		t.Errorf("%+v", res)
	}
}
