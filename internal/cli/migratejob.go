package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/fleet"
)

// migrateJob is a job of the server that executes the plan of a migration.
type migrateJob struct {
	*migrateRun
	run  *jobRun
	plan *bulk.Plan
	job  *client.Job
}

// errTooLong means that the list of SIMs is too long for a job of this server.
var errTooLong = errors.New("the list of SIMs is too long for a job of this server")

// errUnsettled means that SIMs of the plan changed during each plan of a job.
var errUnsettled = fmt.Errorf("SIMs changed during each of %d plans of a job", maxPlans)

// executeJob lets the server carry out a plan, and reports on it.
func (s *migrateRun) executeJob(ctx context.Context, plan *bulk.Plan) error {
	m := &migrateJob{migrateRun: s, plan: plan, run: &jobRun{
		jobFlags: &jobFlags{profile: s.profile, output: s.output, yes: s.yes}, process: s.process, client: s.client, screen: s.screen, throttle: s.throttle,
	}}
	ready, err := m.prepare(ctx)
	switch {
	case errors.Is(err, errTooLong) && s.needsJob() != "":
		return usagef("%s needs a job, and %w: use fewer SIMs, or leave the flag out", s.needsJob(), err)
	case errors.Is(err, errTooLong):
		s.screen.note("The list of SIMs is too long for a job of this server, so this command moves the SIMs itself.")
		return s.executeHere(ctx, plan)
	case errors.Is(err, errUnsettled) && s.needsJob() == "":
		s.screen.note("SIMs changed during each of %d plans of a job, so this command moves the rest itself.", maxPlans)
		return s.executeHere(ctx, m.plan)
	case errors.Is(err, errUnsettled):
		return fmt.Errorf("nothing was moved: %w; wait until the other changes have ended, or leave %s out: "+
			"then this command moves the SIMs itself, and compares 500 at a time", err, s.needsJob())
	case err != nil:
		return fmt.Errorf("nothing was moved: %w", err)
	case !ready:
		if m.refused() {
			s.screen.line("")
			s.screen.paragraph(0, "Nothing moves: SIMs have changed since the plan was shown. Run the command again, or use --on-conflict skip.")
		}
		state := bulk.NewState(m.plan)
		return s.finish(m.plan, state, "", false, state.ExitCode(), nil)
	}
	if err := m.start(ctx); err != nil {
		return err
	}
	if !s.start.IsZero() {
		return m.scheduled()
	}
	return m.watch(ctx)
}

// maxPlans bounds how often a job is made because SIMs change meanwhile. A job freezes all SIMs at
// once; requests of the command compare 500 at a time, so a change takes less with it.
const maxPlans = 5

// prepare makes a job of exactly the SIMs of the plan. The SIMs are compared with the plan after
// the job has frozen them, so it moves none that is not as the screen has shown it. ready is false
// if nothing moves: a SIM has changed, or all of them are in the target already. The error is
// errUnsettled after maxPlans attempts.
func (m *migrateJob) prepare(ctx context.Context) (ready bool, err error) {
	for range maxPlans {
		if ready, err = m.attempt(ctx); err != nil || ready {
			return ready, err
		}
		if m.refused() || m.plan.Count() == 0 {
			return false, nil
		}
	}
	return false, errUnsettled
}

func (m *migrateJob) refused() bool { return m.plan.Refused() && m.conflict == stop }

// attempt makes a job and compares. If SIMs have changed, it drops the job and takes them out of
// the plan.
func (m *migrateJob) attempt(ctx context.Context) (ready bool, err error) {
	defer func() {
		if !ready && m.job != nil {
			m.run.drop(ctx, m.job.ID)
		}
	}()
	m.job = nil
	if m.job, err = m.create(ctx); err != nil {
		return false, err
	}
	m.job, err = m.run.planned(ctx, m.job)
	m.screen.end()
	if err != nil {
		return false, err
	}
	again := bulk.Planner{Server: m.remote, Throttle: m.throttle, Terms: m.plan.Terms}
	now, err := again.Confirm(ctx, m.plan)
	if err != nil {
		return false, err
	}
	if len(now.TargetReasons) > 0 {
		return false, errors.New(now.TargetReasons[0].Message)
	}
	changed := now.Blocked[len(m.plan.Blocked):]
	same := now.Count() == m.plan.Count()
	m.plan = now
	if len(changed) > 0 {
		m.screen.printBlocked(changed)
	}
	if !same {
		return false, nil
	}
	return m.accepted(ctx)
}

