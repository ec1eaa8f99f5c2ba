// Package failover kills the primary of a PostgreSQL with a synchronous standby and promotes
// the standby, again and again, while two Simferry servers find the new primary on their own.
// Acknowledged work must be there (I5), once (I6) and sound (I1 to I4, I8, I13), and writes
// must resume within the promised time (I12).
package failover

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/rest"
	"github.com/simferry/simferry/internal/test/faults/traffic"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// Harness is the failover harness.
var Harness = faults.Harness{
	Name: "failover", Run: run,
	Summary: "kills a PostgreSQL primary under load and promotes its synchronous standby; two servers find it by themselves",
}

const (
	// promised is the time within which every server writes again after a promotion, and within
	// which /readyz reports the loss of the primary.
	promised = 5 * time.Second

	// again is how long clients repeat unanswered requests after a crash, once as many of them wait
	// as before, or after askAgain.
	again    = time.Second
	askAgain = 10 * time.Second

	// jobsAtOnce is how many transactions of jobs may be under way.
	jobsAtOnce = 4
	// offersAtOnce is how many transactions of offers may be under way, at least.
	offersAtOnce = 1
	// jobsLimit is how long jobs, and offers, may take to end after the last failover.
	jobsLimit = time.Minute

	clients  = 8
	ackedMin = 40 // successes before each kill; with fewer a failover proves nothing
)

func run(ctx context.Context, size faults.Size, seed uint64) (res faults.Result, err error) {
	return failOvers(ctx, faults.Mutation{}, size.Of(2, 200, 1), seed, size != faults.Probe)
}

// Double runs one failover with two faults on a program with a mutation.
func Double(ctx context.Context, mutation faults.Mutation, seed uint64) (faults.Result, error) {
	return failOvers(ctx, mutation, 1, seed, false)
}

func failOvers(ctx context.Context, mutation faults.Mutation, n int, seed uint64, controlled bool) (res faults.Result, err error) {
	binary, err := faults.Build(ctx, mutation)
	if err != nil {
		return res, err
	}
	p, err := setUp(ctx, binary, seed)
	if err != nil {
		return res, err
	}
	defer p.remove()
	t := &trial{pair: p, res: &res}
	for i := range n {
		if err := t.once(ctx); err != nil {
			return res, fmt.Errorf("failover %d: %w", i+1, err)
		}
	}
	if err := t.finishJobs(ctx); err != nil {
		return res, err
	}
	if err := t.wholeJournal(ctx); err != nil {
		return res, err
	}
	res.Record("acknowledged before a kill", t.acked, n*ackedMin)
	res.Record("requests under way at a kill", t.underWay, n)
	res.Record("of them after a crash with the standby cut off", t.doubles, (n+1)/2)
	res.Record("attempts asked to retry later", t.refused, n/2)
	res.Record("answers asked for again", t.replayed, n)
	res.Record("jobs under way at a kill", t.jobs, n)
	res.Record("jobs ended", p.jobLoad.Ended(), n)
	res.Record("offers open at a kill", t.offers, n/2)
	res.Record("offers ended", p.offerLoad.Ended(), n)
	if controlled {
		res.Control, err = faults.Until(ctx, "an asynchronous standby with a stalled receiver", controls, seed, p.control)
	}
	return res, err
}

// trial is a run of several failovers.
type trial struct {
	*pair
	res     *faults.Result
	checker traffic.Checker

	acked, underWay, refused, doubles, jobs, offers, replayed int
}

// once runs one failover under load, compares, and restores the pair of databases.
func (t *trial) once(ctx context.Context) error {
	t.res.Trials++
	load := t.clients.Begin(ctx, t.urls()...)
	if err := load.Await(ctx, ackedMin); err != nil {
		return err
	}
	t.acked += load.Wrote()
	t.jobs += t.jobLoad.Made() - t.jobLoad.Ended()
	t.offers += t.offerLoad.Open()
	killed, err := t.failOver(ctx, load)
	if err != nil {
		return err
	}
	before := load.Wrote()
	if err := load.Await(ctx, before+ackedMin); err != nil {
		return err
	}
	if err := load.End(ctx); err != nil {
		return err
	}
	t.underWay += load.UnderWay(killed)
	t.refused += load.Refused()
	if err := t.compare(ctx); err != nil {
		return err
	}
	return t.rebuild(ctx)
}

