// Package resources takes a resource from a running server and restores it: disk space, the
// database, connections, the correct time. During the fault, clients get a Retry-After. Soon after
// the fault a write succeeds (I12), and nothing is lost, written twice or half written.
package resources

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

const (
	// promised is the time after the end of a fault within which a write succeeds.
	promised = 5 * time.Second

	clients = 4
	// ackedMin is the least number of successes before each fault.
	ackedMin = 10
	// perSite is the number of faults for one database. A new one after that keeps databases small,
	// and lets a scene alternate between the engines.
	perSite = 10
)

// scene is a resource that can be taken from a server and restored.
type scene struct {
	name, summary string
	setUp         func(ctx context.Context, p place) (site, error)
	clockJumps    bool // the server's
	control       func(ctx context.Context, seed uint64) (faults.Control, error)
	least         minimumWork
}

// minimumWork is the average work per fault that a run needs to prove anything.
type minimumWork struct{ refused, underWay, jobs float64 }

// site is one database with its servers.
type site interface {
	// url is the database's URL, for comparisons, and server that of the server.
	url() string
	server() string
	clients() *traffic.Clients
	// jobLoad creates jobs all the time; nil for none.
	jobLoad() *jobload.Load
	// injectFault takes the resource away under load and restores it; over is the time of the
	// restoration.
	injectFault(ctx context.Context, load *traffic.Load, rng *rand.Rand) (faultStart, over time.Time, err error)
	// settle waits until the servers' background work is done, and pauses it if necessary. Call it
	// after the load.
	settle(ctx context.Context) error
	// resume lets the servers continue after the database was compared.
	resume(ctx context.Context)
	// faults returns other faults that were found. Call it once, at the end.
	faults() []string
	close() error
}

// controlCycles is the most faults of a control, one site after the other, until it fails. If
// one fault in two proves nothing, the chance of missing all is one in 2^60.
const controlCycles = 60

// harness turns a scene into a harness: 20 faults in CI, 1,000 at full size.
func (s scene) harness() faults.Harness {
	return faults.Harness{
		Name: s.name, Summary: s.summary,
		Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
			return s.run(ctx, faults.Mutation{}, size.Of(20, 1000, 5), seed, false)
		},
		Control: func(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
			return s.control(ctx, seed)
		},
	}
}

