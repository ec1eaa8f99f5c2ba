// Package model sends the same random requests to a server on SQLite, a server on PostgreSQL
// and an independent model of the contract. It runs the tests of internal/test/model at the
// harness's size.
package model

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/gotest"
	"github.com/simferry/simferry/internal/test/faults/mutants"
)

// Harness runs the model beside both engines.
var Harness = faults.Harness{
	Name:    "model",
	Summary: "random requests to SQLite, PostgreSQL and a model of the contract: alike in every status, body and row",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return Run(ctx, faults.Mutation{}, size.Of(5000, 1_000_000, 600), seed)
	},
	Control: control,
}

// A long run consists of several, two at a time: a request waits for its replies and leaves a
// processor idle. Each has its own seed, derived from the seed of the whole.
const (
	perRun = 50_000
	atOnce = 2
)

// Run tries about this number of actions against a program with a mutation.
func Run(ctx context.Context, mutation faults.Mutation, actions int, seed uint64) (res faults.Result, err error) {
	test, err := gotest.Build(ctx, "internal/test/model", mutation)
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

// once runs the test once. Consecutive checks have consecutive seeds.
func once(ctx context.Context, test gotest.Program, actions int, seed uint64) (res faults.Result, err error) {
	out, err := test.Run(ctx, "^TestModel$", []string{fmt.Sprintf("SIMFERRY_MODEL_ACTIONS=%d", actions)},
		fmt.Sprintf("-rapid.seed=%d", seed), "-rapid.shrinktime=1ms")
	if err != nil {
		return res, err
	}
	res.Trials = out.Sum("actions")
	res.Record("actions", res.Trials, actions)
	err = out.Judge(&res)
	return res, err
}

// controls is how often the control is tried. 900 actions contain dozens of real runs of
// previews, and one stale preview is enough.
const controls = 10

// control runs the model against a server that ignores If-Match.
func control(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
	return faults.Until(ctx, "a server that ignores If-Match", controls, seed,
		faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
			return Run(ctx, mutants.MustFind("match_ignored"), 900, seed)
		}))
}
