package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"github.com/simferry/simferry/internal/test/faults/proc"
)

// Fsck runs the program's check of the database and reports each check that failed. If the
// database does not respond in time it tries again: other work on the machine is not a finding.
func Fsck(ctx context.Context, binary, database string, fail func(format string, args ...any)) error {
	var found report
	var err error
	for range 3 {
		if found, err = fsck(ctx, binary, database); err == nil || ctx.Err() != nil {
			break
		}
	}
	for _, c := range found.Checks {
		if !c.OK && len(c.First) > 0 {
			fail("%s: fsck: %s: %d times not, first: %s", c.Invariant, c.Name, c.Faults, c.First[0].What)
		} else if !c.OK {
			fail("%s: fsck: %s", c.Invariant, c.Name)
		}
	}
	return err
}

// report is what simferry fsck --output json prints.
type report struct {
	Checks []struct {
		Invariant, Name string
		OK              bool
		Faults          int
		First           []struct{ What string }
	}
}

func fsck(ctx context.Context, binary, database string) (found report, err error) {
	out, err := proc.Run(ctx, binary, "fsck", "--database", database, "--output", "json")
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return found, err
	}
	if decoding := json.NewDecoder(bytes.NewReader(out)).Decode(&found); decoding != nil || len(found.Checks) == 0 {
		return found, fmt.Errorf("fsck printed no report: %w: %s", errors.Join(err, decoding), out)
	}
	return found, nil
}
