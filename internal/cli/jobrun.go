package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// jobFlags are the flags of commands that make or run a job.
type jobFlags struct {
	profile    *string
	output     *output
	dryRun     bool
	yes        bool
	background bool
	conflict   onConflict
	reference  string
	reason     string
}

// runFlags adds the flags of commands that start a job.
func (f *jobFlags) runFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&f.background, "background", false, "start the job and do not wait for its end")
}

// createFlags adds the flags of commands that create a job.
func (f *jobFlags) createFlags(cmd *cobra.Command) {
	f.runFlags(cmd)
	f.conflict = stop
	cmd.Flags().Var(&f.conflict, "on-conflict", "if some SIMs may not be changed: stop and change none, or skip them")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "make the plan and change nothing; 'simferry jobs start' carries it out within 24 hours")
	cmd.Flags().StringVar(&f.reference, "reference", "", "such as a ticket number, kept with the job and in the ledger")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, kept with the job and in the ledger")
	_ = cmd.RegisterFlagCompletionFunc("on-conflict", cobra.FixedCompletions([]string{string(stop), string(skip)}, cobra.ShellCompDirectiveNoFileComp))
}

// checkTerminal refuses to ask without a terminal.
func (f *jobFlags) checkTerminal(p Process) error {
	if _, terminal := p.terminal(); !terminal && !f.yes && !f.dryRun {
		return usagef("there is no terminal to ask on: use --yes or --dry-run")
	}
	return nil
}

func someText(text string) (o api.Optional[string]) {
	if text != "" {
		o = api.Some(text)
	}
	return o
}

// jobRun is one call of a command about a job.
type jobRun struct {
	*jobFlags
	process Process
	client  *client.Client
	screen  *screen
	shown   int // SIMs whose reasons the plan has shown

	throttle *bulk.Throttle // for requests that wait for a server that does not respond
}

// jobPatience is how long the server of a job that is watched may not respond.
const jobPatience = 5 * time.Minute

func (f *jobFlags) open(p Process) (*jobRun, error) {
	c, _, err := p.connect(*f.profile)
	s := newScreen(p, f.output)
	throttle := &bulk.Throttle{Clock: client.SystemClock{}, Patience: jobPatience, Notify: s.waiting, Parallel: 1}
	return &jobRun{jobFlags: f, process: p, client: c, screen: s, throttle: throttle}, err
}

// send repeats a request until the server responds, or patience runs out. Use it for requests that
// are harmless to repeat.
func (r *jobRun) send(ctx context.Context, do func(context.Context) (*client.Job, error)) (j *client.Job, err error) {
	err = r.throttle.Persist(ctx, func(ctx context.Context) (err error) {
		j, err = do(ctx)
		return err
	})
	return j, err
}

// watchUntil follows a job until a state satisfies done. It waits for a server that restarts.
func (r *jobRun) watchUntil(ctx context.Context, id int64, done func(*client.Job) bool) (*client.Job, error) {
	return r.send(ctx, func(ctx context.Context) (*client.Job, error) {
		for j, err := range r.client.WatchJob(ctx, id) {
			if err != nil {
				return nil, err
			}
			r.throttle.Succeeded()
			if done(j) {
				return j, nil
			}
		}
		return nil, fmt.Errorf("job %d has ended unexpectedly", id)
	})
}

// planWait is how long the response to a new job is held back for its plan.
const planWait = 10

// planned waits until the plan of a new job is complete.
func (r *jobRun) planned(ctx context.Context, j *client.Job) (*client.Job, error) {
	if j.State != client.JobPlanning {
		return j, nil
	}
	return r.watchUntil(ctx, j.ID, func(next *client.Job) bool {
		if next.State == client.JobPlanning {
			r.screen.planProgress(next.SIMCount, max(1, next.SIMCount))
		}
		return next.State != client.JobPlanning
	})
}

