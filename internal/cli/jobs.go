package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

func jobsCommands(p Process) *cobra.Command {
	cmd := group("jobs", "Watch and control the jobs of the server",
		jobsList(p), jobsShow(p), jobsSIMs(p), jobsWatch(p), jobsStart(p), jobsPause(p), jobsResume(p), jobsCancel(p), jobsRetry(p), jobsUndo(p))
	cmd.Long = `A job moves, activates or suspends any number of SIMs. The server executes it, so it goes on when
your terminal is closed, and every member of its Workspaces can watch it. 'simferry migrate' makes
one, and so do 'simferry sims activate' and 'simferry sims suspend'.`
	return cmd
}

func jobsList(p Process) *cobra.Command {
	l := lister[api.Job]{
		cmd: &cobra.Command{
			Use:   "list",
			Short: "List jobs, the latest first",
			Long: `List the jobs that you made, and those out of and into your Workspaces, the latest first.
Filters: id, state, kind, user, target_workspace, reference.`,
			Example: `  simferry jobs list
  simferry jobs list --filter state:running
  simferry jobs list --filter reference:CHG-4711 --output json`,
			Args: positional(),
		},
		page: func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.Job], error) {
			return c.Jobs(ctx, o)
		},
		columns: []column[api.Job]{
			{name: "id", of: func(j api.Job) any { return j.ID }},
			{name: "state", of: func(j api.Job) any { return stateWords(&j) }},
			{name: "kind", of: func(j api.Job) any { return kindWords(j.Kind) }},
			{name: "done", of: func(j api.Job) any { return thousands(jobCount(&j, client.VerdictDone)) }},
			{name: "sims", of: func(j api.Job) any { return thousands(j.SIMCount) }},
			{name: "to", of: func(j api.Job) any { return nameOf(j.TargetWorkspace) }},
			{name: "user", of: func(j api.Job) any { return j.User.Name }},
			{name: "created", of: func(j api.Job) any { return instant(j.CreatedAt.Time) }},
			{name: "reference", wide: true, of: func(j api.Job) any { return j.Reference }},
			{name: "reason", wide: true, of: func(j api.Job) any { return j.Reason }},
		},
	}
	return l.command(p)
}

func jobsSIMs(p Process) *cobra.Command {
	l := lister[api.JobSIM]{
		cmd: &cobra.Command{
			Use:   "sims ID",
			Short: "List the SIMs of a job with the verdict on each",
			Example: `  simferry jobs sims 12 --verdict refused
  simferry jobs sims 12 --output csv > verdicts.csv`,
			Args: positional("ID"),
		},
		columns: []column[api.JobSIM]{
			{name: "id", of: func(s api.JobSIM) any { return orEmpty(s.ID) }},
			{name: "iccid", of: func(s api.JobSIM) any { return s.ICCID + s.Identifier }},
			{name: "row", wide: true, of: func(s api.JobSIM) any { return orEmpty(int64(s.Row)) }},
			{name: "verdict", of: func(s api.JobSIM) any { return strings.ReplaceAll(s.Verdict, "_", " ") }},
			{name: "from", of: func(s api.JobSIM) any { return nameOf(s.SourceWorkspace) }},
			{name: "migration", of: func(s api.JobSIM) any {
				if s.Migration == nil || s.Migration.ID == nil {
					return ""
				}
				return int64(*s.Migration.ID)
			}},
			{name: "reasons", of: func(s api.JobSIM) any { return reasonWords(s.Errors) }},
		},
	}
	var verdict string
	cmd := l.command(p)
	cmd.Flags().StringVar(&verdict, "verdict", "", "only SIMs with this verdict: planned, done, refused, drifted, not_found or unchanged; several as refused|drifted")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := jobID(args[0])
		if err != nil {
			return err
		}
		if verdict != "" {
			l.options.Filter = strings.TrimPrefix(l.options.Filter+",verdict:"+verdict, ",")
		}
		l.page = func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[api.JobSIM], error) {
			return c.JobSIMs(ctx, id, o)
		}
		return l.run(cmd.Context())
	}
	return cmd
}

func orEmpty(n int64) any {
	if n == 0 {
		return ""
	}
	return n
}

func reasonWords(reasons []api.JobSIMReason) string {
	words := make([]string, len(reasons))
	for i, r := range reasons {
		words[i] = fmt.Sprintf("%s (%d)", r.Message, r.ErrorCode)
	}
	return strings.Join(words, "; ")
}

// jobID reads the argument ID of a command.
func jobID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usagef("%q is not the id of a job: 'simferry jobs list' shows the ids", text)
	}
	return id, nil
}

// jobCommand returns a command for one existing job.
func jobCommand(p Process, cmd *cobra.Command, do func(ctx context.Context, r *jobRun, id int64) error) *cobra.Command {
	cmd.Args = positional("ID")
	f := &jobFlags{profile: profileFlag(cmd, p), output: outputFlag(cmd)}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := jobID(args[0])
		if err != nil {
			return err
		}
		r, err := f.open(p)
		if err != nil {
			return err
		}
		return do(cmd.Context(), r, id)
	}
	return cmd
}

func jobsShow(p Process) *cobra.Command {
	return jobCommand(p, &cobra.Command{
		Use:     "show ID",
		Short:   "Show the state of a job and the number of SIMs by verdict",
		Example: "  simferry jobs show 12\n  simferry jobs show 12 --output json",
	}, func(ctx context.Context, r *jobRun, id int64) error {
		j, err := r.client.Job(ctx, id)
		if err != nil {
			return err
		}
		if *r.output == asJSON {
			return r.output.print(r.process.Stdout, answer{value: j.Job})
		}
		r.screen.printJob(j)
		return nil
	})
}

