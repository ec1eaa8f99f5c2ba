package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Harness tries to break the promises of docs/reliability.md in one way.
type Harness struct {
	Name    string // as in the flag -only, such as kill-sqlite
	Summary string // one sentence, for -list
	Run     func(ctx context.Context, size Size, seed uint64) (Result, error)

	// Control runs the harness on a program with a planted bug. It is nil if Run has a control of
	// its own.
	Control func(ctx context.Context, size Size, seed uint64) (Control, error)
}

// Try runs the harness and its control at the same time, because most of them wait a lot. A
// probe has no control.
func (h Harness) Try(ctx context.Context, size Size, seed uint64) (Result, error) {
	if h.Control == nil || size == Probe {
		return h.Run(ctx, size, seed)
	}
	var control Control
	var failed error
	var beside sync.WaitGroup
	beside.Go(func() { control, failed = h.Control(ctx, size, seed) })
	res, err := h.Run(ctx, size, seed)
	beside.Wait()
	res.Control = control
	return res, errors.Join(err, failed)
}

// Size is how much a harness does.
type Size int

// The sizes. Probe is the smallest at which the harness still finds a bug that was put in on
// purpose (see package mutants). It runs without a control.
const (
	CI Size = iota
	Full
	Probe
)

func (s Size) String() string { return [...]string{"CI", "full", "probe"}[s] }

// Of picks the number for the size. If probe is 0, a probe takes a tenth of CI's.
func (s Size) Of(ci, full, probe int) int {
	n := [...]int{CI: ci, Full: full, Probe: probe}[s]
	if n == 0 && s == Probe {
		n = max(1, ci/10)
	}
	return n
}

// Result is what a harness found. An error beside it means that the harness itself could not
// work; faults of the product are Failures.
type Result struct {
	Trials      int
	Failures    int
	First       []string // the first failures, each naming its invariant
	VoidReasons []string // reasons why a result without failures is void
	Notes       []string // remarks
	Work        []Work
	Control     Control
}

// Work is how much of something was done. Below Least the result is void: a harness that has sent
// hardly any requests proves nothing.
type Work struct {
	What        string
	Done, Least int
}

// Control is a run that must fail, because its program or setup has a planted fault.
type Control struct {
	What     string // the fault
	Failed   bool   // it failed, as it must
	Observed string // what it reported, in short
}

// shown bounds the failures that are kept: the first ones matter.
const shown = 10

// Fail records one failure.
func (r *Result) Fail(format string, args ...any) {
	r.Failures++
	if len(r.First) < shown {
		r.First = append(r.First, fmt.Sprintf(format, args...))
	}
}

// Record records work and the least amount that counts.
func (r *Result) Record(what string, done, least int) {
	r.Work = append(r.Work, Work{what, done, least})
}

// Add merges the trials, failures and work of another part of the same harness. Work of the
// same name adds up, and so does its minimum.
func (r *Result) Add(part Result) {
	r.Trials += part.Trials
	r.Failures += part.Failures
	r.First = append(r.First, part.First...)
	r.First = r.First[:min(len(r.First), shown)]
	r.VoidReasons = append(r.VoidReasons, part.VoidReasons...)
	for _, w := range part.Work {
		r.addWork(w)
	}
}

func (r *Result) addWork(w Work) {
	for i := range r.Work {
		if r.Work[i].What == w.What {
			r.Work[i].Done += w.Done
			r.Work[i].Least += w.Least
			return
		}
	}
	r.Work = append(r.Work, w)
}

// ParseSize parses a size as String formats it.
func ParseSize(text string) (Size, error) {
	for _, s := range []Size{CI, Full, Probe} {
		if s.String() == text {
			return s, nil
		}
	}
	return 0, fmt.Errorf("there is no size %q: use CI, full or probe", text)
}
