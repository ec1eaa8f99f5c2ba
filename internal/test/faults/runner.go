package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Runner runs harnesses one after the other, because each needs the whole machine for itself
// and its control. It reports each in one line.
type Runner struct {
	Out    io.Writer
	Commit string
	Size   Size
	Seed   uint64

	// Smoke only tries whether the harnesses work: too little work is not an error, because CI
	// machines are busy, and neither is a harness that cannot run on this machine.
	Smoke bool
}

// ErrNotProved means that a harness failed, was void or could not run.
var ErrNotProved = errors.New("not proved")

// Run runs all harnesses, even after a failure, and returns ErrNotProved if one was not ok. In a
// smoke run, one that cannot run here is reported and does not count.
func (r Runner) Run(ctx context.Context, list []Harness) error {
	if len(list) == 0 {
		return fmt.Errorf("%w: there is no harness", ErrNotProved)
	}
	var bad, notRun []string
	start := time.Now()
	for _, h := range list {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch r.one(ctx, h) {
		case Passed:
		case NotRun:
			notRun = append(notRun, h.Name)
		default:
			bad = append(bad, h.Name)
		}
	}
	r.say("%d of %d harnesses are ok, in %v altogether", len(list)-len(bad)-len(notRun), len(list), time.Since(start).Round(time.Second))
	if len(notRun) > 0 {
		r.say("NOT RUN on this machine: %s", strings.Join(notRun, ", "))
	}
	if len(bad) > 0 {
		return fmt.Errorf("%w: %d of %d harnesses", ErrNotProved, len(bad), len(list))
	}
	return nil
}

func (r Runner) one(ctx context.Context, h Harness) Verdict {
	start, meter := time.Now(), Measure()
	res, err := h.Try(ctx, r.Size, r.Seed)
	took, busy := time.Since(start), meter.Busy()
	verdict, why := r.judge(res, err)
	parts := append([]string{fmt.Sprintf("seed %d", r.Seed), "commit " + r.Commit}, res.words()...)
	parts = append(parts, fmt.Sprintf("%.1f s with the processors %.0f %% busy", took.Seconds(), 100*busy))
	r.say("%-6s %-16s %-4s %s", verdict, h.Name, r.Size, strings.Join(parts, "; "))
	if why != "" {
		r.say("       %s: %s", h.Name, why)
	}
	for _, n := range res.Notes {
		r.say("       %s", n)
	}
	for _, f := range res.First {
		r.say("       %s: %s", h.Name, f)
	}
	if verdict != Passed && verdict != NotRun {
		r.say("       again: go run ./internal/test/faults/cmd/trust -only %s -size %s -seed %d", h.Name, r.Size, r.Seed)
	}
	return verdict
}

// judge returns the verdict on a run, and why it is void. An error is not a finding and shows
// nothing; failures found before it count.
func (r Runner) judge(res Result, err error) (verdict Verdict, why string) {
	verdict, why = res.Judge(r.Size)
	switch {
	case err == nil && r.Smoke && verdict == Void && res.Trials > 0:
		return Passed, "it works; a longer run would be void: " + why
	case err == nil:
		return verdict, why
	case r.Smoke && verdict != Failed && (errors.Is(err, ErrCannotRun) || errors.Is(err, os.ErrPermission)):
		return NotRun, err.Error()
	case verdict != Failed:
		verdict = Void
	}
	return verdict, "the harness could not work: " + err.Error()
}

func (r Runner) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Out, format+"\n", args...) // without a terminal the output is lost
}

// Select returns the harnesses that names lists, separated by commas: whole names, or the part
// before a dash (kill is kill-sqlite and kill-postgres). "" means all.
func Select(all []Harness, names string) ([]Harness, error) {
	if names == "" {
		return all, nil
	}
	var chosen []Harness
	for name := range strings.SplitSeq(names, ",") {
		n := len(chosen)
		for _, h := range all {
			if h.Name == name || strings.HasPrefix(h.Name, name+"-") {
				chosen = append(chosen, h)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("there is no harness %q", name)
		}
	}
	return chosen, nil
}
