package kill

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// Postgres is the harness on two servers that share a PostgreSQL.
var Postgres = faults.Harness{
	Name:    "kill-postgres",
	Summary: "two servers on PostgreSQL, one of them or both killed with SIGKILL after 0 to 40 ms of load and started again",
	Run: func(ctx context.Context, size faults.Size, seed uint64) (faults.Result, error) {
		return OnPostgres(ctx, faults.Mutation{}, size.Of(100, 2000, 10), seed)
	},
	Control: control(onPostgres),
}

// OnPostgres runs kill cycles on a program with a mutation.
func OnPostgres(ctx context.Context, mutation faults.Mutation, cycles int, seed uint64) (faults.Result, error) {
	return run(ctx, onPostgres, mutation, cycles, seed)
}

var onPostgres = engine{servers: 2, open: openPostgres, work: requestsOf(12)}

// postgresSite is a private cluster with PostgreSQL's default durability.
type postgresSite struct {
	cluster *pgtest.Cluster
	watch   *pgx.Conn
}

const postgresName = "simferry"

func openPostgres(ctx context.Context, _ string) (site, error) {
	cluster, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		return nil, err
	}
	s := postgresSite{cluster: cluster}
	if _, err := cluster.CreateDatabase(ctx, postgresName); err != nil {
		return nil, errors.Join(err, cluster.Remove())
	}
	if s.watch, err = pgx.Connect(ctx, cluster.URL(postgresName)); err != nil {
		return nil, errors.Join(err, cluster.Remove())
	}
	return s, nil
}

func (s postgresSite) url(server int) string {
	return s.cluster.URL(postgresName) + "&application_name=" + application(server)
}

func application(server int) string { return fmt.Sprint("simferry-", server) }

// inside queries PostgreSQL: a transaction that has locked or written a row has an id.
func (s postgresSite) inside(ctx context.Context, server int, _ *proc.Server) (inside bool, err error) {
	err = s.watch.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
		WHERE application_name = $1 AND backend_xid IS NOT NULL)`, application(server)).Scan(&inside)
	return inside, err
}

// logErrors reports deadlocks: requests over the same SIMs must queue, never block each other.
func (s postgresSite) logErrors(ctx context.Context, fail func(string, ...any)) error {
	var deadlocks int
	err := s.watch.QueryRow(ctx, "SELECT deadlocks FROM pg_stat_database WHERE datname = $1", postgresName).Scan(&deadlocks)
	if deadlocks > 0 {
		fail("I12: %d deadlocks", deadlocks)
	}
	return err
}

func (s postgresSite) close() error {
	return errors.Join(s.watch.Close(context.Background()), s.cluster.Remove())
}
