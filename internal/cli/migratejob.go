package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// migrateJobFlags are those of a migration that the server executes as a job.
type migrateJobFlags struct {
	asJob     bool
	at        string
	reference string
	reason    string

	start time.Time // what at means; zero for now
}

func (f *migrateJobFlags) jobFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.asJob, "as-job", false, "let the server move the SIMs as a job, which goes on if this command ends")
	cmd.Flags().StringVar(&f.at, "at", "", "start a job at this time, such as 22:00, 'fri 22:00' or '2026-12-04 22:00', and do not wait for its end")
	cmd.Flags().StringVar(&f.reference, "reference", "", "such as a ticket number, kept with a job and in the ledger")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, kept with a job and in the ledger")
}

// needsJob returns a flag that only a job can follow; "" for none.
func (f *migrateJobFlags) needsJob() string {
	switch {
	case f.asJob:
		return "--as-job"
	case f.at != "":
		return "--at"
	case f.reference != "":
		return "--reference"
	case f.reason != "":
		return "--reason"
	}
	return ""
}

// migrateJob is the job of a migration. Its plan is frozen before the command makes its own: so
// the job moves no SIM that has changed since the plan on the screen.
type migrateJob struct {
	run     *jobRun
	job     *client.Job
	refused error // why the server made none
	started bool
}

// freeze makes the job of a migration, as a dry run. It returns nil if no flag asks for a
// job, or nothing is to move.
func (s *migrateRun) freeze(ctx context.Context, sel *api.JobSelect) (*migrateJob, error) {
	if s.needsJob() == "" || s.dryRun || s.planFile != "" {
		return nil, nil //nolint:nilnil // there is none
	}
	var offered bool
	err := s.throttle.Persist(ctx, func(ctx context.Context) (err error) {
		offered, err = s.client.OffersJobs(ctx)
		return err
	})
	if _, refused := errors.AsType[*client.APIError](err); err != nil && !refused {
		return nil, err
	}
	if !offered {
		return nil, usagef("%s needs a job of the server, and this server has no jobs: leave the flag out", s.needsJob())
	}
	flags := &jobFlags{profile: s.profile, output: s.output, yes: s.yes}
	run, err := flags.open(s.process)
	if err != nil {
		return nil, err
	}
	run.screen = s.screen
	m := &migrateJob{run: run}
	m.job, err = run.client.CreateMigrationJob(ctx, s.jobRequest(sel), newKey(), client.PreferWait(planWait))
	if refusal, ok := errors.AsType[*client.APIError](err); ok {
		if refusal.Status == http.StatusRequestEntityTooLarge {
			return nil, usagef("%s needs a job, and the list of SIMs is too large for one: use --iccid-range or --filter, or leave the flag out", s.needsJob())
		}
		m.refused, err = err, nil // the plan shows why
	}
	return m, err
}

// jobRequest asks for the job of a migration.
func (s *migrateRun) jobRequest(sel *api.JobSelect) api.JobRequest {
	target := api.RefTo(s.terms.Target.ID)
	req := api.JobRequest{
		TargetWorkspace: &target, Select: sel, AutoDetachDevices: api.Some(s.terms.DetachDevices),
		// The command decides what stops a migration: SIMs that are in the target do not.
		OnConflict: api.Some(string(skip)),
		Reference:  someText(s.reference), Reason: someText(s.reason),
	}
	if s.terms.AllowedStatuses != nil {
		statuses := make([]api.IDRef, len(s.terms.AllowedStatuses))
		for i, id := range s.terms.AllowedStatuses {
			statuses[i] = api.RefTo(id)
		}
		req.AllowedSIMStatuses = api.Some(statuses)
	}
	if !s.start.IsZero() {
		req.NotBefore = api.Some(s.start.UTC().Format(time.RFC3339))
	}
	return req
}

// close cancels the job if it was not started.
func (m *migrateJob) close(ctx context.Context) {
	if m != nil && m.job != nil && !m.started {
		m.run.drop(ctx, m.job.ID)
	}
}

// begin starts the job, if it is to do what the plan on the screen says.
func (m *migrateJob) begin(ctx context.Context, plan *bulk.Plan) (err error) {
	if m.refused != nil {
		return m.refused
	}
	if m.job, err = m.run.planned(ctx, m.job); err != nil {
		return err
	}
	m.run.screen.end()
	if n := m.job.Count(client.VerdictPlanned); n != plan.Count() {
		return fmt.Errorf("nothing was moved: SIMs changed while the plan was made (the job would move %s): run the command again", sims(n))
	}
	started, err := m.run.client.StartJob(ctx, m.job.ID, m.job.ETag, newKey())
	if err == nil {
		m.job, m.started = started, true
	}
	return err
}

