// Package outbox kills servers while they deliver mails. Mails are rows, written by the
// transactions that cause them: each arrives, none before its transaction has committed, and
// under one id however often it comes (I10).
package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// Harness is the outbox harness.
var Harness = faults.Harness{
	Name:    "outbox",
	Summary: "servers killed with SIGKILL while they deliver mails, to a mail server that puts off and forgets to answer",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return Run(ctx, faults.Mutation{}, size.Of(20, 1000, 4), seed)
	},
	Control: control,
}

const (
	perSite  = 25 // kills of the servers over one database
	perCycle = 4  // requests of a member between two kills
	longest  = 40 * time.Millisecond
	patience = 30 * time.Second
)

// Run kills a program with a mutation the given number of times: one server on SQLite and two on
// PostgreSQL in turn. Both setups run at the same time, because they wait more than they compute.
func Run(ctx context.Context, mutation faults.Mutation, kills int, seed uint64) (res faults.Result, err error) {
	binary, err := faults.Build(ctx, mutation)
	if err != nil {
		return res, err
	}
	dir, err := os.MkdirTemp("", "simferry-trust-")
	if err != nil {
		return res, err
	}
	var mu sync.Mutex
	engines, ctx := errgroup.WithContext(ctx)
	for servers := 1; servers <= 2; servers++ {
		engines.Go(func() error {
			share := (kills + 2 - servers) / 2
			for n := 0; n < share; n += perSite {
				part, err := one(ctx, binary, filepath.Join(dir, fmt.Sprint(servers, "-", n)), servers, min(perSite, share-n), seed+uint64(n))
				mu.Lock()
				res.Add(part)
				failed := res.Failures > 0
				mu.Unlock()
				if err != nil || failed {
					return err
				}
			}
			return nil
		})
	}
	err = engines.Wait()
	if mutation.IsZero() && (err != nil || res.Failures > 0) {
		res.Notes = append(res.Notes, "the logs, and databases on SQLite, are in "+dir)
		return res, err
	}
	return res, errors.Join(err, os.RemoveAll(dir))
}

// controlTries is how often the control is tried. Each has six kills, two in three of them
// during a delivery.
const controlTries = 10

// control runs a program that counts mails as delivered when it begins to send them.
func control(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
	return faults.Until(ctx, "a program that notes a mail as delivered before it sends it", controlTries, seed,
		faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
			return Run(ctx, mutants.MustFind("mail_once"), 6, seed)
		}))
}

// fixture is one site with its people.
type fixture struct {
	*site
	people *people
	random *rand.Rand
	res    *faults.Result
	cut    int // kills during a delivery
}

func one(ctx context.Context, binary, dir string, servers, kills int, seed uint64) (res faults.Result, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return res, err
	}
	s, err := open(ctx, binary, dir, servers, seed)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	a := &fixture{site: s, random: rand.New(rand.NewPCG(seed, 0)), res: &res}
	if a.people, err = newPeople(seed, s.dial); err != nil {
		return res, err
	}
	for range kills {
		if err := a.cycle(ctx); err != nil {
			return res, err
		}
	}
	if err := a.end(ctx); err != nil {
		return res, err
	}
	res.Trials = kills
	res.Record("kills during a delivery", a.cut, kills/3)
	return res, nil
}

// cycle starts servers, lets people invite others, and kills: two times in three all servers
// when a delivery is at a certain stage, otherwise any of them at any time.
func (a *fixture) cycle(ctx context.Context) error {
	isStopped := a.random.IntN(3) > 0
	t := a.mailServer.set(point(a.random.IntN(int(points))), a.random.IntN(3))
	if !isStopped {
		a.mailServer.release()
	}
	if err := a.start(ctx); err != nil {
		return err
	}
	stop := make(chan struct{})
	var working sync.WaitGroup
	for _, m := range a.people.members {
		working.Go(func() { m.work(ctx, stop, perCycle) })
	}
	only := -1
	if isStopped && t.await(ctx) {
		a.cut++
	} else {
		only = a.random.IntN(len(a.servers)+1) - 1
		faults.Pause(ctx, time.Duration(a.random.Int64N(int64(longest))))
	}
	err := a.kill(only)
	close(stop)
	a.mailServer.release()
	working.Wait()
	return errors.Join(err, a.later(ctx, lastAttempt/2), ctx.Err())
}

// end waits for all deliveries, stops the servers, and counts.
func (a *fixture) end(ctx context.Context) error {
	a.mailServer.acceptAll()
	if err := a.start(ctx); err != nil {
		return err
	}
	meter := faults.Measure()
	for _, m := range a.people.members {
		if err := m.settle(ctx); err != nil {
			a.res.Late(meter, "%v", err)
		}
	}
	if err := a.delivered(ctx); err != nil {
		a.res.Late(meter, "%v", err)
	}
	if err := a.compare(ctx); err != nil {
		return err
	}
	if err := dbcheck.AwaitChain(ctx, a.database, patience); err != nil {
		a.res.Late(meter, "%v", err)
	}
	for _, s := range a.servers {
		if err := s.Stop(ctx); err != nil {
			return err
		}
	}
	return dbcheck.Fsck(ctx, a.binary, a.database, a.res.Fail)
}

// delivered waits until every mail is sent.
func (a *fixture) delivered(ctx context.Context) error {
	for until := time.Now().Add(patience); ; faults.Pause(ctx, 100*time.Millisecond) {
		left, err := a.waiting(ctx)
		if err != nil || left == 0 {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("I12: %d mails are neither delivered nor given up after %v", left, patience)
		}
		if err := a.later(ctx, lastAttempt); err != nil {
			return err
		}
	}
}
