package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/iccidfile"
)

func jobsStart(p Process) *cobra.Command {
	f := &jobFlags{conflict: skip}
	cmd := jobCommand(p, &cobra.Command{
		Use:     "start ID",
		Short:   "Execute the plan of a job that was a dry run",
		Example: "  simferry jobs start 12\n  simferry jobs start 12 --yes --background",
	}, func(ctx context.Context, r *jobRun, id int64) error {
		if err := f.checkTerminal(p); err != nil {
			return err
		}
		r.yes, r.background, r.conflict = f.yes, f.background, f.conflict
		j, err := r.client.Job(ctx, id)
		if err != nil {
			return err
		}
		if j.State != client.JobPlanned {
			return fmt.Errorf("job %d is %s: only a job that is planned can be started", id, stateWords(&j.Job))
		}
		if err := r.showPlan(ctx, j); err != nil {
			return err
		}
		return r.start(ctx, j)
	})
	f.runFlags(cmd)
	return cmd
}

// makeJob creates a job, shows its plan, asks for confirmation, and watches it.
func makeJob(p Process, f *jobFlags, cmd *cobra.Command, create func(ctx context.Context, r *jobRun, args []string) (*client.Job, error)) *cobra.Command {
	f.profile, f.output = profileFlag(cmd, p), outputFlag(cmd)
	f.createFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := f.checkTerminal(p); err != nil {
			return err
		}
		r, err := f.open(p)
		if err != nil {
			return err
		}
		j, err := create(cmd.Context(), r, args)
		if err != nil {
			return err
		}
		return r.carryOut(cmd.Context(), j)
	}
	return cmd
}

func jobsRetry(p Process) *cobra.Command {
	f := &jobFlags{}
	return makeJob(p, f, &cobra.Command{
		Use:   "retry ID",
		Short: "Make a new job from the SIMs that a job did not change",
		Long: `Make a new job from the SIMs that an ended job did not change: they were refused, had changed, were
not found or were not reached. The plan is shown first.`,
		Example: "  simferry jobs retry 12\n  simferry jobs retry 12 --on-conflict skip --yes",
		Args:    positional("ID"),
	}, func(ctx context.Context, r *jobRun, args []string) (*client.Job, error) {
		id, err := jobID(args[0])
		if err != nil {
			return nil, err
		}
		return r.client.RetryJob(ctx, id, api.JobRetryRequest{
			OnConflict: api.Some(string(f.conflict)), Reference: someText(f.reference), Reason: someText(f.reason),
		}, newKey(), client.PreferWait(planWait))
	})
}

func jobsUndo(p Process) *cobra.Command {
	f := &jobFlags{}
	var keepStatus, leaveDevices, detach bool
	cmd := makeJob(p, f, &cobra.Command{
		Use:   "undo ID",
		Short: "Take a job back: Workspace, status and device of every SIM",
		Long: `Take back every change of an ended job, the newest first: each SIM gets its previous Workspace,
status and device. The plan is shown first. A SIM that has changed since is not changed.

Exit codes: 0 every SIM is back, 1 failed, 2 wrong usage, 3 refused and nothing changed, 4 some
SIMs are back and some are not.`,
		Example: `  simferry jobs undo 12 --dry-run
  simferry jobs undo 12 --reason "wrong customer" --on-conflict skip`,
		Args: positional("ID"),
	}, func(ctx context.Context, r *jobRun, args []string) (*client.Job, error) {
		id, err := jobID(args[0])
		if err != nil {
			return nil, err
		}
		return r.client.UndoJob(ctx, id, api.JobUndoRequest{
			OnConflict: api.Some(string(f.conflict)), RestoreStatus: api.Some(!keepStatus), RestoreDevices: api.Some(!leaveDevices),
			AutoDetachDevices: api.Some(detach), Reference: someText(f.reference), Reason: someText(f.reason),
		}, newKey(), client.PreferWait(planWait))
	})
	cmd.Flags().BoolVar(&keepStatus, "keep-status", false, "do not restore the status; Activated becomes Suspended")
	cmd.Flags().BoolVar(&leaveDevices, "leave-devices", false, "do not put SIMs back into their devices")
	cmd.Flags().BoolVar(&detach, "detach", false, "take SIMs out of the devices that they are in now")
	return cmd
}

// simsStatus returns the command that sets the status of any number of SIMs.
func simsStatus(p Process, use, short string, status int64) *cobra.Command {
	f := &jobFlags{}
	var selected selection
	var of ofJob
	cmd := makeJob(p, f, &cobra.Command{
		Use:   use,
		Short: short,
		Long: short + `. The server does it as a job: it goes on if you close the terminal.
Name SIMs with any mix of --iccid, --iccid-range, --sim-id, --file, --filter and --job. --except, --except-range,
--except-file and --except-sim-id leave SIMs out.`,
		Example: "  simferry sims " + use + " --filter endpoint:null --from \"Fleet FR\" --dry-run\n  simferry sims " + use + " --file sims.csv --yes\n  simferry sims " + use + " --job 12 --except-file stay.csv",
		Args:    positional(),
	}, func(ctx context.Context, r *jobRun, _ []string) (*client.Job, error) {
		if err := of.check(p, &selected); err != nil {
			return nil, err
		}
		wanted, err := selected.read(p)
		if err != nil {
			return nil, err
		}
		from, err := r.filterSource(ctx, selected)
		if err != nil {
			return nil, err
		}
		to := api.RefTo(status)
		j, err := r.client.CreateStatusJob(ctx, api.SIMStatusJobRequest{
			Status: &to, Select: of.add(jobSelect(wanted, from)), OnConflict: api.Some(string(f.conflict)),
			Reference: someText(f.reference), Reason: someText(f.reason),
		}, newKey(), client.PreferWait(planWait))
		if isTooLong(err) {
			return nil, usagef("%w: use --iccid-range or --filter, or several shorter lists", errTooLong)
		}
		return j, err
	})
	selected.flags(cmd)
	of.flags(cmd)
	return cmd
}

