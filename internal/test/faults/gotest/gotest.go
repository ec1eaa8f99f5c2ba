// Package gotest runs tests of the tree as a harness: it builds them with a mutation and
// reads their output.
package gotest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/test/faults"
)

// Program is the test program of one package.
type Program struct {
	file, dir string
}

// Build builds the tests of a package, named by its directory in the tree.
func Build(ctx context.Context, pkg string, mutation faults.Mutation) (Program, error) {
	file, err := faults.BuildTests(ctx, pkg, mutation)
	return Program{file, filepath.Join(faults.Root(), pkg)}, err
}

// Output is what a run printed.
type Output struct {
	Text   string
	Passed bool
}

// Run runs the tests that match. Arguments go to the program, env to its environment.
func (p Program) Run(ctx context.Context, match string, env []string, args ...string) (Output, error) {
	args = append([]string{"-test.v", "-test.timeout=0", "-test.run=" + match}, args...)
	cmd := exec.CommandContext(ctx, p.file, args...)
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return Output{}, errors.Join(err, ctx.Err())
	}
	out := Output{string(text), err == nil}
	if match != "^$" && strings.Contains(out.Text, "no tests to run") {
		return out, fmt.Errorf("no test matches %s", match)
	}
	return out, nil
}

// Sum adds up the numbers that stand before a word: "50 histories".
func (o Output) Sum(word string) int {
	sum := 0
	for _, m := range regexp.MustCompile(`(\d+) `+regexp.QuoteMeta(word)+`\b`).FindAllStringSubmatch(o.Text, -1) {
		n, _ := strconv.Atoi(m[1]) // digits
		sum += n
	}
	return sum
}

// failureLines matches the lines that say what went wrong. Lines of a later kind are only reported
// if there are none of an earlier kind. The last kind is failures that a helper reports.
var failureLines = []*regexp.Regexp{
	regexp.MustCompile(`^panic|\bI\d+: |differ|not linearizable|failed after`),
	regexp.MustCompile(`_test\.go:\d+: `),
	regexp.MustCompile(`^\s+[a-z_]+\.go:\d+: `),
}

// flaky matches rapid's report of a failure that it could not repeat: the seed of the check,
// and the failure.
var flaky = regexp.MustCompile(`(?s)\[rapid\] flaky test.*?(-rapid\.seed=\d+).*?Original traceback \((.*?)\):\n`)

// Judge records a failed run with the output of its tests. A run that calls itself void is an
// error, because it proves nothing.
func (o Output) Judge(r *faults.Result) error {
	if o.Passed {
		return nil
	}
	if void := regexp.MustCompile(`(?m)^.* void: .*$`).FindString(o.Text); void != "" && !strings.Contains(o.Text, "differ") {
		return errors.New(strings.TrimSpace(void))
	}
	if once := flaky.FindStringSubmatch(o.Text); once != nil {
		r.Fail("seen once, and not again with %s: %s", once[1], clip(once[2], 10*usual))
		return nil
	}
	for _, kind := range failureLines {
		if said := o.lines(kind); len(said) > 0 {
			r.Fail("%s", strings.Join(said, " | "))
			return nil
		}
	}
	r.Fail("%s", clip(o.Text[max(0, len(o.Text)-500):], usual))
	return nil
}

// lines returns the first lines of a kind.
func (o Output) lines(kind *regexp.Regexp) (said []string) {
	const most = 4
	for line := range strings.Lines(o.Text) {
		if kind.MatchString(line) && len(said) < most && !strings.Contains(line, "[rapid] OK") {
			said = append(said, clip(strings.TrimSpace(line), usual))
		}
	}
	return said
}

// usual is the length of a reported failure. One that cannot be repeated is reported at greater
// length.
const usual = 300

func clip(s string, most int) string {
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
