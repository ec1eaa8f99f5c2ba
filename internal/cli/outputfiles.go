package cli

import (
	"os"
	"path/filepath"

	"github.com/simferry/simferry/internal/cli/atomicfile"
)

// outputFiles are the files that a run writes because a flag asks for them.
type outputFiles struct {
	report *atomicfile.Pending // nil without --report
	plan   *atomicfile.Pending // nil without --plan
}

// create starts every output file, so that one that cannot be written is an error before
// anything moves. inputs are the files that the command reads: none of them may be
// replaced.
func (o *outputFiles) create(report, plan string, inputs ...string) (err error) {
	if report != "" && plan != "" && sameFile(report, plan) {
		return usagef("--report and --plan name the same file, %s: use two files", report)
	}
	for flag, name := range map[string]string{"--report": report, "--plan": plan} {
		for _, input := range inputs {
			if name != "" && sameFile(name, input) {
				return usagef("%s would replace %s, which is an input: use another file", flag, name)
			}
		}
	}
	if o.report, err = created("--report", report); err != nil {
		return err
	}
	if o.plan, err = created("--plan", plan); err != nil {
		o.discard()
	}
	return err
}

func created(flag, name string) (*atomicfile.Pending, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no file is asked for
	}
	p, err := atomicfile.Create(name)
	if err != nil {
		return nil, usagef("%s: %w", flag, err)
	}
	return p, nil
}

// discard removes what was started and never written.
func (o *outputFiles) discard() {
	o.report.Discard()
	o.plan.Discard()
}

// sameFile reports whether two names are those of one file, which need not exist.
func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	second, failed := os.Stat(b)
	if err == nil && failed == nil {
		return os.SameFile(first, second)
	}
	return filepath.Clean(a) == filepath.Clean(b)
}
