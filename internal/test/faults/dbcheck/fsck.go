package dbcheck

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/test/faults/proc"
)

// Check checks a database, in this process, and describes each check that failed. Servers may be at
// work.
func Check(ctx context.Context, url string) (wrong []string, err error) {
	s, err := store.Inspect(ctx, url, store.Options{MaxConns: 2})
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }() // read-only
	return CheckStore(ctx, s)
}

// CheckStore does the same with a store that is open.
func CheckStore(ctx context.Context, s *store.Store) (wrong []string, err error) {
	err = s.View(ctx, func(tx *store.Tx) error {
		report, err := fsck.Run(ctx, tx)
		wrong = describe(report)
		return err
	})
	return wrong, err
}

func describe(report fsck.Report) (list []string) {
	for _, c := range report.Checks {
		if c.OK() {
			continue
		}
		first := make([]string, 0, len(c.First))
		for _, f := range c.First {
			first = append(first, f.String())
		}
		list = append(list, fmt.Sprintf("%s: fsck: not so: %s: %d times, %.300s", c.Invariant, c.Name, c.Faults, strings.Join(first, "; ")))
	}
	slices.SortFunc(list, cmp.Compare[string])
	return list
}

// Fsck runs the program's own command, as an operator does after a crash, and reports each check
// that failed. If the database does not respond in time it tries again: other work on the machine
// is not a finding.
func Fsck(ctx context.Context, binary, url string, fail func(format string, args ...any)) error {
	var found report
	var err error
	for range 3 {
		if found, err = runFsck(ctx, binary, url); err == nil || ctx.Err() != nil {
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

func runFsck(ctx context.Context, binary, url string) (found report, err error) {
	out, err := proc.Run(ctx, binary, "fsck", "--database", url, "--output", "json")
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return found, err
	}
	if decoding := json.NewDecoder(bytes.NewReader(out)).Decode(&found); decoding != nil || len(found.Checks) == 0 {
		return found, fmt.Errorf("fsck printed no report: %w: %s", errors.Join(err, decoding), out)
	}
	return found, nil
}
