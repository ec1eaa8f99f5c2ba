package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// undoFlags are the flags of migrations undo.
type undoFlags struct {
	profile string
	id      string // of a migration
	run     string // or a run
	request client.UndoRequest
	dryRun  bool
	yes     bool
	output  *output
}

func migrationsUndo(p Process) *cobra.Command {
	f := &undoFlags{}
	cmd := &cobra.Command{
		Use:   "undo [ID]",
		Short: "Take a migration back: Workspace, status and device of every SIM",
		Long: `Move the SIMs of a migration back: into the Workspaces that they came from, to the status that they
had, and into the devices that they were in. The command shows what would happen, and asks. Then the
SIMs move, all or none of each migration.

A SIM that has changed since then blocks the undo. --keep-status ignores a changed status, --leave-devices
does not need the previous devices, --detach takes SIMs out of other devices, and --sim-id names the
SIMs that go back.

'simferry jobs undo' takes a whole job back. --run undoes every migration of a run of 'simferry
migrate' on this machine, the newest first.

Exit codes: 0 every SIM is back, 1 failed, 2 wrong usage, 3 refused and nothing moved, 4 some SIMs
moved and some did not.`,
		Example: `  simferry migrations undo 17 --dry-run
  simferry migrations undo 17 --reason "wrong customer" --reference CHG-4711
  simferry migrations undo 17 --sim-id 250,251 --leave-devices --yes
  simferry migrations undo --run 20261130-101500-ab12`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.run != "" {
				return positional()(cmd, args)
			}
			return positional("ID")(cmd, args)
		},
	}
	cmd.Flags().StringVar(&f.run, "run", "", "undo the migrations of this run; 'simferry migrate runs' lists them")
	cmd.Flags().Int64SliceVar(&f.request.SIMs, "sim-id", nil, "only these SIMs, by id; can be repeated")
	f.command(p, cmd, func(args []string) { f.id = append(args, "")[0] })
	cmd.MarkFlagsMutuallyExclusive("run", "sim-id")
	return cmd
}

// runsUndo returns migrations undo --run under the name migrate runs undo.
func runsUndo(p Process) *cobra.Command {
	f := &undoFlags{}
	cmd := &cobra.Command{
		Use:   "undo RUN",
		Short: "Take a run back: Workspace, status and device of every SIM",
		Long: `Undo every migration of a run on this machine, the newest first, as 'simferry migrations undo --run'
does. The command shows what would happen, and asks. A job of the server is taken back by 'simferry
jobs undo'.

Exit codes: 0 every SIM is back, 1 failed, 2 wrong usage, 3 refused and nothing moved, 4 some SIMs
moved and some did not.`,
		Example: `  simferry migrate runs undo 20261130-101500-ab12
  simferry migrate runs undo 20261130-101500-ab12 --reason "wrong customer" --yes`,
		Args: positional("RUN"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			ids, _ := p.runIDs()
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
	}
	f.command(p, cmd, func(args []string) { f.run = args[0] })
	return cmd
}

// command adds the flags that every undo has. The arguments are those of the command.
func (f *undoFlags) command(p Process, cmd *cobra.Command, arguments func(args []string)) {
	profileName := profileFlag(cmd, p)
	cmd.Flags().BoolVar(&f.request.KeepStatus, "keep-status", false, "do not restore the status; Activated becomes Suspended")
	cmd.Flags().BoolVar(&f.request.LeaveDevices, "leave-devices", false, "do not put SIMs back into their devices")
	cmd.Flags().BoolVar(&f.request.DetachDevices, "detach", false, "take SIMs out of the devices that they are in now")
	cmd.Flags().StringVar(&f.request.Reference, "reference", "", "such as a ticket number, kept in the ledger")
	cmd.Flags().StringVar(&f.request.Reason, "reason", "", "why, kept in the ledger")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show what would happen, and move nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask before moving")
	f.output = outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.profile = *profileName
		arguments(args)
		return f.do(cmd.Context(), p)
	}
}

