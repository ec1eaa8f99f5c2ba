// Package model is the harness that sends the same random requests to a server on SQLite,
// a server on PostgreSQL and an independent model of the contract: internal/modeltest, at
// the harness's size.
package model

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/simferry/simferry/internal/trust"
	"github.com/simferry/simferry/internal/trust/gotest"
	"github.com/simferry/simferry/internal/trust/mutants"
)

// Harness is the model beside both engines.
var Harness = trust.Harness{
	Name: "model",
	Does: "random requests to SQLite, PostgreSQL and a model of the contract: alike in every status, body and row",
	Run: func(ctx context.Context, size trust.Size, seed uint64) (trust.Result, error) {
		return Run(ctx, trust.Mutation{}, size.Of(5000, 1_000_000, 600), seed)
	},
	Control: control,
}

// A long run is several, of which two are at work at a time: a request waits for its answers,
// and leaves a processor to others. Each draws by its own seed, from that of the whole on.
const (
	perRun = 50_000
	atOnce = 2
)

// Run tries about so many actions against a program with a mutation.
func Run(ctx context.Context, mutation trust.Mutation, actions int, seed uint64) (res trust.Result, err error) {
	test, err := gotest.Build(ctx, "internal/modeltest", mutation)
	if err != nil {
		return res, err
	}
	var mu sync.Mutex
	runs, ctx := errgroup.WithContext(ctx)
	runs.SetLimit(atOnce)
	for n := range (actions + perRun - 1) / perRun {
		runs.Go(func() error {
			part, err := once(ctx, test, min(perRun, actions-n*perRun), seed+uint64(n)<<32)
			mu.Lock()
			defer mu.Unlock()
			res.Add(part)
			return err
		})
	}
	err = runs.Wait()
	return res, err
}

// once is one run of the test. Its checks that follow one another have seeds that do so too.
func once(ctx context.Context, test gotest.Program, actions int, seed uint64) (res trust.Result, err error) {
	out, err := test.Run(ctx, "^TestModel$", []string{fmt.Sprintf("SIMFERRY_MODEL_ACTIONS=%d", actions)},
		fmt.Sprintf("-rapid.seed=%d", seed), "-rapid.shrinktime=1ms")
	if err != nil {
		return res, err
	}
	res.Trials = out.Sum("actions")
	res.Did("actions", res.Trials, actions)
	err = out.Judge(&res)
	return res, err
}

// controls is how often the control is tried: in 900 actions there are dozens of runs of
// previews, of which any that is out of date tells.
const controls = 10

// control is a model that meets a server which does not look at If-Match.
func control(ctx context.Context, _ trust.Size, seed uint64) (trust.Control, error) {
	return trust.Until(ctx, "a server that ignores If-Match", controls, seed,
		trust.Complains(func(ctx context.Context, seed uint64) (trust.Result, error) {
			return Run(ctx, mutants.MustFind("match_ignored"), 900, seed)
		}))
}
