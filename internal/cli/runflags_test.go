package cli_test

import (
	"strings"
	"testing"
)

// TestFlagsOfEveryRun gives wrong values to the flags that migrate, apply and resume share: each
// command refuses them before it reads anything.
func TestFlagsOfEveryRun(t *testing.T) {
	p := newPerson(t)
	for _, command := range [][]string{
		{"migrate", "--to", "200", "--sim-id", "1", "--yes"}, {"migrate", "apply", "no-such.plan", "--yes"}, {"migrate", "resume", "no-such-run"},
	} {
		for flag, message := range map[string]string{
			"--parallel=0": "from 1 to 32", "--parallel=-1": "from 1 to 32", "--parallel=33": "from 1 to 32", "--parallel=x": "--parallel",
			"--patience=-1s": "--patience", "--patience=5": "--patience", "--report=x.txt": "--report", "--output=xml": "--output",
		} {
			got := p.run("", append(append([]string(nil), command...), flag)...)
			if got.code != 2 || !strings.Contains(got.errors, message) {
				t.Errorf("%v %s: %d %s", command, flag, got.code, got.errors)
			}
		}
	}
}
