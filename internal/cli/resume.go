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
		Short: "Carry out a saved plan: exactly that",
		Long: `Carry out a plan that 'simferry migrate --plan FILE' has saved. It is compared with how the SIMs are now, and each one
that has changed since is refused by name; with --on-conflict skip the others move.`,
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
	if err := checkReport(f.report); err != nil {
		return err
	}
	plan, err := bulk.LoadPlan(file)
	if err != nil {
		return err
	}
	if _, terminal := p.terminal(); !terminal && f.asks() {
		return usagef("there is no terminal to ask on: use --yes")
	}
	if err := f.files.create(f.report, "", file); err != nil {
		return err
	}
	defer f.files.discard()
	s, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	if plan.Server != s.server {
		return fmt.Errorf("the plan was made for %s, and the profile %s is for %s: use --profile", plan.Server, *f.profile, s.server)
	}
	s.terms = plan.Terms
	again := bulk.Planner{Server: s.remote, Pace: s.pace, Terms: plan.Terms, Progress: s.screen.planning}
	plan, err = again.Confirm(ctx, plan)
	s.screen.planned()
	if err != nil {
		return err
	}
	return s.proceed(ctx, plan)
}

func resumeCommand(p Process) *cobra.Command {
	f := &migrateFlags{}
	cmd := &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Complete a run that was interrupted",
		Long: `Complete a run that was interrupted, by whatever it was. What has moved stays moved and is not sent again; where nobody knows
whether a request was carried out, the SIMs are read back first.

SIMs that were refused on the way are tried once more: a role may have been given back since, or a SIM taken out of
its device. Name the RUN for that if it is complete otherwise.

Without RUN it is the only one that is not complete. 'simferry migrate runs' lists them. A run is resumed on the
machine, and by the user, that began it: its journal is there.`,
		Example: `  simferry migrate resume
  simferry migrate resume 20261122-140312-k7qd --report moved.csv`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			runs, _ := p.allRuns()
			return unfinished(runs), cobra.ShellCompDirectiveNoFileComp
		},
	}
	f.reportFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.resume(cmd.Context(), p, args) }
	return cmd
}

func (f *migrateFlags) resume(ctx context.Context, p Process, args []string) error {
	if err := checkReport(f.report); err != nil {
		return err
	}
	id, err := p.chosenRun(args)
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
	s, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	if r.plan.Server != s.server {
		return fmt.Errorf("run %s is one of %s, and the profile %s is for %s now", r.id, r.plan.Server, r.info.Profile, s.server)
	}
	s.terms, s.from = r.plan.Terms, r.info.From
	t := r.state.Tally()
	s.screen.line("Run %s to %s: %s of %s SIMs have moved so far.", r.id, target(r.plan), thousands(t.Moved), thousands(r.plan.Count()))
	return s.carryOut(ctx, r, true)
}

// chosenRun is the run that is named, or the only one there is to complete; "" for none.
func (p Process) chosenRun(args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	runs, err := p.allRuns()
	if err != nil {
		return "", err
	}
	if len(runs) == 0 {
		dir, _ := p.runsDir() // it was found a moment ago
		return "", fmt.Errorf("this machine has no runs of yours (in %s): a run is resumed on the machine, and by the user, that began it", dir)
	}
	open := unfinished(runs)
	switch len(open) {
	case 0:
		return "", p.nothingToResume(runs)
	case 1:
		return open[0], nil
	}
	return "", usagef("several runs are not complete, name one: %s", strings.Join(open, ", "))
}

// nothingToResume says so, and which run has SIMs that could be tried again.
func (p Process) nothingToResume(runs []*run) error {
	_, err := fmt.Fprintln(p.Stdout, "Nothing to resume: every run of this machine is complete.")
	for _, r := range runs {
		if n := r.state.Refused(); n > 0 && err == nil {
			_, err = printf(p.Stdout, "Run %s had %s %s refused. To try %s again, once the reason is gone: simferry migrate resume %s\n",
				r.id, thousands(n), plural(n, "SIM", "SIMs"), plural(n, "it", "them"), r.id)
		}
	}
	return err
}

// allRuns reads every run with its journal, the latest first.
func (p Process) allRuns() (runs []*run, err error) {
	ids, err := p.runIDs()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		r, err := p.readRun(id)
		if err == nil {
			err = r.peek()
		}
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// unfinished are the ids of the runs that are not complete.
func unfinished(runs []*run) (open []string) {
	for _, r := range runs {
		if !r.state.Done() {
			open = append(open, r.id)
		}
	}
	return open
}

// carryOut executes the rest of a run and reports on it.
func (s *shipping) carryOut(ctx context.Context, r *run, resumed bool) error {
	s.screen.begin(r)
	runner := bulk.Runner{
		Server: s.remote, Pace: s.pace, Plan: r.plan, State: r.state, Journal: r.journal,
		Skip: s.conflict == skip, Progress: s.screen.moved, Surveying: s.screen.surveying,
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
		code, err = s.lookAgain(ctx, r.state, code)
	}
	return s.finish(r.plan, r.state, r.dir, false, code, err)
}
