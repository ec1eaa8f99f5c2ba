// Package kill kills servers with SIGKILL in the middle of their work, again and again on the
// same database, and then counts: everything acknowledged is there, once, and nothing that was
// refused.
package kill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/mutants"
	"github.com/simferry/simferry/internal/test/faults/proc"
)

const (
	longest     = 40 * time.Millisecond // of load before a kill
	answerLimit = 2 * time.Second
	chainLimit  = 30 * time.Second

	perEpoch = 500 // cycles on one database; its check reads all of it
	perProbe = 10  // the same for a mutation, which should be found soon
)

// fixture is one database, the servers over it, and the clients.
type fixture struct {
	binary, dir string
	site        site
	random      *rand.Rand
	work        work
	servers     []*proc.Server
	res         *faults.Result

	kills, inside, flying int // servers killed, inside a write transaction, with a request in flight
}

// work is what clients do with the servers of an arena.
type work interface {
	// begin fills the database. Call it before the servers start.
	begin(ctx context.Context) error
	// signIn makes the clients ready. Call it once the servers run.
	signIn(ctx context.Context) error
	// load lets the clients work until stop, in one cycle.
	load(ctx context.Context)
	stop() error
	// restarted is called when servers that were killed run again.
	restarted(ctx context.Context) error
	// acknowledged counts the changes that were acknowledged.
	acknowledged() int
	inFlight() bool
	// settle ends the requests and jobs that are under way. An error is a failure of progress
	// (I12).
	settle(ctx context.Context) error
	// check compares the database with what was acknowledged. The servers are stopped.
	check(ctx context.Context) error
	close() error
}

// site is a database. Its engine decides how to see which transactions a server has open.
type site interface {
	// url returns the database's URL as the server of that number uses it.
	url(server int) string
	// inside reports whether a frozen server is inside a transaction that writes.
	inside(ctx context.Context, server int, frozen *proc.Server) (bool, error)
	// logErrors reports the errors that the database itself logged.
	logErrors(ctx context.Context, fail func(format string, args ...any)) error
	close() error
}

// engine makes sites.
type engine struct {
	servers int
	open    func(ctx context.Context, dir string) (site, error)
	work    func(a *fixture, seed uint64) work
}

// run runs cycles in epochs, each with its own database, until one fails.
func run(ctx context.Context, e engine, mutation faults.Mutation, cycles int, seed uint64) (res faults.Result, err error) {
	perEpoch := perEpoch
	if !mutation.IsZero() {
		perEpoch = perProbe
	}
	dir, err := os.MkdirTemp("", "trust-kill-")
	if err != nil {
		return res, err
	}
	binary, err := faults.Build(ctx, mutation)
	if err != nil {
		return res, err
	}
	for n := 0; n < cycles && err == nil && res.Failures == 0; n += perEpoch {
		var part faults.Result
		part, err = e.run(ctx, binary, filepath.Join(dir, fmt.Sprint("epoch", n/perEpoch)), min(perEpoch, cycles-n), seed+uint64(n))
		res.Add(part)
	}
	if mutation.IsZero() && (err != nil || res.Failures > 0) {
		res.First = append(res.First, "the journal, the log and a database on SQLite are in "+dir)
		return res, err
	}
	return res, errors.Join(err, os.RemoveAll(dir))
}

// controlCycles is the most kills of the control. A few dozen are usually enough: a kill must
// come between the effect and its key, and the client must repeat the request.
const controlCycles = 600

// control runs a program that stores the reply under a key after its commit.
func control(e engine) func(context.Context, faults.Size, uint64) (faults.Control, error) {
	return func(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
		return faults.Until(ctx, "a program that stores keys in a transaction of their own", 1, seed,
			faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
				return run(ctx, e, mutants.MustFind("key_outside"), controlCycles, seed)
			}))
	}
}

func (e engine) run(ctx context.Context, binary, dir string, cycles int, seed uint64) (res faults.Result, err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return res, err
	}
	site, err := e.open(ctx, dir)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, site.close()) }()
	a := &fixture{
		binary: binary, dir: dir, site: site, random: rand.New(rand.NewPCG(seed, 0)), res: &res,
		servers: make([]*proc.Server, e.servers),
	}
	a.work = e.work(a, seed)
	if err := a.begin(ctx); err != nil {
		return res, errors.Join(err, a.killAll())
	}
	for range cycles {
		if err := a.cycle(ctx); err != nil {
			return res, errors.Join(err, a.killAll())
		}
	}
	return res, a.end(ctx, cycles)
}

