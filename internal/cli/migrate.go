package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/cli/profile"
	"github.com/simferry/simferry/internal/fleet"
)

// migrateFlags are the flags of migrate; apply and resume have some of them.
type migrateFlags struct {
	profile  *string
	to       string
	selected selection
	statuses []string
	detach   bool
	dryRun   bool
	yes      bool
	conflict onConflict
	planFile string
	report   string
	output   *output
	parallel int
	chunk    int
	chunked  bool // chunk was given
	patience time.Duration
	files    outputFiles
	migrateJobFlags
}

// onConflict sets what happens to the other SIMs if some may not move, a pflag.Value.
type onConflict string

const (
	stop onConflict = "stop"
	skip onConflict = "skip"
)

func (o *onConflict) String() string { return string(*o) }
func (o *onConflict) Type() string   { return "stop|skip" }
func (o *onConflict) Set(s string) error {
	if s != string(stop) && s != string(skip) {
		return errors.New("must be stop or skip")
	}
	*o = onConflict(s)
	return nil
}

func migrateCommand(p Process) *cobra.Command {
	f := &migrateFlags{conflict: stop}
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Move any number of SIMs into a Workspace: preview, confirm, move",
		Long: `Move any number of SIMs into a Workspace. The command first makes a dry run of everything and shows
what would happen. After you confirm, the server moves the SIMs as a job. Ctrl-C leaves the job
running: 'simferry jobs watch' shows its progress, and 'simferry jobs cancel' ends it.

With a server that has no jobs, and with --on-client or --chunk, the command moves the SIMs itself,
500 per request. A journal on disk records what has moved: after Ctrl-C, a crash or a network
failure, 'simferry migrate resume' completes the run.

Name SIMs with any mix of --iccid, --iccid-range, --sim-id, --file and --filter. A file may be CSV,
text or a workbook (.xlsx). It has a column called iccid, or contains only ICCIDs, of 19 or 20
digits. If a line of it is not valid, nothing is moved.

Exit codes: 0 every SIM is in the target, or the job is scheduled (--at), 1 failed, 2 wrong usage,
3 refused and nothing moved, 4 some SIMs moved and some did not.`,
		Example: `  simferry migrate --to "Fleet FR" --file sims.csv --dry-run
  simferry migrate --to 200 --file sims.csv --detach --report moved.csv
  simferry migrate --to 200 --file sims.csv --at 'fri 22:00' --reference CHG-4711
  simferry migrate --to 200 --iccid-range 8988303000000001000..8988303000000001599 --yes
  simferry migrate --to 200 --from "Fleet DE" --filter status:suspended,endpoint:null
  cut -f 2 export.tsv | simferry migrate --to 200 --file - --on-conflict skip --yes --output json
  simferry migrate --to 200 --file sims.csv --plan tonight.plan && simferry migrate apply tonight.plan --yes`,
		Args: positional(),
	}
	f.profile = profileFlag(cmd, p)
	cmd.Flags().StringVar(&f.to, "to", "", "target Workspace, by id or name (required)")
	f.selected.flags(cmd)
	cmd.Flags().StringSliceVar(&f.statuses, "allow-status", nil, "let only SIMs with this status move; can be repeated: "+fleet.Keywords(fleet.SIMStatuses))
	cmd.Flags().BoolVar(&f.detach, "detach", false, "detach SIMs from their devices")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show the plan and move nothing")
	cmd.Flags().IntVar(&f.chunk, "chunk", bulk.MaxChunk, "SIMs per request of this command, at most 500; implies --on-client")
	cmd.Flags().StringVar(&f.planFile, "plan", "", "save the plan to this file for 'simferry migrate apply', and move nothing")
	f.runFlags(cmd)
	cmd.MarkFlagsMutuallyExclusive("plan", "dry-run")
	for _, name := range onlyJobs {
		cmd.MarkFlagsMutuallyExclusive("plan", name)
		cmd.MarkFlagsMutuallyExclusive("chunk", name)
	}
	completeMigrate(cmd, p, f)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f.chunked = cmd.Flags().Changed("chunk")
		return f.run(cmd.Context(), p)
	}
	cmd.AddCommand(applyCommand(p), resumeCommand(p), runsCommand(p))
	return cmd
}

