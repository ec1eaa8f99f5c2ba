// Package linear lets clients compete for a few SIMs and checks with porcupine whether their
// replies are linearizable, with a reader of totals beside them. It runs the tests of
// internal/test/model at the harness's size.
package linear

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/gotest"
)

// Harness runs concurrent histories on SQLite, PostgreSQL, and two servers on PostgreSQL.
var Harness = faults.Harness{
	Name:    "linear",
	Summary: "concurrent histories over few SIMs, judged by porcupine, and totals read beside the load, on both engines",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return Run(ctx, faults.Mutation{}, size.Of(50, 1000, 5), seed)
	},
	Control: control,
}

// Run runs histories on each engine, against a program with a mutation.
func Run(ctx context.Context, mutation faults.Mutation, histories int, seed uint64) (res faults.Result, err error) {
	test, err := gotest.Build(ctx, "internal/test/model", mutation)
	if err != nil {
		return res, err
	}
	env := []string{fmt.Sprintf("SIMFERRY_HISTORIES=%d", histories), fmt.Sprintf("SIMFERRY_HISTORY_SEED=%d", seed)}
	out, err := test.Run(ctx, "^TestLinearizability$", env)
	if err != nil {
		return res, err
	}
	res.Trials = out.Sum("histories")
	res.Record("migrations", out.Sum("migrations"), res.Trials)
	res.Record("refused", out.Sum("refused"), res.Trials)
	res.Record("totals read", out.Sum("lists"), res.Trials)
	err = out.Judge(&res)
	return res, err
}

// control runs a test that passes if the checks fail as intended.
func control(ctx context.Context, _ faults.Size, _ uint64) (faults.Control, error) {
	c := faults.Control{What: "a move in two transactions, and a SIM on its way"}
	test, err := gotest.Build(ctx, "internal/test/model", faults.Mutation{})
	if err != nil {
		return c, err
	}
	out, err := test.Run(ctx, "^TestLinearizabilityControl$", nil)
	c.Failed = out.Passed
	return c, err
}
