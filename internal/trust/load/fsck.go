package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"

	"github.com/simferry/simferry/internal/trust/proc"
)

// Fsck has the program check the database, and tells each check that failed.
func Fsck(ctx context.Context, binary, database string, fail func(format string, args ...any)) error {
	out, err := proc.Run(ctx, binary, "fsck", "--database", database, "--output", "json")
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return err
	}
	var report struct {
		Checks []struct {
			Invariant, Name string
			OK              bool
			Faults          int
			First           []struct{ What string }
		}
	}
	if decoding := json.NewDecoder(bytes.NewReader(out)).Decode(&report); decoding != nil || len(report.Checks) == 0 {
		return fmt.Errorf("fsck printed no report: %w: %s", errors.Join(err, decoding), out)
	}
	for _, c := range report.Checks {
		if !c.OK && len(c.First) > 0 {
			fail("%s: fsck: %s: %d times not, first: %s", c.Invariant, c.Name, c.Faults, c.First[0].What)
		} else if !c.OK {
			fail("%s: fsck: %s", c.Invariant, c.Name)
		}
	}
	return nil
}