// accepted reports whether the job moves every SIM of the plan, or may skip those that it does
// not. The server can know reasons that a dry run does not have.
func (m *migrateJob) accepted(ctx context.Context) (bool, error) {
	if m.job.State != client.JobPlanned {
		return false, fmt.Errorf("job %d is %s: %s", m.job.ID, stateWords(&m.job.Job), m.job.StatusDetails.Why)
	}
	if m.job.Count(client.VerdictPlanned) == m.plan.Count() || m.conflict == skip {
		return true, nil
	}
	blocked, _, err := m.run.blocked(ctx, m.job)
	if err != nil {
		return false, err
	}
	m.screen.printBlocked(blocked)
	m.plan = without(m.plan, blocked)
	return false, nil
}

// without returns a plan in which some SIMs may not move.
func without(p *bulk.Plan, blocked []bulk.BlockedSIM) *bulk.Plan {
	reasons := make(map[int64][]bulk.Reason, len(blocked))
	for _, b := range blocked {
		reasons[b.ID] = b.Reasons
	}
	left := *p
	left.Chunks, left.Blocked = nil, append([]bulk.BlockedSIM(nil), p.Blocked...)
	for _, c := range p.Chunks {
		kept := bulk.Chunk{By: c.By}
		for _, sim := range c.SIMs {
			if why, found := reasons[sim.ID]; found {
				left.Blocked = append(left.Blocked, bulk.BlockedSIM{SIM: sim, Reasons: why})
			} else {
				kept.SIMs = append(kept.SIMs, sim)
			}
		}
		if len(kept.SIMs) > 0 {
			left.Chunks = append(left.Chunks, kept)
		}
	}
	return &left
}

// longList is how many SIMs make a list long: it is uploaded, because a request in JSON has a
// limit of size.
const longList = 20_000

// create makes the job, as a dry run.
func (m *migrateJob) create(ctx context.Context) (*client.Job, error) {
	req, key := m.request(), newKey()
	do := func(ctx context.Context) (*client.Job, error) {
		return m.client.CreateMigrationJob(ctx, req, key, client.PreferWait(planWait))
	}
	if m.plan.Count() > longList {
		list := m.list()
		do = func(ctx context.Context) (*client.Job, error) {
			return m.client.UploadMigrationJob(ctx, list, req, key, client.PreferWait(planWait))
		}
	} else {
		req.Select = m.selected()
	}
	j, err := m.run.send(ctx, do)
	if isTooLong(err) {
		return nil, errTooLong
	}
	return j, err
}

// isTooLong reports whether the server refused a request for its size.
func isTooLong(err error) bool {
	refused, ok := errors.AsType[*client.APIError](err)
	return ok && refused.Status == http.StatusRequestEntityTooLarge
}

// selected selects the SIMs of the plan by their ids.
func (m *migrateJob) selected() *api.JobSelect {
	sel := &api.JobSelect{}
	for _, c := range m.plan.Chunks {
		for _, sim := range c.SIMs {
			sel.SIMs = append(sel.SIMs, api.RefTo(sim.ID))
		}
	}
	return sel
}

// list returns a file with the SIMs of the plan. The check digits tell the server that no number is
// rounded.
func (m *migrateJob) list() []byte {
	list := []byte("iccid\n")
	for _, c := range m.plan.Chunks {
		for _, sim := range c.SIMs {
			list = append(append(list, fleet.ICCID(sim.ICCID).WithLuhn()...), '\n')
		}
	}
	return list
}