// carryOut shows the plan of a new job, starts the job when that is wanted and allowed, and
// watches it.
func (r *jobRun) carryOut(ctx context.Context, j *client.Job) (err error) {
	j, err = r.planned(ctx, j)
	r.screen.end()
	if err != nil {
		return err
	}
	if j.State != client.JobPlanned {
		return r.finish(ctx, j)
	}
	if err := r.showPlan(ctx, j); err != nil {
		return err
	}
	blocked := j.Count(client.VerdictRefused) + j.Count(client.VerdictNotFound)
	moves := j.Count(client.VerdictPlanned)
	switch {
	case r.dryRun:
		if moves > 0 {
			r.screen.line("To carry out this plan within 24 hours: simferry jobs start %d", j.ID)
		}
		return r.result(j, planCode(blocked))
	case moves == 0 || blocked > 0 && r.conflict == stop:
		r.drop(ctx, j.ID)
		return r.result(j, planCode(blocked))
	}
	return r.start(ctx, j)
}

func planCode(blocked int) int {
	if blocked > 0 {
		return bulk.ExitRefused
	}
	return bulk.ExitDone
}

// start asks for confirmation, and executes the plan.
func (r *jobRun) start(ctx context.Context, j *client.Job) error {
	if err := r.confirm(ctx, j.Count(client.VerdictPlanned)); err != nil {
		r.drop(ctx, j.ID)
		return err
	}
	started, err := r.client.StartJob(ctx, j.ID, j.ETag, newKey())
	if err != nil {
		return err
	}
	if r.background {
		r.screen.line("Job %d is %s. To watch it: simferry jobs watch %d", j.ID, stateWords(&started.Job), j.ID)
		return r.result(started, bulk.ExitDone)
	}
	return r.watch(ctx, j.ID)
}

func (r *jobRun) confirm(ctx context.Context, n int) error {
	if r.yes {
		return nil
	}
	typed, err := r.process.ask(ctx, fmt.Sprintf("\nType %d to start, anything else to cancel: ", n))
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if digits(typed) != fmt.Sprint(n) {
		return errors.New("nothing was changed: the number that you typed is not the number of SIMs")
	}
	return nil
}

// dropTime is how long an unneeded plan may take to be cancelled.
const dropTime = 5 * time.Second

// drop cancels a plan that is not started. If that fails, the plan expires.
func (r *jobRun) drop(ctx context.Context, id int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTime)
	defer cancel()
	_, _ = r.client.CancelJob(ctx, id, newKey())
}

// watch shows the progress of a job until it ends, and how it ended.
func (r *jobRun) watch(ctx context.Context, id int64) error {
	j, err := r.follow(ctx, id)
	switch {
	case err != nil && ctx.Err() != nil:
		return r.leave(ctx, id)
	case err != nil:
		return fmt.Errorf("job %d cannot be watched: %w", id, err)
	}
	return r.finish(ctx, j)
}

// follow shows the progress of a job until it ends.
func (r *jobRun) follow(ctx context.Context, id int64) (*client.Job, error) {
	defer r.screen.end()
	said, begin := "", -1 // SIMs to do when the first state arrived
	return r.watchUntil(ctx, id, func(j *client.Job) bool {
		if words := stateWords(&j.Job); words != said && (j.State == client.JobPaused || j.StatusDetails.WaitingFor != "") {
			r.screen.note("Job %d is %s%s", id, words, untilWords(j.StatusDetails))
			said = words
		}
		if j.State == client.JobRunning {
			said = ""
			left := j.Count(client.VerdictPlanned)
			if begin < 0 {
				begin = left
				r.screen.progress(progressWord(j.Kind), 0, begin) // so that the rate counts from here
			}
			r.screen.progress(progressWord(j.Kind), begin-left, begin)
		}
		return j.Ended()
	})
}

func progressWord(kind string) string {
	if kind == "sim_status" {
		return "changing"
	}
	return "moving"
}

func untilWords(d api.JobDetails) string {
	words := ""
	if d.Until != nil {
		words = fmt.Sprintf(", until %s UTC", instant(d.Until.Time))
	}
	if d.Why != "" {
		words += ": " + d.Why
	}
	return words
}

