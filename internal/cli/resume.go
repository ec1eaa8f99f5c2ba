package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

func applyCommand(p Process) *cobra.Command {
	f := &migrateFlags{}
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Carry out a saved plan",
		Long: `Carry out a plan that 'simferry migrate --plan FILE' has saved. The command compares the plan with
the present state of the SIMs. If SIMs have changed, it names them and moves nothing; with
--on-conflict skip it moves the others.`,
		Example: `  simferry migrate apply tonight.plan
  simferry migrate apply tonight.plan --yes --on-conflict skip --report moved.csv`,
		Args: positional("FILE"),
	}
	f.profile = profileFlag(cmd, p)
	f.runFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.apply(cmd.Context(), p, args[0]) }
	return cmd
}

func (f *migrateFlags) apply(ctx context.Context, p Process, file string) error {
	if err := f.checkRun(); err != nil {
		return err
	}
	plan, err := bulk.LoadPlan(file)
	if err != nil {
		return err
	}
	if _, terminal := p.terminal(); !terminal && f.asks() {
		return usagef("there is no terminal to prompt on: use --yes")
	}
	if err := f.files.create(f.report, "", file); err != nil {
		return err
	}
	defer f.files.discard()
	s, err := f.open(p)
	if err != nil {
		return err
	}
	if plan.Server != s.session.Server {
		return fmt.Errorf("the plan was made for %s, but the profile %s is for %s: choose another with --profile", plan.Server, *f.profile, s.session.Server)
	}
	s.terms, s.from = plan.Terms, plan.From
	if err := s.chooseWay(ctx); err != nil {
		return err
	}
	again := bulk.Planner{Server: s.remote, Throttle: s.throttle, Terms: plan.Terms, Progress: s.screen.planProgress}
	plan, err = again.Confirm(ctx, plan)
	s.screen.endPlan()
	if err != nil {
		return err
	}
	return s.showAndRun(ctx, plan)
}

func resumeCommand(p Process) *cobra.Command {
	f := &migrateFlags{}
	cmd := &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Complete a run that was interrupted",
		Long: `Complete a run of this command that was interrupted: with a server without jobs, or with --on-client
or --chunk. A job of the server needs no resume. SIMs that have moved are not sent again. If the
response to a request was lost, the SIMs are read back first.

SIMs that were refused are tried again, because the reason may be gone: you may have the role again,
or the SIM may be out of its device. If the run is otherwise complete, name the RUN for this.

Without RUN the command resumes the only run that is not complete. 'simferry migrate runs' lists
them. Resume a run on the same machine and as the same user: its journal is stored there.`,
		Example: `  simferry migrate resume
  simferry migrate resume 20261122-140312-k7qd --report moved.csv`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			runs, _ := p.allRuns()
			return unfinishedRuns(runs), cobra.ShellCompDirectiveNoFileComp
		},
	}
	f.reportFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.resume(cmd.Context(), p, args) }
	return cmd
}

func (f *migrateFlags) resume(ctx context.Context, p Process, args []string) error {
	if err := f.checkRun(); err != nil {
		return err
	}
	id, err := p.selectRun(args)
	if err != nil || id == "" {
		return err
	}
	if err := f.files.create(f.report, ""); err != nil {
		return err
	}
	defer f.files.discard()
	r, err := p.openRun(id)
	if err != nil {
		return err
	}
	defer r.close()
	f.profile, f.conflict, f.yes = &r.info.Profile, r.info.OnConflict, true
	s, err := f.open(p)
	if err != nil {
		return err
	}
	if r.plan.Server != s.session.Server {
		return fmt.Errorf("run %s belongs to %s, but the profile %s is now for %s: sign in to the former with 'simferry login'", r.id, r.plan.Server, r.info.Profile, s.session.Server)
	}
	s.terms, s.from = r.plan.Terms, r.info.From
	t := r.state.Tally()
	s.screen.line("Run %s to %s: %s of %s SIMs have moved so far.", r.id, target(r.plan), thousands(t.Moved), thousands(r.plan.Count()))
	return s.execute(ctx, r, true)
}

// selectRun returns the run that is named, or the only one there is to complete; "" for none.
func (p Process) selectRun(args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	runs, err := p.allRuns()
	if err != nil && len(unfinishedRuns(runs)) == 0 {
		return "", err
	}
	if err != nil { // the others can be resumed
		_, _ = printf(p.Stderr, "simferry: %s\n", indented(screenText(err)))
	}
	if len(runs) == 0 {
		dir, _ := p.runsDir() // it was found a moment ago
		return "", fmt.Errorf("there are no runs in %s: resume a run on the machine, and as the user, that started it; "+
			"jobs of the server need no resume ('simferry jobs list' shows them)", dir)
	}
	open := unfinishedRuns(runs)
	switch len(open) {
	case 0:
		return "", p.nothingToResume(runs)
	case 1:
		return open[0], nil
	}
	return "", usagef("several runs are not complete: name one of %s", strings.Join(open, ", "))
}

// nothingToResume reports that no run can be resumed, and names a run with SIMs to try again.
func (p Process) nothingToResume(runs []*run) error {
	_, err := fmt.Fprintln(p.Stdout, "Nothing to resume: every run of this machine is complete. Jobs of the server go on by themselves: simferry jobs list")
	for _, r := range runs {
		if n := r.state.Refused(); n > 0 && err == nil {
			_, err = printf(p.Stdout, "In run %s, %s %s refused. To try again when the reason is gone: simferry migrate resume %s\n",
				r.id, thousands(n), plural(n, "SIM was", "SIMs were"), r.id)
		}
	}
	return err
}

// allRuns reads every run with its journal, the latest first. Runs that cannot be read are left
// out; the error names them all.
func (p Process) allRuns() (runs []*run, err error) {
	ids, err := p.runIDs()
	if err != nil {
		return nil, err
	}
	var damaged []error
	for _, id := range ids {
		r, err := p.readRun(id)
		if err == nil {
			err = r.readJournal()
		}
		if err != nil {
			damaged = append(damaged, fmt.Errorf("run %s: %w", id, err))
			continue
		}
		runs = append(runs, r)
	}
	return runs, errors.Join(damaged...)
}

// unfinishedRuns returns the ids of the runs that are not complete.
func unfinishedRuns(runs []*run) (open []string) {
	for _, r := range runs {
		if !r.state.Done() {
			open = append(open, r.id)
		}
	}
	return open
}

// execute executes the rest of a run and reports on it.
func (s *migrateRun) execute(ctx context.Context, r *run, resumed bool) error {
	s.screen.begin(r)
	runner := bulk.Runner{
		Server: s.remote, Throttle: s.throttle, Plan: r.plan, State: r.state, Journal: r.journal,
		Skip: s.conflict == skip, Progress: s.screen.moveProgress, PreviewProgress: s.screen.previewProgress,
	}
	do := runner.Run
	if resumed {
		do = runner.Resume
	}
	err := do(ctx)
	s.screen.end()
	code := r.state.ExitCode()
	if err != nil && code == bulk.ExitDone {
		code = bulk.ExitError
	}
	if ctx.Err() != nil && err != nil {
		err = errors.New("interrupted")
	}
	if client.IsUnauthorized(err) {
		err = errors.Join(err, client.ErrSessionEnded)
	}
	if err == nil {
		code, err = s.checkFilterAgain(ctx, r.state.Verdicts(), code)
	}
	return s.finish(r.plan, r.state, r.dir, false, code, err)
}
