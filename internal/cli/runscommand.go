package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/cli/bulk"
)

func runsCommand(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List the runs on this machine and their progress",
		Long: `List the runs on this machine and their progress. If the files of a run are damaged, the command lists
the other runs, says what is damaged, and fails.`,
		Example: `  simferry migrate runs
  simferry migrate runs --output json`,
		Args: positional(),
	}
	form := outputFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		runs, damaged := p.allRuns()
		a := answer{header: table.Row{"run", "target", "sims", "moved", "already there", "refused", "left", "state"}}
		values := []map[string]any{}
		for _, r := range runs {
			id := r.id
			t := r.state.Tally()
			a.rows = append(a.rows, table.Row{id, target(r.plan), t.Total, t.Moved, t.AlreadyThere, t.Refused, t.NotMoved + t.Unknown, stateWord(r.state)})
			values = append(values, map[string]any{
				"run": id, "server": r.plan.Server, "target": r.plan.Terms.Target, "started": r.info.Started, "state": stateWord(r.state),
				"tally": t, "folder": r.dir, "report": filepath.Join(r.dir, reportFile),
			})
		}
		a.value = values
		return errors.Join(form.print(p.Stdout, a), damaged)
	}
	cmd.AddCommand(pruneCommand(p), runsUndo(p))
	return cmd
}

func stateWord(s *bulk.State) string {
	if s.Done() {
		return "complete"
	}
	return "to resume"
}

func pruneCommand(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete the files of old runs",
		Long: `Delete the files (plan, journal and report) of complete runs that were started some days ago. Runs
that are not complete are kept, unless --unfinished is given; then they can no longer be resumed.
The command moves no SIM.`,
		Example: `  simferry migrate runs prune
  simferry migrate runs prune --days 7 --dry-run`,
		Args: positional(),
	}
	days := cmd.Flags().Int("days", 30, "keep runs that were started within this many days")
	open := cmd.Flags().Bool("unfinished", false, "also delete runs that are not complete")
	dryRun := cmd.Flags().Bool("dry-run", false, "show what would be deleted, and delete nothing")
	cmd.RunE = func(*cobra.Command, []string) error {
		if *days < 0 {
			return usagef("--days: must be 0 or more")
		}
		runs, damaged := p.allRuns()
		before := time.Now().AddDate(0, 0, -*days)
		deleted, kept := 0, 0
		for _, r := range runs {
			if r.info.Started.After(before) || !r.state.Done() && !*open {
				kept++
				continue
			}
			if err := r.remove(*dryRun); err != nil {
				return err
			}
			deleted++
			_, _ = printf(p.Stdout, "%s  %s  %s\n", r.id, target(r.plan), stateWord(r.state))
		}
		verb := "deleted"
		if *dryRun {
			verb = "would be deleted"
		}
		_, err := printf(p.Stderr, "%d %s %s, %d kept.\n", deleted, plural(deleted, "run", "runs"), verb, kept)
		return errors.Join(err, damaged)
	}
	return cmd
}

// remove deletes the files of a run that no process is working on.
func (r *run) remove(dryRun bool) error {
	if dryRun {
		return nil
	}
	unlock, err := lockWithin(filepath.Join(r.dir, lockFile), time.Second)
	if err != nil {
		return fmt.Errorf("run %s: %w", r.id, err)
	}
	defer unlock()
	return os.RemoveAll(r.dir)
}
