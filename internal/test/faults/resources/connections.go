package resources

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/mutants"
	"github.com/simferry/simferry/internal/test/faults/traffic"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

var connections = scene{
	name: "resources-connections", summary: "connections to PostgreSQL break: before a commit, after it, all at once, for a while",
	setUp: setUpConnections, least: minimumWork{underWay: 0.5},
}

// Connections cuts connections. The control treats a commit whose reply was lost as failed.
var Connections = func() faults.Harness {
	s := connections
	s.control = func(ctx context.Context, seed uint64) (faults.Control, error) {
		return failing(ctx, "a server that guesses what became of a commit", connections, mutants.MustFind("unknown_commit"), seed)
	}
	return s.harness()
}()

// Cut runs the harness on a program with a mutation.
func Cut(ctx context.Context, mutation faults.Mutation, cycles int, seed uint64) (faults.Result, error) {
	return connections.run(ctx, mutation, cycles, seed, true)
}

type connectionSite struct {
	served
	cluster *pgtest.Cluster
	proxy   *pgproxy.Proxy
}

func setUpConnections(ctx context.Context, where place) (site, error) {
	c, url, err := cluster(ctx, nil)
	if err != nil {
		return nil, err
	}
	p, err := pgproxy.Listen(url)
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	s, err := serve(ctx, where, url, p.URL())
	if err != nil {
		p.Close()
		return nil, errors.Join(err, c.Remove())
	}
	return connectionSite{s, c, p}, nil
}

func (s connectionSite) injectFault(ctx context.Context, _ *traffic.Load, rng *rand.Rand) (faultStart, over time.Time, err error) {
	faultStart = time.Now()
	switch rng.IntN(4) {
	case 0:
		err = s.cut(ctx, pgproxy.BeforeCommit)
	case 1, 2:
		err = s.cut(ctx, pgproxy.AfterCommit)
	default:
		s.proxy.Sever(true)
		faults.Pause(ctx, time.Duration(rng.IntN(2500))*time.Millisecond)
		s.proxy.Sever(false)
	}
	return faultStart, time.Now(), err
}

// cut breaks the connection of a few commits at that point.
func (s connectionSite) cut(ctx context.Context, where pgproxy.Cut) error {
	for range 5 {
		before := s.proxy.Cuts()
		s.proxy.CutNext(where)
		for began := time.Now(); s.proxy.Cuts() == before; faults.Pause(ctx, time.Millisecond) {
			if ctx.Err() != nil || time.Since(began) > time.Minute {
				return errors.Join(ctx.Err(), errors.New("no commit arrived"))
			}
		}
	}
	return nil
}

func (s connectionSite) close() error {
	err := s.served.close()
	s.proxy.Close()
	return errors.Join(err, s.cluster.Remove())
}
