// Package model is the harness that sends the same random requests to a server on SQLite,
// a server on PostgreSQL and an independent model of the contract: internal/modeltest, at
// the harness's size.
package model

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/trust"
	"github.com/simferry/simferry/internal/trust/gotest"
)

// Harness is the model beside both engines.
var Harness = trust.Harness{
	Name: "model",
	Does: "random requests to SQLite, PostgreSQL and a model of the contract: alike in every status, body and row",
	Run: func(ctx context.Context, size trust.Size, seed uint64) (trust.Result, error) {
		res, err := Run(ctx, "", size.Of(5000, 1_000_000, 600), seed)
		if err == nil && size != trust.Probe {
			res.Control, err = control(ctx, seed)
		}
		return res, err
	},
}

// Run tries about so many actions against what is built with some tags.
func Run(ctx context.Context, tags string, actions int, seed uint64) (res trust.Result, err error) {
	test, err := gotest.Build(ctx, "internal/modeltest", tags)
	if err != nil {
		return res, err
	}
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
func control(ctx context.Context, seed uint64) (trust.Control, error) {
	return trust.Until(ctx, "a server that ignores If-Match", controls, seed,
		trust.Complains(func(ctx context.Context, seed uint64) (trust.Result, error) {
			return Run(ctx, "planted_match_ignored", 900, seed)
		}))
}
