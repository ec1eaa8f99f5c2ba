package jobload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/rest"
)

// Load simulates users who create jobs, one after the other in each lane. It records the responses.
type Load struct {
	jobs, movers *rest.User
	acts         bool
	closing      atomic.Bool
	ended        atomic.Int64
	actions      atomic.Int64
	stop         context.CancelFunc
	wg           sync.WaitGroup
	reading      sync.RWMutex // read-locked while jobs are read

	mu        sync.Mutex
	made      []*job
	anomalies []string // replies that no user should get
}

// Options of a crew.
type Options struct {
	Seed uint64
	URLs []string // of the servers
	Acts bool     // jobs are paused, resumed and cancelled, and another user moves SIMs of the last lane
	Few  bool     // there are two lanes only, so that the database grows slowly
}

// Begin signs in and starts a lane for each block of SIMs.
func Begin(ctx context.Context, o Options) (*Load, error) {
	c := &Load{jobs: rest.NewUser(username, password, 2*lanes), movers: rest.NewUser(mover, password, 2*lanes), acts: o.Acts}
	c.At(o.URLs...)
	for _, u := range []*rest.User{c.jobs, c.movers} {
		if err := u.SignIn(ctx, o.URLs[0]); err != nil {
			return nil, err
		}
	}
	ctx, c.stop = context.WithCancel(ctx)
	most := lanes
	if o.Few {
		most = 2
	}
	for n := range most {
		l := &lane{load: c, number: n, random: rand.New(rand.NewPCG(o.Seed, uint64(n))), homes: workspaces[:1]}
		if l.contested = o.Acts && n == lanes-1; l.contested {
			l.homes = nil
			c.wg.Go(func() { c.contest(ctx, n, rand.New(rand.NewPCG(o.Seed, lanes))) })
		}
		c.wg.Go(func() { l.run(ctx) })
	}
	return c, nil
}

// At sets the addresses of the servers from now on.
func (c *Load) At(urls ...string) {
	c.jobs.At(urls...)
	c.movers.At(urls...)
}

// DoNotRead stops the reading of jobs until resume. A primary that has crashed and come back shows
// work that its standby has never received: what is read there is not acknowledged.
func (c *Load) DoNotRead() (resume func()) {
	c.reading.Lock()
	return c.reading.Unlock
}

// Hold waits until no request is on its way, and sends none until resume.
func (c *Load) Hold() (resume func()) {
	jobs, movers := c.jobs.Hold(), c.movers.Hold()
	return func() {
		jobs()
		movers()
	}
}

// contest moves single SIMs of a lane away while its jobs run.
func (c *Load) contest(ctx context.Context, lane int, rng *rand.Rand) {
	for ctx.Err() == nil && !c.closing.Load() {
		sim, to := firstSIM+lane*laneSIMs+rng.IntN(laneSIMs), workspaces[rng.IntN(len(workspaces))]
		body := fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, to, sim)
		c.movers.Send(context.WithoutCancel(ctx), rng, http.MethodPost, "/api/v1/sim/migration/workspace", body, "")
		faults.Pause(ctx, rest.Between)
	}
}

func (c *Load) add(j *job) { c.update(func() { c.made = append(c.made, j) }) }

func (c *Load) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func (c *Load) addAnomaly(format string, args ...any) {
	c.update(func() { c.anomalies = append(c.anomalies, fmt.Sprintf(format, args...)) })
}

// Ended counts the jobs that were seen to end.
func (c *Load) Ended() int { return int(c.ended.Load()) }

// Actions counts the pauses, resumptions and cancellations that were acknowledged.
func (c *Load) Actions() int { return int(c.actions.Load()) }

// InFlight reports whether a request is on its way.
func (c *Load) InFlight() bool { return c.jobs.InFlight() || c.movers.InFlight() }

// Made counts the jobs that were acknowledged.
func (c *Load) Made() (n int) {
	c.update(func() {
		for _, j := range c.made {
			if j.id != 0 {
				n++
			}
		}
	})
	return n
}

// Await waits until n jobs have ended.
func (c *Load) Await(ctx context.Context, n int, limit time.Duration) error {
	for began := time.Now(); c.Ended() < n; faults.Pause(ctx, rest.Between) {
		if time.Since(began) > limit || ctx.Err() != nil {
			return fmt.Errorf("I12: %d of %d jobs have ended after %v", c.Ended(), n, limit)
		}
	}
	return nil
}

// Finish lets the jobs that were made end, and makes no new ones. An error is a failure of
// progress (I12).
func (c *Load) Finish(limit time.Duration) error {
	c.closing.Store(true)
	over := time.AfterFunc(limit, c.stop)
	c.wg.Wait()
	over.Stop()
	c.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range c.made {
		if j.id != 0 && j.state == "" {
			return fmt.Errorf("I12: job %d has not ended %v after the fault", j.id, limit)
		}
	}
	return nil
}

// Abandon ends the crew at once.
func (c *Load) Abandon() {
	c.closing.Store(true)
	c.stop()
	c.wg.Wait()
}

// Anomalies returns the replies that no user should get.
func (c *Load) Anomalies() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.anomalies)
}