func (a *fixture) begin(ctx context.Context) error {
	if err := a.work.begin(ctx); err != nil {
		return err
	}
	if err := a.start(ctx); err != nil {
		return err
	}
	return a.work.signIn(ctx)
}

// urls returns the addresses of the servers.
func (a *fixture) urls() []string {
	urls := make([]string, len(a.servers))
	for i, s := range a.servers {
		urls[i] = s.URL
	}
	return urls
}

// start starts the servers that are not running.
func (a *fixture) start(ctx context.Context) (err error) {
	for i, s := range a.servers {
		if s != nil && s.Running() {
			continue
		}
		a.servers[i], err = proc.Serve(ctx, proc.Options{Binary: a.binary, Database: a.site.url(i), Log: filepath.Join(a.dir, "log")})
		if err != nil {
			return err
		}
	}
	return nil
}

// cycle runs load, kills a server and restarts it. If one of two servers survives, the load
// continues for a while.
func (a *fixture) cycle(ctx context.Context) error {
	a.work.load(ctx)
	if a.kills%2 == 1 {
		a.awaitAnswer(ctx)
	}
	faults.Pause(ctx, upTo(a.random, longest))
	err := a.kill(ctx)
	if err == nil && len(a.running()) > 0 {
		faults.Pause(ctx, upTo(a.random, longest))
	}
	err = errors.Join(err, a.work.stop())
	if err == nil {
		err = a.start(ctx)
	}
	if err == nil {
		err = a.work.restarted(ctx)
	}
	return errors.Join(err, ctx.Err())
}

// awaitAnswer makes every second cycle begin with a reply, however slow the machine is: work
// that is never acknowledged cannot be lost.
func (a *fixture) awaitAnswer(ctx context.Context) {
	before := a.work.acknowledged()
	for until := time.Now().Add(answerLimit); a.work.acknowledged() == before && time.Now().Before(until); {
		faults.Pause(ctx, time.Millisecond)
	}
}

func upTo(r *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(most) + 1))
}

func (a *fixture) running() (list []*proc.Server) {
	for _, s := range a.servers {
		if s != nil && s.Running() {
			list = append(list, s)
		}
	}
	return list
}

// kill freezes one server or all, checks what it was doing, and kills it.
func (a *fixture) kill(ctx context.Context) error {
	only := a.random.IntN(len(a.servers) + 1) // the last number means all of them
	for i, s := range a.servers {
		if only < len(a.servers) && i != only {
			continue
		}
		if err := s.Freeze(); err != nil {
			return err
		}
		open, err := a.site.inside(ctx, i, s)
		if err != nil {
			return err
		}
		a.kills++
		if open {
			a.inside++
		}
		if a.work.inFlight() {
			a.flying++
		}
		if err := s.Kill(); err != nil {
			return err
		}
	}
	return nil
}

func (a *fixture) killAll() (err error) {
	for _, s := range a.running() {
		err = errors.Join(err, s.Kill())
	}
	return err
}

// end settles open requests, stops the servers and counts.
func (a *fixture) end(ctx context.Context, cycles int) error {
	meter := faults.Measure()
	if err := a.work.settle(ctx); err != nil {
		a.res.Late(meter, "%v", err)
	}
	if err := dbcheck.AwaitChain(ctx, a.site.url(0), chainLimit); err != nil {
		a.res.Late(meter, "%v", err)
	}
	for _, s := range a.running() {
		if err := s.Stop(ctx); err != nil {
			return err
		}
	}
	if err := a.work.check(ctx); err != nil {
		return err
	}
	if err := dbcheck.Fsck(ctx, a.binary, a.site.url(0), a.res.Fail); err != nil {
		return err
	}
	if err := a.site.logErrors(ctx, a.res.Fail); err != nil {
		return err
	}
	a.res.Trials = cycles
	a.res.Record("changes acknowledged", a.work.acknowledged(), cycles*leastAcknowledged/100)
	a.res.Record("kills", a.kills, cycles)
	a.res.Record("of them inside an open transaction", a.inside, a.kills*leastInside/100)
	a.res.Record("of them with a request on its way", a.flying, a.kills*leastFlying/100)
	return a.work.close()
}

// Below these a run is void.
const (
	leastAcknowledged = 50 // changes per hundred cycles; on an idle machine it is more than one for each
	leastInside       = 15 // per cent of the kills
	leastFlying       = 80 // per cent of the kills
)