// runFlags adds the flags of commands that move SIMs.
func (f *migrateFlags) runFlags(cmd *cobra.Command) {
	f.conflict = stop
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().Var(&f.conflict, "on-conflict", "if some SIMs may not move: stop and move none, or skip them")
	f.jobFlags(cmd)
	f.reportFlags(cmd)
}

// reportFlags adds the flags of new and resumed runs.
func (f *migrateFlags) reportFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.report, "report", "", "write the result of every SIM to this file, .csv or .json")
	f.output = outputFlag(cmd)
	cmd.Flags().IntVar(&f.parallel, "parallel", 4, "number of dry runs at the same time; reduced if the server asks for it")
	cmd.Flags().DurationVar(&f.patience, "patience", 5*time.Minute, "how long to wait for a server that does not respond")
}

func completeMigrate(cmd *cobra.Command, p Process, f *migrateFlags) {
	words := func(list ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
	}
	workspaces := func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return p.completeWorkspaces(cmd.Context(), *f.profile), cobra.ShellCompDirectiveNoFileComp
	}
	var statuses []string
	for _, s := range fleet.SIMStatuses {
		statuses = append(statuses, s.Keyword())
	}
	for name, complete := range map[string]cobra.CompletionFunc{
		"to": workspaces, "from": workspaces, "on-conflict": words(string(stop), string(skip)), "output": words(string(asTable), string(asJSON)),
		"allow-status": words(statuses...),
	} {
		_ = cmd.RegisterFlagCompletionFunc(name, complete) // it fails only for a flag that does not exist
	}
}

func (f *migrateFlags) run(ctx context.Context, p Process) error {
	if err := f.check(); err != nil {
		return err
	}
	wanted, err := f.selected.read(p)
	if err != nil {
		return err
	}
	if _, terminal := p.terminal(); !terminal && f.asks() {
		return usagef("there is no terminal to prompt on: use --yes, --dry-run or --plan")
	}
	if err := f.files.create(f.report, f.planFile, f.selected.files...); err != nil {
		return err
	}
	defer f.files.discard()
	s, err := f.open(p)
	if err != nil {
		return err
	}
	if s.terms.Target, err = s.workspace(ctx, "--to", f.to); err != nil {
		return err
	}
	if s.from, err = s.source(ctx); err != nil {
		return err
	}
	if err := s.chooseWay(ctx); err != nil {
		return err
	}
	plan, err := s.plan(ctx, wanted)
	if err != nil {
		return err
	}
	plan.From = s.from
	return s.showAndRun(ctx, plan)
}

// asks reports whether the command asks for confirmation.
func (f *migrateFlags) asks() bool { return !f.yes && !f.dryRun && f.planFile == "" }

func (f *migrateFlags) check() error {
	switch {
	case f.to == "":
		return usagef("simferry migrate needs --to")
	case f.chunk < 1 || f.chunk > bulk.MaxChunk:
		return usagef("--chunk: must be from 1 to %d", bulk.MaxChunk)
	}
	if _, err := f.allowed(); err != nil {
		return err
	}
	if err := f.checkRun(); err != nil {
		return err
	}
	return f.selected.check()
}

// checkRun checks the flags of reportFlags.
func (f *migrateFlags) checkRun() error {
	switch {
	case f.parallel < 1 || f.parallel > 32:
		return usagef("--parallel: must be from 1 to 32")
	case f.patience < 0:
		return usagef("--patience: must not be negative, as in 5m")
	}
	if f.at != "" {
		start, err := parseAt(f.at, time.Now())
		if err != nil {
			return err
		}
		f.start = start
	}
	return checkReport(f.report)
}

func (f *migrateFlags) allowed() ([]int64, error) { return allowedStatuses(f.statuses) }