// request asks for the job, without its SIMs.
func (m *migrateJob) request() api.JobRequest {
	terms := m.plan.Terms
	target := api.RefTo(terms.Target.ID)
	req := api.JobRequest{
		TargetWorkspace: &target, AutoDetachDevices: api.Some(terms.DetachDevices),
		// The command decides what stops a migration: SIMs that are in the target do not.
		OnConflict: api.Some(string(skip)),
		Reference:  someText(terms.Reference), Reason: someText(terms.Reason),
	}
	if terms.AllowedStatuses != nil {
		req.AllowedSIMStatuses = api.Some(idRefs(terms.AllowedStatuses))
	}
	if !m.migrateRun.start.IsZero() {
		req.NotBefore = api.Some(m.migrateRun.start.UTC().Format(time.RFC3339))
	}
	return req
}

// start starts the job. Whether it has started is not known if there is no response.
func (m *migrateJob) start(ctx context.Context) error {
	key := newKey()
	started, err := m.run.send(ctx, func(ctx context.Context) (*client.Job, error) {
		return m.client.StartJob(ctx, m.job.ID, m.job.ETag, key)
	})
	if err == nil {
		m.job = started
		return nil
	}
	if _, refused := errors.AsType[*client.APIError](err); refused {
		m.run.drop(ctx, m.job.ID)
		return fmt.Errorf("nothing was moved: %w", err)
	}
	return m.leave(ctx, err)
}

// scheduled ends the command: the server begins later.
func (m *migrateJob) scheduled() error {
	id := m.job.ID
	m.screen.line("Job %d is scheduled.", id)
	m.screen.printJobCommands(id)
	return m.conclude(m.report(bulk.NewState(m.plan).Verdicts()), nil)
}

// watch shows the progress of the job to its end, and reports on it.
func (m *migrateJob) watch(ctx context.Context) error {
	id := m.job.ID
	m.screen.note("Job %d moves %s; Ctrl-C leaves it running", id, plural(m.plan.Count(), "it", "them"))
	j, err := m.run.follow(ctx, id)
	if err != nil {
		return m.leave(ctx, err)
	}
	m.job = j
	verdicts, err := m.verdicts(ctx)
	if err != nil {
		return m.leave(ctx, err)
	}
	r := m.report(verdicts)
	r.ExitCode = r.Tally.ExitCode(false)
	if j.State != client.JobCompleted && j.State != client.JobCompletedWithRefusals {
		m.screen.printEnd(j)
		r.ExitCode = max(r.ExitCode, bulk.ExitError)
	}
	m.screen.printTally(r)
	if r.ExitCode, err = m.checkFilterAgain(ctx, verdicts, r.ExitCode); err != nil {
		r.Error = err.Error()
	}
	m.screen.printJobResult(j, m.migrateRun.report)
	return m.conclude(r, err)
}

// report returns a report on the job.
func (m *migrateJob) report(verdicts []bulk.Verdict) report {
	return report{
		Server: m.plan.Server, Target: m.plan.Terms.Target, Tally: bulk.Count(verdicts), LeftOut: m.plan.LeftOut, SIMs: verdicts, Job: m.job.ID, JobState: m.job.State,
	}
}

// verdicts returns what the job did with each SIM of the plan.
func (m *migrateJob) verdicts(ctx context.Context) ([]bulk.Verdict, error) {
	of, err := m.sims(ctx)
	if err != nil {
		return nil, fmt.Errorf("the verdicts of job %d cannot be read: %w", m.job.ID, err)
	}
	verdicts := bulk.NewState(m.plan).Verdicts()
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
		case client.VerdictUnchanged:
			v.Outcome = bulk.AlreadyThere
		case client.VerdictPlanned:
		default:
			v.Outcome, v.Reasons = bulk.Refused, jobReasons(s)
		}
	}
	return verdicts, nil
}

