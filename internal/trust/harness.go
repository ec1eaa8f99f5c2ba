package trust

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Harness is one way of trying to break the promises.
type Harness struct {
	Name string // as -only takes it: kill-sqlite
	Does string // one sentence, for -list
	Run  func(ctx context.Context, size Size, seed uint64) (Result, error)

	// Control does the same to what is broken on purpose. It is nil where Run has a control
	// of its own.
	Control func(ctx context.Context, size Size, seed uint64) (Control, error)
}

// Try runs the harness and its control at the same time, since most wait a good deal. A
// probe has no control.
func (h Harness) Try(ctx context.Context, size Size, seed uint64) (Result, error) {
	if h.Control == nil || size == Probe {
		return h.Run(ctx, size, seed)
	}
	var control Control
	var broken error
	var beside sync.WaitGroup
	beside.Go(func() { control, broken = h.Control(ctx, size, seed) })
	res, err := h.Run(ctx, size, seed)
	beside.Wait()
	res.Control = control
	return res, errors.Join(err, broken)
}

// Size is how much a harness does.
type Size int

// The sizes. A Probe is for a planted bug: as small as still finds it, without a control.
const (
	CI Size = iota
	Full
	Probe
)

func (s Size) String() string { return [...]string{"CI", "full", "probe"}[s] }

// Of chooses a number by the size. A probe that says 0 takes a tenth of CI's.
func (s Size) Of(ci, full, probe int) int {
	n := [...]int{CI: ci, Full: full, Probe: probe}[s]
	if n == 0 && s == Probe {
		n = max(1, ci/10)
	}
	return n
}

// Result is what a harness has seen. An error beside it means that the harness itself
// could not work; what it found wrong with the product are Failures.
type Result struct {
	Trials   int
	Failures int
	First    []string // the first failures, in words, each naming its invariant
	Doubts   []string // what shows nothing, and makes the result void where there is no failure
	Notes    []string // what else is worth a line
	Work     []Work
	Control  Control
}

// Work is how much of something was done. Below Least the result is void: a harness that
// hardly asked anything has shown nothing.
type Work struct {
	What        string
	Done, Least int
}

// Control is a run that must fail, because something is wrong on purpose.
type Control struct {
	What   string // what is wrong
	Failed bool   // it failed, as it must
	Saw    string // what it reported, in few words
}

// shown bounds the failures that are told: the first ones matter.
const shown = 10

// Fail notes one failure.
func (r *Result) Fail(format string, args ...any) {
	r.Failures++
	if len(r.First) < shown {
		r.First = append(r.First, fmt.Sprintf(format, args...))
	}
}

// Did notes work and the least of it that counts.
func (r *Result) Did(what string, done, least int) {
	r.Work = append(r.Work, Work{what, done, least})
}

// Add takes the trials, failures and work of another part of the same harness over. Work
// of the same name adds up, the minimum as well.
func (r *Result) Add(part Result) {
	r.Trials += part.Trials
	r.Failures += part.Failures
	r.First = append(r.First, part.First...)
	r.First = r.First[:min(len(r.First), shown)]
	r.Doubts = append(r.Doubts, part.Doubts...)
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

// ParseSize reads a size as String writes it.
func ParseSize(text string) (Size, error) {
	for _, s := range []Size{CI, Full, Probe} {
		if s.String() == text {
			return s, nil
		}
	}
	return 0, fmt.Errorf("there is no size %q: use CI, full or probe", text)
}