func (f *undoFlags) do(ctx context.Context, p Process) error {
	ids, server, err := f.migrations(p)
	if err != nil {
		return err
	}
	if _, terminal := p.terminal(); !terminal && !f.yes && !f.dryRun {
		return usagef("there is no terminal to ask on: use --yes or --dry-run")
	}
	c, known, err := p.connect(f.profile)
	if err != nil {
		return err
	}
	if server != "" && server != known.Server {
		return usagef("run %s was on %s, but the profile is for %s: choose another with --profile", f.run, server, known.Server)
	}
	u := undoing{undoFlags: f, process: p, client: c, screen: newScreen(p, f.output)}
	if err := u.preview(ctx, ids); err != nil {
		return err
	}
	return u.proceed(ctx)
}

// migrations returns the ids to undo, the newest first, and the server of a run.
func (f *undoFlags) migrations(p Process) (ids []int64, server string, err error) {
	if f.run == "" {
		id, err := strconv.ParseInt(f.id, 10, 64)
		if err != nil || id < 1 {
			return nil, "", usagef("%q is not the id of a migration: 'simferry migrations list' shows the ids", f.id)
		}
		return []int64{id}, "", nil
	}
	r, err := p.openRun(f.run)
	if err != nil {
		return nil, "", err
	}
	defer r.close()
	for _, v := range r.state.Verdicts() {
		if v.Outcome == bulk.Moved && v.Ledger != 0 && !slices.Contains(ids, v.Ledger) {
			ids = append(ids, v.Ledger)
		}
	}
	if len(ids) == 0 {
		return nil, "", fmt.Errorf("run %s has moved no SIM that its server keeps in a ledger", f.run)
	}
	slices.SortFunc(ids, func(a, b int64) int { return cmp.Compare(b, a) })
	return ids, r.plan.Server, nil
}

// undoing is one call of migrations undo.
type undoing struct {
	*undoFlags
	process Process
	client  *client.Client
	screen  *screen
	ids     []int64 // of plans
	plans   []*client.Undo
	done    []*client.Undo
	before  []int64 // migrations that were undone before
	refused []undoRefusal
}

// undoRefusal is a migration that cannot be undone.
type undoRefusal struct {
	Migration int64                `json:"migration"`
	Errors    []api.ConflictReason `json:"errors"`
}

// preview asks the server what would happen to each migration.
func (u *undoing) preview(ctx context.Context, ids []int64) error {
	for _, id := range ids {
		req := u.request
		req.Migration = id
		plan, err := u.client.PreviewUndo(ctx, req)
		conflict, refused := errors.AsType[*client.ConflictError](err)
		switch {
		case refused && u.run != "" && onlyUndone(conflict):
			u.before = append(u.before, id)
		case refused:
			u.refused = append(u.refused, undoRefusal{id, conflict.Groups})
		case err != nil:
			return fmt.Errorf("migration %d: %w", id, err)
		default:
			u.ids, u.plans = append(u.ids, id), append(u.plans, plan)
		}
	}
	return nil
}

// onlyUndone reports whether all that is against an undo is that it has been done.
func onlyUndone(c *client.ConflictError) bool {
	return len(c.Groups) == 1 && c.Has(client.AlreadyUndone)
}

// proceed shows the plans, and carries them out if that is wanted and nothing is against it.
func (u *undoing) proceed(ctx context.Context) error {
	total := u.show()
	switch {
	case len(u.refused) > 0:
		u.screen.line("\nNo SIM moves while a migration cannot be undone.")
		return u.finish(bulk.ExitRefused, nil)
	case total == 0:
		u.screen.line("Nothing to do.")
		return u.finish(bulk.ExitDone, nil)
	case u.dryRun:
		return u.finish(bulk.ExitDone, nil)
	}
	if err := u.confirm(ctx, total); err != nil {
		return err
	}
	for i, plan := range u.plans {
		req := u.request
		req.Migration = u.ids[i]
		done, err := u.client.Undo(ctx, req, client.IfMatch(plan.ETag), client.IdempotencyKey(client.NewIdempotencyKey()))
		if err != nil {
			return u.stopped(req.Migration, err)
		}
		u.done = append(u.done, done)
		for _, m := range done.Migrations {
			u.screen.styled(green, "%s back in %s: migration %d.", sims(m.SIMCount), m.TargetWorkspace.Name, m.ID)
		}
	}
	return u.finish(bulk.ExitDone, nil)
}