// sims reads the SIMs of the job, by their ids: in one response, or page by page if it breaks off.
func (m *migrateJob) sims(ctx context.Context) (map[int64]api.JobSIM, error) {
	of := make(map[int64]api.JobSIM, m.plan.Count())
	whole := true
	for s, err := range m.client.JobVerdicts(ctx, m.job.ID, "") {
		if whole = err == nil; whole {
			of[s.ID] = s
		}
	}
	if whole {
		return of, nil
	}
	read := func(ctx context.Context, o client.ListOptions) (page *client.Page[api.JobSIM], err error) {
		err = m.throttle.Persist(ctx, func(ctx context.Context) (err error) {
			page, err = m.client.JobSIMs(ctx, m.job.ID, o)
			return err
		})
		return page, err
	}
	for page, err := range client.Walk(ctx, client.ListOptions{PerPage: 1000}, read) {
		if err != nil {
			return nil, err
		}
		for _, s := range page.Items {
			of[s.ID] = s
		}
	}
	return of, nil
}

// leaveTime is how long the command polls the job again before it ends early.
const leaveTime = 10 * time.Second

// leave ends the command before the job has ended, and reports how far the job has come.
func (m *migrateJob) leave(ctx context.Context, why error) error {
	if ctx.Err() != nil {
		why = errors.New("interrupted")
	}
	if client.IsUnauthorized(why) {
		why = errors.Join(why, client.ErrSessionEnded)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	j, err := m.client.Job(ctx, m.job.ID)
	if err == nil && j.State == client.JobPlanned { // it was not started
		m.run.drop(ctx, j.ID)
		return fmt.Errorf("nothing was moved: %w", why)
	}
	if err != nil {
		j = &client.Job{Job: api.Job{ID: m.job.ID}}
	}
	m.job = j
	verdicts, unread := unknownVerdicts(m.plan), err
	if err == nil && (m.files.report != nil || *m.output == asJSON) {
		if read, err := m.verdicts(ctx); err == nil {
			verdicts = read
		}
	}
	r := m.report(verdicts)
	r.Error, r.ExitCode = why.Error(), bulk.ExitError
	if j.Count(client.VerdictDone) > 0 {
		r.ExitCode = bulk.ExitPartly
	}
	m.screen.printLeave(j, unread == nil)
	return m.conclude(r, why)
}

// unknownVerdicts returns those on a plan whose job is not known to have ended.
func unknownVerdicts(p *bulk.Plan) []bulk.Verdict {
	verdicts := bulk.NewState(p).Verdicts()
	for i := range verdicts {
		if verdicts[i].Outcome == bulk.NotMoved {
			verdicts[i].Outcome = bulk.Unknown
		}
	}
	return verdicts
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

// printLeave says how to go on with a job that this command no longer watches. known reports
// whether its state could be read.
func (s *screen) printLeave(j *client.Job, known bool) {
	switch {
	case !known:
		s.line("\nThe state of job %d is not known; it may go on without this command.", j.ID)
	case j.Ended():
		s.line("\nJob %d is %s: %s of %s done.", j.ID, stateWords(&j.Job), thousands(j.Count(client.VerdictDone)), sims(j.SIMCount))
		return
	default:
		s.line("\nJob %d goes on without this command: %s of %s done so far.", j.ID, thousands(j.Count(client.VerdictDone)), sims(j.SIMCount))
	}
	s.printJobCommands(j.ID)
}

// printJobCommands says how to watch and how to end a job.
func (s *screen) printJobCommands(id int64) {
	s.line("To watch it:  simferry jobs watch %d\nTo cancel it: simferry jobs cancel %d", id, id)
}

// printJobResult says where the verdicts on the SIMs are, and how to go on.
func (s *screen) printJobResult(j *client.Job, file string) {
	s.line("")
	if file != "" {
		s.line("The result of every SIM:\n%s", file)
	}
	s.line("The SIMs of the job: simferry jobs sims %d", j.ID)
	if left(j) > 0 {
		s.line("To try the rest again: simferry jobs retry %d", j.ID)
	}
	if j.Count(client.VerdictDone) > 0 {
		s.line("To take it back: simferry jobs undo %d", j.ID)
	}
}