func jobsWatch(p Process) *cobra.Command {
	return jobCommand(p, &cobra.Command{
		Use:   "watch ID",
		Short: "Show the progress of a job until it ends",
		Long: `Show the progress of a job until it ends. Ctrl-C ends the command and leaves the job alone.

Exit codes: 0 every SIM is done, 1 failed or cancelled, 3 refused and nothing changed, 4 some SIMs
changed and some did not.`,
		Example: "  simferry jobs watch 12",
	}, func(ctx context.Context, r *jobRun, id int64) error { return r.watch(ctx, id) })
}

// jobStep returns a command that changes the state of a job and prints the new state.
func jobStep(p Process, use, short string, do func(context.Context, *client.Client, int64) (*client.Job, error)) *cobra.Command {
	name, _, _ := strings.Cut(use, " ")
	return jobCommand(p, &cobra.Command{Use: use, Short: short, Example: "  simferry jobs " + name + " 12"}, func(ctx context.Context, r *jobRun, id int64) error {
		j, err := do(ctx, r.client, id)
		if err != nil {
			return err
		}
		if *r.output == asJSON {
			return r.output.print(r.process.Stdout, answer{value: j.Job})
		}
		r.screen.line("Job %d is %s: %s of %s done.", j.ID, stateWords(&j.Job), thousands(j.Count(client.VerdictDone)), sims(j.SIMCount))
		return nil
	})
}

// newKey makes the writes of a command repeatable.
func newKey() client.WriteOption { return client.IdempotencyKey(client.NewIdempotencyKey()) }

func jobsPause(p Process) *cobra.Command {
	return jobStep(p, "pause ID", "Let no further chunk of a job begin", func(ctx context.Context, c *client.Client, id int64) (*client.Job, error) {
		return c.PauseJob(ctx, id, newKey())
	})
}

func jobsResume(p Process) *cobra.Command {
	return jobStep(p, "resume ID", "Continue a paused job", func(ctx context.Context, c *client.Client, id int64) (*client.Job, error) {
		return c.ResumeJob(ctx, id, newKey())
	})
}

func jobsCancel(p Process) *cobra.Command {
	return jobStep(p, "cancel ID", "End a job; SIMs that have moved are not moved back", func(ctx context.Context, c *client.Client, id int64) (*client.Job, error) {
		return c.CancelJob(ctx, id, newKey())
	})
}

// stateWords says what a job does, and for what it waits.
func stateWords(j *api.Job) string {
	words := strings.ReplaceAll(j.State, "_", " ")
	waits := j.StatusDetails.WaitingFor
	if waits == "" {
		return words
	}
	if known := waitWords[waits]; known != "" {
		return words + " for " + known
	}
	return words + " for " + strings.ReplaceAll(waits, "_", " ")
}

var waitWords = map[string]string{"start_time": "its start time", "window": "its window", "wave": "the next wave", "other_job": "another job"}

func kindWords(kind string) string { return strings.ReplaceAll(kind, "sim_status", "status") }

func jobCount(j *api.Job, verdict string) int { return (&client.Job{Job: *j}).Count(verdict) }

// printJob prints all that is known of a job.
func (s *screen) printJob(j *client.Job) {
	s.paragraph(0, "Job %d, %s%s, by %s.", j.ID, jobWords(&j.Job), referenceWords(&j.Job), j.User.Name)
	d := j.StatusDetails
	since := "since"
	if j.Ended() {
		since = "at"
	}
	line := fmt.Sprintf("%s %s %s UTC", stateWords(&j.Job), since, instant(d.At.Time))
	if d.Until != nil {
		line += fmt.Sprintf(", until %s UTC", instant(d.Until.Time))
	}
	if d.User != nil {
		line += ", by " + d.User.Name
	}
	s.paragraph(0, "%s.", capital(line))
	if d.Why != "" {
		s.paragraph(0, "%s.", capital(d.Why))
	}
	if j.ExpiresAt != nil && j.State == client.JobPlanned {
		s.paragraph(0, "The plan expires at %s UTC. To carry it out: simferry jobs start %d", instant(j.ExpiresAt.Time), j.ID)
	}
	if jobCount(&j.Job, client.VerdictDone) > 0 && j.Kind != "sim_status" {
		s.paragraph(0, "Its ledger entries: simferry migrations list --job %d", j.ID)
	}
	s.line("")
	s.table(countsTable(j))
}

func countsTable(j *client.Job) answer {
	a := answer{header: table.Row{"verdict", "sims"}}
	for _, c := range j.Counts {
		a.rows = append(a.rows, table.Row{strings.ReplaceAll(c.Verdict, "_", " "), thousands(c.Count)})
	}
	a.rows = append(a.rows, table.Row{"total", thousands(j.SIMCount)})
	return a
}

// jobWords says what a job does with its SIMs.
func jobWords(j *api.Job) string {
	n := sims(j.SIMCount)
	switch {
	case j.Undoes != nil && j.Undoes.ID != nil:
		return fmt.Sprintf("undo of job %d, %s", int64(*j.Undoes.ID), n)
	case j.TargetWorkspace != nil:
		return fmt.Sprintf("%s to %s", n, j.TargetWorkspace.Name)
	case j.Status != nil:
		return fmt.Sprintf("%s to be %s", n, j.Status.Description)
	}
	return n
}

func referenceWords(j *api.Job) string {
	words := ""
	if j.Reference != "" {
		words += ", " + j.Reference
	}
	if j.Reason != "" {
		words += fmt.Sprintf(" (%s)", j.Reason)
	}
	return words
}
