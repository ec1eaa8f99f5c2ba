// Package jobs disturbs jobs in ways that only jobs have: a server that sleeps longer than its
// lease and continues, and users who pause, cancel and overtake chunks.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/mutants"
	"github.com/simferry/simferry/internal/test/faults/proc"
)

// Frozen is the harness of a server that sleeps longer than its lease.
var Frozen = faults.Harness{
	Name:    "jobs-frozen",
	Summary: "two servers on PostgreSQL, one of them stopped with SIGSTOP until the other has its jobs, and continued",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return Freeze(ctx, faults.Mutation{}, size.Of(3, 200, 1), seed)
	},
	Control: func(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
		return faults.Until(ctx, "a server that does not check whether it still has the lease", freezes, seed,
			faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
				return Freeze(ctx, mutants.MustFind("job_lease_unchecked"), 1, seed)
			}))
	},
}

const (
	// taken is the time within which another server takes over the jobs of one that is gone.
	taken = 10 * time.Second
	// freezes is how often the control stops a server at most. A job that ends before its old
	// server continues proves nothing.
	freezes = 10

	started = time.Minute // for a server to have a job under way
)

// pair is two servers over one database.
type pair struct {
	site
	asleep, overtaken int // leases of stopped servers, and those that another server took
}

// Freeze stops and continues servers of a program with a mutation.
func Freeze(ctx context.Context, mutation faults.Mutation, times int, seed uint64) (res faults.Result, err error) {
	binary, err := faults.Build(ctx, mutation)
	if err != nil {
		return res, err
	}
	p := &pair{site: site{binary: binary, res: &res, servers: make([]*proc.Server, 2)}}
	defer func() { err = errors.Join(err, p.remove()) }()
	if err := p.onPostgres(ctx, jobload.Options{Seed: seed}); err != nil {
		return res, err
	}
	rng := rand.New(rand.NewPCG(seed, 7))
	for range times {
		if err := p.freeze(ctx, rng); err != nil {
			return res, err
		}
		res.Trials++
	}
	if err := p.end(ctx); err != nil {
		return res, err
	}
	res.Record("leases of a stopped server", p.asleep, times)
	res.Record("of them taken over before it went on", p.overtaken, times)
	res.Record("jobs ended", p.jobLoad.Ended(), times)
	return res, nil
}

// freeze stops a server that has a job under way, waits until the other server has taken all its
// jobs over, and lets it go on.
func (p *pair) freeze(ctx context.Context, rng *rand.Rand) error {
	sleeper := rng.IntN(len(p.servers))
	s := p.servers[sleeper]
	jobLeases, err := p.stop(ctx, s)
	if err != nil {
		return err
	}
	p.jobLoad.At(p.servers[1-sleeper].URL)
	p.asleep += len(jobLeases)
	if err := p.takenOver(ctx, jobLeases); err != nil {
		return errors.Join(err, s.Resume())
	}
	if err := s.Resume(); err != nil {
		return err
	}
	p.jobLoad.At(p.servers[0].URL, p.servers[1].URL)
	return p.jobLoad.Await(ctx, p.jobLoad.Ended()+1, finished)
}

// stop stops a server at an instant at which it has a job under way, and returns its leases.
func (p *pair) stop(ctx context.Context, s *proc.Server) (jobLeases []jobload.Lease, err error) {
	for began := time.Now(); time.Since(began) < started && ctx.Err() == nil; faults.Pause(ctx, 5*time.Millisecond) {
		if jobLeases, err = p.leases(ctx, s.PID); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(jobLeases, underWay) {
			continue
		}
		if err := s.Freeze(); err != nil {
			return nil, err
		}
		if jobLeases, err = p.leases(ctx, s.PID); err != nil {
			return nil, err
		}
		if jobLeases = slices.DeleteFunc(jobLeases, func(l jobload.Lease) bool { return !underWay(l) }); len(jobLeases) > 0 {
			return jobLeases, nil
		}
		if err := s.Resume(); err != nil { // it was at the end of its job
			return nil, err
		}
	}
	return nil, fmt.Errorf("the server has had no job under way for %v", started)
}

func underWay(l jobload.Lease) bool { return l.State == "running" || l.State == "planning" }

func (p *pair) leases(ctx context.Context, pid int) ([]jobload.Lease, error) {
	list, err := p.fence.Leases(ctx)
	return slices.DeleteFunc(list, func(l jobload.Lease) bool { return l.PID != pid }), err
}

// takenOver waits until another server has each of the jobs.
func (p *pair) takenOver(ctx context.Context, jobLeases []jobload.Lease) error {
	began, meter := time.Now(), faults.Measure()
	for reported := false; ctx.Err() == nil; faults.Pause(ctx, 2*time.Millisecond) {
		now, err := p.fence.Leases(ctx)
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(jobLeases), func(l jobload.Lease) bool {
			return !slices.ContainsFunc(now, func(n jobload.Lease) bool { return n.Job == l.Job && n.Attempt == l.Attempt })
		})
		if len(left) == 0 {
			p.overtaken += len(jobLeases)
			return nil
		}
		if !reported && time.Since(began) > taken {
			reported = true
			p.res.Late(meter, "I12: %d of %d jobs of a stopped server are not taken over within %v", len(left), len(jobLeases), taken)
		}
		if time.Since(began) > 6*taken {
			return fmt.Errorf("%d of %d jobs of a stopped server are not taken over within %v", len(left), len(jobLeases), 6*taken)
		}
	}
	return ctx.Err()
}
