package kill

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// JobsSQLite kills the server while jobs run.
var JobsSQLite = faults.Harness{
	Name:    "jobs-kill-sqlite",
	Summary: "one server on SQLite that runs jobs, killed with SIGKILL at any instant and started again",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return JobsOnSQLite(ctx, faults.Mutation{}, size.Of(200, 10_000, 20), seed)
	},
	Control: func(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
		return faults.Until(ctx, "a program that records the progress of a job in a transaction of its own", 1, seed,
			faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
				return JobsOnSQLite(ctx, mutants.MustFind("job_cursor_outside"), controlCycles, seed)
			}))
	},
}

// JobsPostgres kills one of two servers, or both, while jobs run.
var JobsPostgres = faults.Harness{
	Name:    "jobs-kill-postgres",
	Summary: "two servers on PostgreSQL that run jobs, one of them or both killed with SIGKILL and started again",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return JobsOnPostgres(ctx, faults.Mutation{}, size.Of(100, 2000, 10), seed)
	},
	Control: func(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
		return faults.Until(ctx, "a program that records verdicts after the commit of the chunk", 1, seed,
			faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
				return JobsOnPostgres(ctx, mutants.MustFind("job_verdict_after_commit"), controlCycles, seed)
			}))
	},
}

// JobsOnSQLite runs kill cycles on a program with a mutation.
func JobsOnSQLite(ctx context.Context, mutation faults.Mutation, cycles int, seed uint64) (faults.Result, error) {
	return run(ctx, engine{servers: 1, open: openSQLite, work: jobsOf}, mutation, cycles, seed)
}

// JobsOnPostgres does what JobsOnSQLite does, with two servers on PostgreSQL.
func JobsOnPostgres(ctx context.Context, mutation faults.Mutation, cycles int, seed uint64) (faults.Result, error) {
	return run(ctx, engine{servers: 2, open: openPostgres, work: jobsOf}, mutation, cycles, seed)
}

// jobs is work of users who create jobs. It continues over all cycles.
type jobs struct {
	*fixture
	seed    uint64
	jobLoad *jobload.Load
	fence   *jobload.Fence
}

func jobsOf(a *fixture, seed uint64) work { return &jobs{fixture: a, seed: seed} }

func (j *jobs) begin(ctx context.Context) (err error) {
	if err := jobload.Seed(ctx, j.binary, j.site.url(0)); err != nil {
		return err
	}
	j.fence, err = jobload.NewFence(ctx, j.site.url(0))
	return err
}

func (j *jobs) signIn(ctx context.Context) (err error) {
	j.note()
	j.jobLoad, err = jobload.Begin(ctx, jobload.Options{Seed: j.seed, URLs: j.urls(), Acts: true})
	return err
}

// note records the processes of the servers for the fence.
func (j *jobs) note() {
	for i, s := range j.servers {
		j.fence.Process(application(i), s.PID)
	}
}

func (j *jobs) load(context.Context) {}
func (j *jobs) stop() error          { return nil }

// restarted ends the leases of killed servers, so that not every cycle takes as long as a lease.
// The harness jobs-frozen waits for leases to expire.
func (j *jobs) restarted(ctx context.Context) error {
	j.note()
	err := j.fence.Expire(ctx) // before the crew knows the new addresses: a busy SQLite would not let it in
	j.jobLoad.At(j.urls()...)
	return err
}

func (j *jobs) acknowledged() int { return j.jobLoad.Made() + j.jobLoad.Actions() }
func (j *jobs) inFlight() bool    { return j.jobLoad.InFlight() }

// jobsLimit is how long jobs may take that were under way at the last kill.
const jobsLimit = time.Minute

func (j *jobs) settle(context.Context) error { return j.jobLoad.Finish(jobsLimit) }

func (j *jobs) check(ctx context.Context) error {
	wrong, err := j.jobLoad.Check(ctx, j.site.url(0))
	if err != nil {
		return err
	}
	stale, err := j.fence.Check(ctx)
	for _, w := range append(wrong, stale...) {
		j.res.Fail("%s", w)
	}
	j.res.Record("jobs ended", j.jobLoad.Ended(), 1)
	return err
}

func (j *jobs) close() error { return nil }