// failOver kills, promotes and measures the time. In every second failover the promotion waits
// until clients have got a Retry-After, so that a server cannot hide the gap from them. In the
// others the primary has crashed and come back before, with the standby cut off.
func (t *trial) failOver(ctx context.Context, load *traffic.Load) (killed time.Time, err error) {
	if t.res.Trials%2 == 1 {
		return t.double(ctx, load)
	}
	killed = time.Now()
	meter := faults.Measure()
	if err := t.kill(); err != nil {
		return killed, err
	}
	for i, url := range t.urls() {
		if took, ok := t.readiness(ctx, url, killed, http.StatusServiceUnavailable); !ok {
			t.res.Late(meter, "I12: /readyz of server %d did not turn within %v of the primary's end", i, took)
		}
	}
	for t.res.Trials%2 == 0 && load.Refused() == 0 && ctx.Err() == nil && time.Since(killed) < time.Minute {
		faults.Pause(ctx, 10*time.Millisecond)
	}
	return killed, t.takeOver(ctx, load)
}

// double injects two faults in a row. The standby's receiver stops, so that clients wait for work
// that the primary has already written. The primary crashes and comes back with that work, and the
// clients repeat their requests. No client may get a success, because then the primary is lost and
// the standby never received the work.
func (t *trial) double(ctx context.Context, load *traffic.Load) (killed time.Time, err error) {
	resume, err := stall(ctx, t.standby.URL("postgres"))
	if err != nil {
		return killed, err
	}
	if err := t.hanging(ctx, clients/4+jobsAtOnce+offersAtOnce, time.Minute); err != nil {
		return killed, err
	}
	defer t.jobLoad.DoNotRead()()
	defer t.offerLoad.DoNotRead()()
	if err := errors.Join(t.primary.Stop(pgtest.Immediate), t.primary.Restart()); err != nil {
		return killed, err
	}
	if err := t.hanging(ctx, 1, time.Minute); err != nil {
		return killed, err
	}
	// The other clients send their requests. On a busy machine that takes longer; some may wait for
	// each other.
	_ = t.hanging(ctx, clients/4+jobsAtOnce+offersAtOnce, askAgain)
	faults.Pause(ctx, again)
	t.doubles++
	killed = time.Now()
	if err := errors.Join(t.kill(), resume()); err != nil {
		return killed, err
	}
	return killed, t.takeOver(ctx, load)
}

// takeOver promotes the standby and measures the time.
func (t *trial) takeOver(ctx context.Context, load *traffic.Load) error {
	if err := t.promote(ctx); err != nil {
		return err
	}
	promoted, meter := time.Now(), faults.Measure()
	for i, url := range t.urls() {
		if took, ok := load.NextWrite(promoted, url, promised); !ok {
			t.res.Late(meter, "I12: server %d has not written within %v of the promotion", i, took)
		}
		if took, ok := t.readiness(ctx, url, promoted, http.StatusOK); !ok {
			t.res.Late(meter, "I12: /readyz of server %d is not back %v after the promotion", i, took)
		}
	}
	return nil
}

// readiness waits until a server's /readyz returns a status.
func (t *trial) readiness(ctx context.Context, url string, since time.Time, want int) (took time.Duration, ok bool) {
	for time.Since(since) < promised && ctx.Err() == nil {
		if rest.Ready(ctx, url) == want {
			return time.Since(since), true
		}
		faults.Pause(ctx, 10*time.Millisecond)
	}
	return time.Since(since), false
}

// finishJobs lets the jobs and the offers end, and compares them with the database.
func (t *trial) finishJobs(ctx context.Context) error {
	meter := faults.Measure()
	for _, err := range []error{t.jobLoad.Finish(jobsLimit), t.offerLoad.Finish(jobsLimit)} {
		if err != nil {
			t.res.Late(meter, "%v", err)
		}
	}
	return t.compare(ctx)
}

// replays is how many replies are requested again after each failover.
const replays = 50

func (t *trial) compare(ctx context.Context) error {
	asked, replayed := t.clients.Replay(ctx, replays, t.urls()...)
	t.replayed += asked
	wrong, err := t.checker.Check(ctx, t.url(), t.clients.Journal)
	if err != nil {
		return err
	}
	unsound, err := dbcheck.Check(ctx, t.url())
	if err != nil {
		return err
	}
	jobs, err := t.jobLoad.Check(ctx, t.url())
	offers, bad := t.offerLoad.Check(ctx, t.url())
	for _, w := range slices.Concat(wrong, replayed, unsound, jobs, offers) {
		t.res.Fail("%s", w)
	}
	return errors.Join(err, bad)
}

// wholeJournal checks, after all failovers, everything that was acknowledged before any of
// them.
func (t *trial) wholeJournal(ctx context.Context) error {
	var whole traffic.Checker
	wrong, err := whole.Check(ctx, t.url(), t.clients.Journal)
	for _, w := range wrong {
		t.res.Fail("at the end: %s", w)
	}
	return err
}