// allowedStatuses returns the ids of the statuses that --allow-status names.
func allowedStatuses(words []string) (ids []int64, err error) {
	for _, text := range words {
		id, ok := fleet.ByKeyword(fleet.SIMStatuses, text)
		if !ok {
			return nil, usagef("--allow-status: must be one of %s", fleet.Keywords(fleet.SIMStatuses))
		}
		ids = append(ids, int64(id))
	}
	return ids, nil
}

// connection is a signed-in client, and what all requests of a run share.
type connection struct {
	client     *client.Client
	remote     *bulk.Remote
	throttle   *bulk.Throttle
	session    profile.Profile
	workspaces named // of the user; read when first needed
}

// migrateRun is one call of migrate, apply or resume.
type migrateRun struct {
	*migrateFlags
	connection
	process       Process
	screen        *screen
	terms         bulk.Terms
	from          *source // of --filter; nil without
	remainingSIMs int     // SIMs that --filter finds after the run
	byServer      bool    // a job of the server moves the SIMs
}

func (f *migrateFlags) open(p Process) (*migrateRun, error) {
	c, session, err := p.connect(*f.profile, client.WithRetry(client.NoRetry))
	if err != nil {
		return nil, err
	}
	allowed, err := f.allowed()
	if err != nil {
		return nil, err
	}
	screen := newScreen(p, f.output)
	throttle := &bulk.Throttle{Clock: client.SystemClock{}, Patience: f.patience, Parallel: f.parallel, Notify: screen.waiting}
	return &migrateRun{
		migrateFlags: f, process: p, screen: screen,
		connection: connection{client: c, remote: bulk.NewRemote(c), throttle: throttle, session: session},
		terms:      bulk.Terms{AllowedStatuses: allowed, DetachDevices: f.detach, Reference: f.reference, Reason: f.reason},
	}, nil
}

// showAndRun shows a plan, and carries it out as far as that is wanted and allowed.
func (s *migrateRun) showAndRun(ctx context.Context, plan *bulk.Plan) error {
	s.screen.printPlan(plan, s.conflict, s.wayWords(len(plan.Chunks)))
	state := bulk.NewState(plan)
	if s.planFile != "" {
		if err := s.savePlan(plan); err != nil {
			return err
		}
		s.screen.line("The plan is in %s. To carry it out: simferry migrate apply %s", s.planFile, s.planFile)
	}
	refused := len(plan.TargetReasons) > 0 || plan.Refused() && s.conflict == stop
	switch {
	case s.dryRun || s.planFile != "":
		code := bulk.ExitDone
		if plan.Refused() {
			code = bulk.ExitRefused
		}
		return s.finish(plan, state, "", true, code, nil)
	case refused:
		return s.finish(plan, state, "", false, bulk.ExitRefused, nil)
	case plan.Count() == 0:
		return s.finish(plan, state, "", false, state.ExitCode(), nil)
	}
	if err := s.confirm(ctx, plan.Count()); err != nil {
		return err
	}
	if s.byServer {
		return s.executeJob(ctx, plan)
	}
	return s.executeHere(ctx, plan)
}

// executeHere carries out a plan with requests of this command.
func (s *migrateRun) executeHere(ctx context.Context, plan *bulk.Plan) error {
	run, err := s.newRun(plan)
	if err != nil {
		return err
	}
	defer run.close()
	return s.execute(ctx, run, false)
}

// confirm asks the user to type the number of SIMs, which shows that the user has read the plan.
func (s *migrateRun) confirm(ctx context.Context, n int) error {
	if s.yes {
		return nil
	}
	typed, err := s.process.ask(ctx, fmt.Sprintf("\nType %d to move them, anything else to cancel: ", n))
	if err != nil {
		return fmt.Errorf("nothing was moved: %w", err)
	}
	if digits(typed) != fmt.Sprint(n) {
		return errors.New("nothing was moved: the number that you typed is not the number of SIMs")
	}
	return nil
}