// ofJob selects the SIMs that another job has changed, and leaves SIMs out.
type ofJob struct {
	job    int64
	except []int64
	left   selection // the other exceptions: ICCIDs, ranges and files
	iccids []string  // of left, once they are read
	ranges []span
}

func (o *ofJob) flags(cmd *cobra.Command) {
	cmd.Flags().Int64Var(&o.job, "job", 0, "the SIMs that this job has changed, by its id")
	cmd.Flags().StringSliceVar(&o.left.iccids, "except", nil, "a SIM to leave out, by its ICCID; can be repeated")
	cmd.Flags().StringSliceVar(&o.left.ranges, "except-range", nil, "leave out every SIM from one ICCID to another, as A..B; can be repeated")
	cmd.Flags().StringArrayVar(&o.left.files, "except-file", nil, "a list of ICCIDs to leave out, like --file; can be repeated")
	cmd.Flags().Int64SliceVar(&o.except, "except-sim-id", nil, "a SIM to leave out, by its id; can be repeated")
}

// check refuses a selection without SIMs, and exceptions that cannot be. It reads their files.
func (o *ofJob) check(p Process, s *selection) error {
	if o.job < 0 {
		return usagef("--job: %d is not the id of a job: 'simferry jobs list' shows the ids", o.job)
	}
	for _, id := range o.except {
		if id < 1 {
			return usagef("--except-sim-id: %d is not the id of a SIM: use a whole number from 1", id)
		}
	}
	if err := o.readExcept(p); err != nil {
		return err
	}
	for flag, n := range map[string]int{"--except-sim-id": len(o.except), "--except and --except-file": len(o.iccids)} {
		if n > fleet.MaxSIMs {
			return usagef("%s name %d SIMs, but at most %d can be left out: use --except-range, or select the others instead", flag, n, fleet.MaxSIMs)
		}
	}
	err := s.check()
	if o.job != 0 && s.empty() && s.from == "" {
		return nil
	}
	return err
}

// readExcept reads the ICCIDs to leave out.
func (o *ofJob) readExcept(p Process) error {
	var list iccidfile.List
	for _, text := range o.left.iccids {
		if err := list.One("--except", text); err != nil {
			return usagef("--except: %w", err)
		}
	}
	for _, name := range o.left.files {
		if err := readFile(&list, p, name); err != nil {
			return err
		}
	}
	for _, n := range list.Numbers {
		o.iccids = append(o.iccids, string(n.ICCID))
	}
	for _, text := range o.left.ranges {
		r, err := parseSpan(text)
		if err != nil {
			return usagef("--except-range: %w", err)
		}
		o.ranges = append(o.ranges, r)
	}
	return nil
}

func (o *ofJob) add(sel *api.JobSelect) *api.JobSelect {
	if o.job != 0 {
		job := api.RefTo(o.job)
		sel.DoneBy = &job
	}
	for _, id := range o.except {
		sel.Except = append(sel.Except, api.RefTo(id))
	}
	sel.ExceptICCIDs = append(sel.ExceptICCIDs, o.iccids...)
	for _, r := range o.ranges {
		sel.ExceptICCIDRanges = append(sel.ExceptICCIDRanges, api.ICCIDRange{Start: string(r.first), End: string(r.last)})
	}
	return sel
}

// filterSource resolves --from and --filter; nil without --filter.
func (r *jobRun) filterSource(ctx context.Context, s selection) (*source, error) {
	return r.process.filterSource(ctx, r.client, *r.profile, s)
}

func (p Process) filterSource(ctx context.Context, c *client.Client, profile string, s selection) (*source, error) {
	if s.filter == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	filter, err := resolveStatuses(s.filter)
	if err != nil {
		return nil, err
	}
	if s.from == "" {
		own, err := c.MyWorkspace(ctx)
		if err != nil {
			return nil, err
		}
		return &source{Filter: filter, Workspace: api.NamedRef{ID: own.ID, Name: own.Name}}, nil
	}
	_, known, err := p.connect(profile)
	if err != nil {
		return nil, err
	}
	all, _, err := memberships(ctx, c, known)
	if err != nil && !listNotNeeded(s.from, err) {
		return nil, err
	}
	ws, err := all.find("--from", s.from, notAMember)
	return &source{Filter: filter, Workspace: ws}, err
}

// jobSelect converts a selection to the selection of a job.
func jobSelect(w selectedSIMs, from *source) *api.JobSelect {
	sel := &api.JobSelect{}
	for _, sim := range w.sims {
		if sim.ID != 0 {
			sel.SIMs = append(sel.SIMs, api.RefTo(sim.ID))
		} else {
			sel.ICCIDs = append(sel.ICCIDs, sim.ICCID)
		}
	}
	for _, r := range w.ranges {
		sel.ICCIDRanges = append(sel.ICCIDRanges, api.ICCIDRange{Start: string(r.first), End: string(r.last)})
	}
	if from != nil {
		ws := api.RefTo(from.Workspace.ID)
		sel.Filter = &api.JobFilter{Workspace: &ws, Q: from.Filter}
	}
	return sel
}