// leave says how to go on after Ctrl-C.
func (r *jobRun) leave(ctx context.Context, id int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	j, err := r.client.Job(ctx, id)
	if err != nil {
		j = &client.Job{Job: api.Job{ID: id}}
	}
	r.screen.printLeave(j, err == nil)
	return &codeError{bulk.ExitError, errors.New("interrupted")}
}

// finish shows how a job ended, and why SIMs were left out.
func (r *jobRun) finish(ctx context.Context, j *client.Job) error {
	r.screen.printEnd(j)
	blocked, more, err := r.blocked(ctx, j)
	if err != nil {
		return err
	}
	if len(blocked) > r.shown {
		r.screen.printLeft(j, blocked, more)
	}
	if n := left(j); n > 0 && j.State != client.JobExpired {
		r.screen.line("To try them again: simferry jobs retry %d", j.ID)
	}
	return r.result(j, jobCode(j))
}

// left counts the SIMs that a job did not change, although it should.
func left(j *client.Job) (n int) {
	for _, v := range []string{client.VerdictPlanned, client.VerdictRefused, client.VerdictDrifted, client.VerdictNotFound} {
		n += j.Count(v)
	}
	return n
}

// jobCode returns the exit code for a job that has ended.
func jobCode(j *client.Job) int {
	done := j.Count(client.VerdictDone)
	switch {
	case j.State == client.JobCompleted:
		return bulk.ExitDone
	case done > 0:
		return bulk.ExitPartly
	case j.State == client.JobCompletedWithRefusals, j.State == client.JobRefused:
		return bulk.ExitRefused
	}
	return bulk.ExitError
}

// result prints the job for programs, and ends with a code.
func (r *jobRun) result(j *client.Job, code int) error {
	if *r.output == asJSON {
		value := map[string]any{"exit_code": code, "job": j.Job}
		if err := r.output.print(r.process.Stdout, answer{value: value}); err != nil {
			return err
		}
	}
	if code == bulk.ExitDone {
		return nil
	}
	return &codeError{code, nil}
}

// maxBlocked bounds how many SIMs with reasons are read for a screen.
const maxBlocked = 5000

// blocked reads the SIMs that a job does not change, with the reasons. more reports whether there
// are others.
func (r *jobRun) blocked(ctx context.Context, j *client.Job) (list []bulk.BlockedSIM, more bool, err error) {
	if j.Count(client.VerdictRefused)+j.Count(client.VerdictDrifted)+j.Count(client.VerdictNotFound) == 0 {
		return nil, false, nil
	}
	o := client.ListOptions{Filter: "verdict:" + strings.Join([]string{client.VerdictRefused, client.VerdictDrifted, client.VerdictNotFound}, "|")}
	for s, err := range r.client.AllJobSIMs(ctx, j.ID, o) {
		if err != nil {
			return nil, false, err
		}
		if len(list) == maxBlocked {
			return list, true, nil
		}
		list = append(list, bulk.BlockedSIM{SIM: jobSIM(s), Reasons: jobReasons(s)})
	}
	return list, false, nil
}

func jobSIM(s api.JobSIM) bulk.SIM {
	sim := bulk.SIM{ID: s.ID, ICCID: s.ICCID + s.Identifier}
	if s.SourceWorkspace != nil {
		sim.Source = *s.SourceWorkspace
	}
	if s.Row != 0 {
		sim.Where = fmt.Sprintf("line %d", s.Row)
	}
	return sim
}

// jobReasons returns why a job did not change a SIM.
func jobReasons(s api.JobSIM) (reasons []bulk.Reason) {
	for _, e := range s.Errors {
		reasons = append(reasons, bulk.Reason{Code: e.ErrorCode, Message: e.Message})
	}
	switch {
	case len(reasons) > 0:
	case s.Verdict == client.VerdictNotFound:
		reasons = []bulk.Reason{{Code: bulk.NotFound, Message: "not found"}}
	case s.Verdict == client.VerdictDrifted:
		reasons = []bulk.Reason{{Code: bulk.Changed, Message: "changed since the plan"}}
	}
	return reasons
}