// stopped ends a run whose next migration was not undone.
func (u *undoing) stopped(id int64, err error) error {
	code := bulk.ExitError
	conflict, refused := errors.AsType[*client.ConflictError](err)
	_, stale := errors.AsType[*client.StaleError](err)
	if refused {
		u.refused = append(u.refused, undoRefusal{id, conflict.Groups})
	}
	switch {
	case len(u.done) > 0:
		code = bulk.ExitPartly
	case refused || stale:
		code = bulk.ExitRefused
	}
	return u.finish(code, fmt.Errorf("migration %d was not undone: %w", id, err))
}

func (u *undoing) confirm(ctx context.Context, n int) error {
	if u.yes {
		return nil
	}
	typed, err := u.process.ask(ctx, fmt.Sprintf("\nType %d to move them back, anything else to cancel: ", n))
	if err != nil {
		return fmt.Errorf("nothing was moved: %w", err)
	}
	if digits(typed) != fmt.Sprint(n) {
		return errors.New("nothing was moved: the number that you typed is not the number of SIMs")
	}
	return nil
}

// show prints what would happen, and returns the number of SIMs.
func (u *undoing) show() (total int) {
	for _, id := range u.before {
		u.screen.line("Migration %d has been undone already.", id)
	}
	for i, plan := range u.plans {
		total += plan.SIMCount
		u.screen.line("Migration %d: %s", u.ids[i], undoWords(plan))
	}
	for _, r := range u.refused {
		u.screen.styled(red, "Migration %d cannot be undone:", r.Migration)
		for _, g := range r.Errors {
			u.screen.printReason(reason{g.ErrorCode, g.Text(), undoMentions(g)}, hint(g.ErrorCode))
		}
	}
	return total
}

func sims(n int) string { return thousands(n) + plural(n, " SIM", " SIMs") }

// undoWords describes what happens to the SIMs of a migration.
func undoWords(plan *client.Undo) string {
	active, attached := 0, 0
	for _, s := range plan.SIMs {
		if s.Status.ID != s.After.Status.ID && s.After.Status.Description == "Activated" {
			active++
		}
		if s.After.Endpoint != nil {
			attached++
		}
	}
	words := ""
	for i, m := range plan.Migrations {
		if i > 0 {
			words += ", "
		}
		words += fmt.Sprintf("%s back to %s", sims(m.SIMCount), m.TargetWorkspace.Name)
	}
	return words + fmt.Sprintf("; %s Activated again, %s into a device.", thousands(active), thousands(attached))
}

// undoMentions names the SIMs of a reason, each with what prevents it.
func undoMentions(g api.ConflictReason) []string {
	why := make(map[int64]string, len(g.Details))
	for _, d := range g.Details {
		switch {
		case d.Endpoint != nil:
			why[d.ID] = " (" + d.Endpoint.Name + ")"
		case d.UndoneBy != nil:
			why[d.ID] = fmt.Sprintf(" (by migration %d)", int64(*d.UndoneBy.ID))
		default:
			why[d.ID] = " (" + changeWords(d.Changes) + ")"
		}
	}
	names := make([]string, len(g.SIMs))
	for i, s := range g.SIMs {
		names[i] = s.ICCID + why[s.ID]
	}
	return names
}

func changeWords(changes []api.StaleChange) string {
	words := ""
	for i, c := range changes {
		if i > 0 {
			words += ", "
		}
		words += fmt.Sprintf("%s: %s → %s", c.Property, valueWord(c.Was), valueWord(c.Now))
	}
	return words
}

func valueWord(v *api.StaleValue) string {
	if v == nil {
		return "none"
	}
	return cmp.Or(v.Name, v.Description, fmt.Sprint(v.ID))
}

// finish prints the result for programs, and ends with a code.
func (u *undoing) finish(code int, err error) error {
	if *u.output == asJSON {
		value := map[string]any{
			"dry_run": u.dryRun, "exit_code": code, "planned": responses(u.plans), "undone": responses(u.done), "refused": u.refused, "undone_before": u.before,
		}
		if failed := u.output.print(u.process.Stdout, answer{header: table.Row{}, value: value}); failed != nil {
			return failed
		}
	}
	if code == bulk.ExitDone {
		return err
	}
	return &codeError{code, err}
}

func responses(list []*client.Undo) []api.UndoResponse {
	out := make([]api.UndoResponse, len(list))
	for i, u := range list {
		out[i] = u.UndoResponse
	}
	return out
}
