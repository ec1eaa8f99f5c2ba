package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
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
}

// ErrNotProved means that a harness failed, was void or could not run.
var ErrNotProved = errors.New("not proved")

// Run runs all harnesses, even after a failure, and returns ErrNotProved if one was not ok.
func (r Runner) Run(ctx context.Context, list []Harness) error {
	if len(list) == 0 {
		return fmt.Errorf("%w: there is no harness", ErrNotProved)
	}
	bad, start := 0, time.Now()
	for _, h := range list {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.one(ctx, h) != Passed {
			bad++
		}
	}
	r.say("%d of %d harnesses are ok, in %v altogether", len(list)-bad, len(list), time.Since(start).Round(time.Second))
	if bad > 0 {
		return fmt.Errorf("%w: %d of %d harnesses", ErrNotProved, bad, len(list))
	}
	return nil
}

func (r Runner) one(ctx context.Context, h Harness) Verdict {
	start, strain := time.Now(), Measure()
	res, err := h.Try(ctx, r.Size, r.Seed)
	took, busy := time.Since(start), strain.Busy()
	verdict, why := res.Judge(r.Size)
	if err != nil {
		// This is not a finding, and it shows nothing. Failures found before it count.
		why = "the harness could not work: " + err.Error()
		if verdict != Failed {
			verdict = Void
		}
	}
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
	if verdict != Passed {
		r.say("       again: go run ./internal/test/faults/cmd/trust -only %s -size %s -seed %d", h.Name, r.Size, r.Seed)
	}
	return verdict
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
