package faults

import (
	"errors"
	"fmt"
	"strings"
)

// Verdict is what a Result amounts to.
type Verdict string

// The verdicts. Only Passed is good: a void harness has shown nothing. NotRun is a harness that
// this machine cannot run; a smoke run continues without it, and says so.
const (
	Passed Verdict = "ok"
	Failed Verdict = "FAILED"
	Void   Verdict = "VOID"
	NotRun Verdict = "NOT RUN"
)

// ErrCannotRun is in the chain of a harness's error if this machine, or this clone, lacks
// something that the harness needs.
var ErrCannotRun = errors.New("it cannot run here")

// Judge returns the verdict on a result of a size, and why it is void.
func (r Result) Judge(size Size) (Verdict, string) {
	if r.Failures > 0 {
		return Failed, ""
	}
	if len(r.VoidReasons) > 0 {
		return Void, strings.Join(r.VoidReasons[:min(len(r.VoidReasons), shown)], "; ")
	}
	if r.Trials == 0 {
		return Void, "nothing was tried"
	}
	if len(r.Work) == 0 {
		return Void, "no work was counted"
	}
	for _, w := range r.Work {
		if w.Done < w.Least {
			return Void, fmt.Sprintf("%s: %d, want at least %d", w.What, w.Done, w.Least)
		}
	}
	switch {
	case size == Probe:
	case r.Control.What == "":
		return Void, "there was no control"
	case !r.Control.Failed:
		return Void, "the control found nothing wrong: " + r.Control.What
	}
	return Passed, ""
}

// Bound returns the failure rate that is excluded at 95 % after n trials without a failure, by the
// rule of three. It is 1 without trials.
func Bound(n int) float64 {
	if n <= 3 {
		return 1
	}
	return 3 / float64(n)
}

// bound formats the rate in per cent.
func (r Result) bound() string {
	if r.Failures > 0 {
		return "no bound"
	}
	return fmt.Sprintf("failure rate < %.3g %% (95 %%)", 100*Bound(r.Trials))
}

// words returns the parts of the one line that reports a result.
func (r Result) words() []string {
	parts := []string{fmt.Sprintf("%d trials", r.Trials), fmt.Sprintf("%d failures", r.Failures), r.bound()}
	for _, w := range r.Work {
		parts = append(parts, fmt.Sprintf("%d %s (least %d)", w.Done, w.What, w.Least))
	}
	if r.Control.What != "" {
		parts = append(parts, "control: "+r.Control.words())
	}
	return parts
}

func (c Control) words() string {
	text := c.What + " failed as it must"
	if !c.Failed {
		text = c.What + " DID NOT FAIL"
	}
	if c.Observed != "" {
		text += " (" + strings.Join(strings.Fields(c.Observed), " ") + ")"
	}
	return text
}

// Clip shortens what a control saw, so that a result stays one line.
func Clip(s string) string {
	const most = 120
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
