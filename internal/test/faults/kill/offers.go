package kill

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/mutants"
	"github.com/simferry/simferry/internal/test/faults/offerload"
)

// OffersSQLite kills the server while offers are made and answered.
var OffersSQLite = faults.Harness{
	Name:    "offers-kill-sqlite",
	Summary: "one server on SQLite with offers between two companies, killed with SIGKILL at any instant and started again",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return OffersOnSQLite(ctx, faults.Mutation{}, size.Of(100, 5000, 12), seed)
	},
	Control: func(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
		return faults.Until(ctx, "a program that records an acceptance after the commit of the move", 1, seed,
			faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
				return OffersOnSQLite(ctx, mutants.MustFind("offer_accepted_after_commit"), controlCycles, seed)
			}))
	},
}

// OffersPostgres kills one of two servers, or both, while offers are made and answered.
var OffersPostgres = faults.Harness{
	Name:    "offers-kill-postgres",
	Summary: "two servers on PostgreSQL with offers between two companies, one of them or both killed with SIGKILL and started again",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return OffersOnPostgres(ctx, faults.Mutation{}, size.Of(60, 1000, 8), seed)
	},
	Control: func(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
		return faults.Until(ctx, "a program that clears the marks of SIMs in a transaction of its own", 1, seed,
			faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
				return OffersOnPostgres(ctx, mutants.MustFind("offer_marks_outside"), controlCycles, seed)
			}))
	},
}

// OffersOnSQLite runs kill cycles on a program with a mutation.
func OffersOnSQLite(ctx context.Context, mutation faults.Mutation, cycles int, seed uint64) (faults.Result, error) {
	return run(ctx, engine{servers: 1, open: openSQLite, work: offersOf}, mutation, cycles, seed)
}

// OffersOnPostgres does what OffersOnSQLite does, with two servers on PostgreSQL.
func OffersOnPostgres(ctx context.Context, mutation faults.Mutation, cycles int, seed uint64) (faults.Result, error) {
	return run(ctx, engine{servers: 2, open: openPostgres, work: offersOf}, mutation, cycles, seed)
}

// offers is work of two users who make and answer offers. It continues over all cycles.
type offers struct {
	*fixture
	seed      uint64
	offerLoad *offerload.Load
	fence     *jobload.Fence // of the jobs that accept large offers
}

func offersOf(a *fixture, seed uint64) work { return &offers{fixture: a, seed: seed} }

func (o *offers) begin(ctx context.Context) (err error) {
	if err := offerload.Seed(ctx, o.binary, o.site.url(0)); err != nil {
		return err
	}
	o.fence, err = jobload.NewFence(ctx, o.site.url(0))
	return err
}

func (o *offers) signIn(ctx context.Context) (err error) {
	o.offerLoad, err = offerload.Begin(ctx, offerload.Options{Seed: o.seed, URLs: o.urls()})
	return err
}

func (o *offers) load(context.Context) {}
func (o *offers) stop() error          { return nil }

// restarted ends the leases of killed servers; see jobs.restarted.
func (o *offers) restarted(ctx context.Context) error {
	err := o.fence.Expire(ctx)
	o.offerLoad.At(o.urls()...)
	return err
}

func (o *offers) acknowledged() int { return o.offerLoad.Acknowledged() }
func (o *offers) inFlight() bool    { return o.offerLoad.InFlight() }

// offersLimit is how long offers may take to end that were open at the last kill.
const offersLimit = time.Minute

func (o *offers) settle(context.Context) error { return o.offerLoad.Finish(offersLimit) }

func (o *offers) check(ctx context.Context) error {
	wrong, err := o.offerLoad.Check(ctx, o.site.url(0))
	for _, w := range wrong {
		o.res.Fail("%s", w)
	}
	o.res.Record("offers ended", o.offerLoad.Ended(), 1)
	return err
}

func (o *offers) close() error { return nil }
