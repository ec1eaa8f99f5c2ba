package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/mutants"
	"github.com/simferry/simferry/internal/test/faults/proc"
)

// Race is the harness of users who act on jobs while chunks are moved.
var Race = faults.Harness{
	Name:    "jobs-race",
	Summary: "jobs are paused, resumed and cancelled while their chunks are moved, and another user moves their SIMs; on both engines",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (res faults.Result, err error) {
		for _, postgres := range []bool{false, true} {
			part, broken := Act(ctx, faults.Mutation{}, postgres, size.Of(100, 5000, 10), seed)
			res.Add(part)
			err = errors.Join(err, broken)
		}
		return res, err
	},
	Control: func(ctx context.Context, _ faults.Size, seed uint64) (faults.Control, error) {
		return faults.Until(ctx, "a program that does not lock a job before it is paused or cancelled", races, seed,
			faults.FailsWith(func(ctx context.Context, seed uint64) (faults.Result, error) {
				return Act(ctx, mutants.MustFind("job_action_unlocked"), true, actions, seed)
			}))
	},
}

const (
	races   = 10  // how often the control is tried
	actions = 100 // in each try
	maxTime = 5 * time.Minute
)

// Act runs jobs until users have acted on them the given number of times.
func Act(ctx context.Context, mutation faults.Mutation, postgres bool, times int, seed uint64) (res faults.Result, err error) {
	binary, err := faults.Build(ctx, mutation)
	if err != nil {
		return res, err
	}
	s := &site{binary: binary, res: &res}
	defer func() { err = errors.Join(err, s.remove()) }()
	o := jobload.Options{Seed: seed, Acts: true}
	if postgres {
		s.servers = make([]*proc.Server, 2)
		err = s.onPostgres(ctx, o)
	} else {
		s.servers = make([]*proc.Server, 1)
		err = s.onSQLite(ctx, o)
	}
	if err != nil {
		return res, err
	}
	for began := time.Now(); s.jobLoad.Actions() < times && len(s.jobLoad.Anomalies()) == 0 && time.Since(began) < maxTime && ctx.Err() == nil; {
		faults.Pause(ctx, 10*time.Millisecond)
	}
	if err := s.end(ctx); err != nil {
		return res, err
	}
	res.Trials = s.jobLoad.Actions()
	res.Record("pauses, resumptions and cancellations", res.Trials, times)
	res.Record("jobs ended", s.jobLoad.Ended(), times/20)
	return res, ctx.Err()
}
