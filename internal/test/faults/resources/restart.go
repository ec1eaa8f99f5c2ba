package resources

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/traffic"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// Restart restarts PostgreSQL in the middle of its work. The control is a PostgreSQL that
// replies before the log is on the disk.
var Restart = func() faults.Harness {
	s := restarts(nil)
	s.control = func(ctx context.Context, seed uint64) (faults.Control, error) {
		careless := restarts(map[string]string{"synchronous_commit": "off", "wal_writer_delay": "10s"})
		return failing(ctx, "a PostgreSQL with synchronous_commit=off", careless, faults.Mutation{}, seed)
	}
	return s.harness()
}()

func restarts(settings map[string]string) scene {
	return scene{
		name: "resources-restart", summary: "PostgreSQL ends at once under load (pg_ctl stop -m immediate), and starts again",
		setUp: func(ctx context.Context, p place) (site, error) {
			return setUpRestart(ctx, p, settings)
		},
		least: minimumWork{underWay: 1},
	}
}

type restartSite struct {
	served
	cluster *pgtest.Cluster
}

func setUpRestart(ctx context.Context, p place, settings map[string]string) (site, error) {
	c, url, err := cluster(ctx, settings)
	if err != nil {
		return nil, err
	}
	s, err := serve(ctx, p, url, url)
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return restartSite{s, c}, nil
}

// cluster starts a PostgreSQL with an empty database.
func cluster(ctx context.Context, settings map[string]string) (*pgtest.Cluster, string, error) {
	c, err := pgtest.Start(pgtest.Options{Settings: settings})
	if err != nil {
		return nil, "", err
	}
	url, err := c.CreateDatabase(ctx, "simferry")
	if err != nil {
		return nil, "", errors.Join(err, c.Remove())
	}
	return c, url, nil
}

func (s restartSite) injectFault(ctx context.Context, _ *traffic.Load, rng *rand.Rand) (faultStart, over time.Time, err error) {
	faultStart = time.Now()
	if err := s.cluster.Stop(pgtest.Immediate); err != nil {
		return faultStart, over, err
	}
	// Now and then it is away for longer than a server repeats a request on its own.
	faults.Pause(ctx, time.Duration(rng.IntN(2)*rng.IntN(2500))*time.Millisecond)
	err = s.cluster.Restart()
	return faultStart, time.Now(), err
}

func (s restartSite) close() error { return errors.Join(s.served.close(), s.cluster.Remove()) }