// run runs the faults on several sites, two at a time, because one server leaves the machine idle
// while it waits. With untilFailure, it ends at the first failure.
func (s scene) run(ctx context.Context, mutation faults.Mutation, cycles int, seed uint64, untilFailure bool) (res faults.Result, err error) {
	dir, err := os.MkdirTemp("", "simferry-trust-")
	if err != nil {
		return res, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var mu sync.Mutex
	var all trial
	runSite := func(n int) {
		mu.Lock()
		over := err != nil || untilFailure && all.res.Failures > 0
		mu.Unlock()
		if over {
			return
		}
		t := trial{untilFailure: untilFailure}
		bad := t.at(ctx, s, place{dir, n, seed + uint64(n*perSite), mutation}, min(perSite, cycles-n*perSite))
		mu.Lock()
		defer mu.Unlock()
		all.add(t)
		err = errors.Join(err, bad)
	}
	sites := make(chan int)
	var workers sync.WaitGroup
	for range parallelSites(untilFailure) {
		workers.Go(func() {
			for n := range sites {
				runSite(n)
			}
		})
	}
	for n := range (cycles + perSite - 1) / perSite {
		sites <- n
	}
	close(sites)
	workers.Wait()
	return all.result(cycles, s.least), err
}

// parallelSites returns the number of sites that run at a time.
func parallelSites(untilFailure bool) int {
	if untilFailure {
		return 1
	}
	return 2
}

// place is the environment of a site.
type place struct {
	dir      string          // for all sites
	number   int             // of this one
	seed     uint64          // of its load and its faults
	mutation faults.Mutation // what its server is built with
}

// own returns the site's own folder.
func (p place) own() (string, error) {
	dir := filepath.Join(p.dir, fmt.Sprint("site-", p.number))
	return dir, os.Mkdir(dir, 0o700)
}

// trial is one run of faults.
type trial struct {
	res          faults.Result
	untilFailure bool // stop at the first failure

	acked, underWay, refused, asked, jobs int
}

func (t *trial) add(u trial) {
	t.res.Add(u.res)
	t.acked, t.underWay, t.refused, t.asked = t.acked+u.acked, t.underWay+u.underWay, t.refused+u.refused, t.asked+u.asked
	t.jobs += u.jobs
}

func (t *trial) result(cycles int, least minimumWork) faults.Result {
	res := t.res
	res.Record("acknowledged before a fault", t.acked, cycles*ackedMin)
	res.Record("requests under way at a fault", t.underWay, int(float64(cycles)*least.underWay))
	res.Record("attempts asked to retry later", t.refused, int(float64(cycles)*least.refused))
	res.Record("responses requested again", t.asked, cycles)
	if least.jobs > 0 {
		res.Record("jobs ended", t.jobs, int(float64(cycles)*least.jobs))
	}
	return res
}

// at sets up one site and injects the fault once per cycle.
func (t *trial) at(ctx context.Context, s scene, p place, cycles int) (err error) {
	target, err := s.setUp(ctx, p)
	if err != nil {
		return err
	}
	checker := traffic.Checker{ClockJumps: s.clockJumps}
	rng := rand.New(rand.NewPCG(p.seed, 3))
	for i := range cycles {
		err := t.once(ctx, target, &checker, rng)
		if i > 0 && errors.Is(err, traffic.ErrStalled) {
			t.res.Fail("I12: after fault %d of site %d: %v", i, p.number, err)
			break
		}
		if err != nil {
			if jobLoad := target.jobLoad(); jobLoad != nil {
				jobLoad.Abandon()
			}
			_ = target.close()
			return fmt.Errorf("fault %d of site %d: %w", t.res.Trials, p.number, err)
		}
		if t.untilFailure && t.res.Failures > 0 {
			break
		}
	}
	if jobLoad := target.jobLoad(); jobLoad != nil {
		err = t.finishJobs(ctx, target, jobLoad)
	}
	err = errors.Join(err, target.close())
	for _, c := range target.faults() {
		t.res.Fail("%s", c)
	}
	return err
}

// jobsLimit is how long jobs may take to end after the last fault.
const jobsLimit = time.Minute

// finishJobs lets the jobs end, and compares them with the database.
func (t *trial) finishJobs(ctx context.Context, target site, jobLoad *jobload.Load) error {
	meter := faults.Measure()
	if t.res.Failures > 0 {
		jobLoad.Abandon()
		return nil
	}
	if err := jobLoad.Finish(jobsLimit); err != nil {
		t.res.Late(meter, "%v", err)
	}
	t.jobs += jobLoad.Ended()
	if err := target.settle(ctx); err != nil {
		return err
	}
	defer target.resume(ctx)
	wrong, err := jobLoad.Check(ctx, target.url())
	if err != nil {
		return err
	}
	unsound, err := dbcheck.Check(ctx, target.url())
	for _, w := range append(wrong, unsound...) {
		t.res.Fail("%s", w)
	}
	return err
}

func (t *trial) once(ctx context.Context, target site, checker *traffic.Checker, rng *rand.Rand) error {
	t.res.Trials++
	load := target.clients().Begin(ctx, target.server())
	if err := load.Await(ctx, ackedMin); err != nil {
		return errors.Join(err, load.End(ctx))
	}
	t.acked += load.Wrote()
	faultStart, over, err := target.injectFault(ctx, load, rng)
	if err != nil {
		return err
	}
	meter := faults.Measure()
	if _, ok := load.NextWrite(over, target.server(), promised); !ok {
		t.res.Late(meter, "I12: nothing was written within %v of the fault's end", promised)
	}
	meter = faults.Measure()
	if err := load.End(ctx); err != nil {
		t.res.Late(meter, "I12: %v", err)
		return ctx.Err()
	}
	if err := target.settle(ctx); err != nil {
		return err
	}
	t.underWay += load.UnderWay(faultStart)
	t.refused += load.Refused()
	defer target.resume(ctx)
	return t.compare(ctx, target, checker)
}

// replays is how many replies are requested again after each fault.
const replays = 50

// compare compares the database with the replies, and requests some of them again.
func (t *trial) compare(ctx context.Context, target site, checker *traffic.Checker) error {
	asked, replayed := target.clients().Replay(ctx, replays, target.server())
	t.asked += asked
	wrong, err := checker.Check(ctx, target.url(), target.clients().Journal)
	if err != nil {
		return err
	}
	unsound, err := dbcheck.Check(ctx, target.url())
	if err != nil {
		return err
	}
	var jobs []string
	if jobLoad := target.jobLoad(); jobLoad != nil {
		jobs, err = jobLoad.Check(ctx, target.url())
	}
	for _, w := range slices.Concat(wrong, replayed, unsound, jobs) {
		t.res.Fail("%s", w)
	}
	return err
}

// failing returns a control: the same faults on a server with a planted bug, until the harness
// fails.
func failing(ctx context.Context, what string, s scene, mutation faults.Mutation, seed uint64) (faults.Control, error) {
	return faults.Until(ctx, what, 1, seed, faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
		return s.run(ctx, mutation, controlCycles, seed, true)
	}))
}