// executeJob lets the server carry out a plan, and reports on it.
func (s *migrateRun) executeJob(ctx context.Context, plan *bulk.Plan) error {
	m := s.job
	if err := m.begin(ctx, plan); err != nil {
		return err
	}
	id := m.job.ID
	if !s.start.IsZero() {
		s.screen.line("Job %d moves %s from %s on.\nTo watch it:  simferry jobs watch %d\nTo cancel it: simferry jobs cancel %d",
			id, sims(plan.Count()), s.start.Format("Mon 2006-01-02 15:04 MST"), id, id)
		r := m.report(plan, bulk.NewState(plan).Verdicts())
		return s.conclude(r, nil)
	}
	s.screen.note("Job %d; the server goes on if this command ends", id)
	j, err := m.run.follow(ctx, id)
	if err != nil {
		return err
	}
	verdicts, err := m.verdicts(ctx, plan)
	if err != nil {
		return err
	}
	r := m.report(plan, verdicts)
	r.ExitCode = r.Tally.ExitCode(false)
	if j.State != client.JobCompleted && j.State != client.JobCompletedWithRefusals {
		s.screen.printEnd(j)
		r.ExitCode = max(r.ExitCode, bulk.ExitError)
	}
	s.screen.printTally(r)
	if r.ExitCode, err = s.checkFilterAgain(ctx, verdicts, r.ExitCode); err != nil {
		r.Error = err.Error()
	}
	s.screen.printJobResult(id, s.report, r.Tally)
	return s.conclude(r, err)
}

// report returns a report on the job.
func (m *migrateJob) report(plan *bulk.Plan, verdicts []bulk.Verdict) report {
	return report{Server: plan.Server, Target: plan.Terms.Target, Tally: bulk.Count(verdicts), LeftOut: plan.LeftOut, SIMs: verdicts, Job: m.job.ID}
}

// verdicts returns what a job that has ended did with each SIM of a plan.
func (m *migrateJob) verdicts(ctx context.Context, plan *bulk.Plan) ([]bulk.Verdict, error) {
	of := make(map[int64]api.JobSIM, plan.Count())
	for s, err := range m.run.client.AllJobSIMs(ctx, m.job.ID, client.ListOptions{PerPage: 1000}) {
		if err != nil {
			return nil, fmt.Errorf("job %d has ended, but its verdicts cannot be read: %w", m.job.ID, err)
		}
		if s.ID != 0 {
			of[s.ID] = s
		}
	}
	verdicts := bulk.NewState(plan).Verdicts()
	for i := range verdicts {
		v := &verdicts[i]
		s, known := of[v.ID]
		if v.Outcome != bulk.NotMoved || !known {
			continue
		}
		switch s.Verdict {
		case client.VerdictDone:
			v.Outcome = bulk.Moved
			if s.Migration != nil && s.Migration.ID != nil {
				v.Ledger = int64(*s.Migration.ID)
			}
		case client.VerdictPlanned:
		default:
			v.Outcome, v.Reasons = bulk.Refused, jobReasons(s)
		}
	}
	return verdicts, nil
}

// conclude writes a report and returns its exit code.
func (s *migrateRun) conclude(r report, err error) error {
	r.Remaining = s.remainingSIMs
	if failed := s.write(r, ""); failed != nil {
		err, r.ExitCode = failed, max(r.ExitCode, bulk.ExitError)
	}
	if *s.output == asJSON {
		if failed := s.output.print(s.process.Stdout, answer{value: r}); failed != nil {
			return failed
		}
	}
	if r.ExitCode == bulk.ExitDone {
		return nil
	}
	return &codeError{r.ExitCode, err}
}

// printJobResult says where the verdicts are, and how to go on.
func (s *screen) printJobResult(id int64, file string, t bulk.Tally) {
	if file != "" {
		s.line("\nThe result of every SIM:\n%s", file)
	} else {
		s.line("\nThe result of every SIM: simferry jobs sims %d", id)
	}
	if t.Refused+t.NotMoved > 0 {
		s.line("To try the others again: simferry jobs retry %d", id)
	}
	if t.Moved > 0 {
		s.line("To take it back: simferry jobs undo %d", id)
	}
}
