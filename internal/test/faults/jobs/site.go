package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

const (
	database = "simferry"
	finished = time.Minute // for all jobs to end after the fault
)

// site is a database, the servers over it, and the users who create jobs.
type site struct {
	dir      string
	binary   string
	database string
	cluster  *pgtest.Cluster // nil on SQLite
	servers  []*proc.Server
	fence    *jobload.Fence
	jobLoad  *jobload.Load
	res      *faults.Result
}

// url returns the URL of the database as a server uses it.
func (s *site) url(server int) string {
	if s.cluster == nil {
		return s.database
	}
	return s.database + "&application_name=" + application(server)
}

func application(server int) string { return fmt.Sprint("simferry-", server) }

// onPostgres starts the site on a PostgreSQL of its own.
func (s *site) onPostgres(ctx context.Context, o jobload.Options) (err error) {
	if s.cluster, err = pgtest.Start(pgtest.Options{}); err != nil {
		return err
	}
	if s.database, err = s.cluster.CreateDatabase(ctx, database); err != nil {
		return err
	}
	return s.start(ctx, o)
}

// onSQLite starts the site on a file.
func (s *site) onSQLite(ctx context.Context, o jobload.Options) (err error) {
	if s.dir, err = os.MkdirTemp("", "trust-jobs-"); err != nil {
		return err
	}
	s.database = "sqlite:" + filepath.Join(s.dir, "simferry.db")
	return s.start(ctx, o)
}

func (s *site) start(ctx context.Context, o jobload.Options) (err error) {
	if err := jobload.Seed(ctx, s.binary, s.database); err != nil {
		return err
	}
	if s.fence, err = jobload.NewFence(ctx, s.database); err != nil {
		return err
	}
	for i := range s.servers {
		if s.servers[i], err = proc.Serve(ctx, proc.Options{Binary: s.binary, Database: s.url(i)}); err != nil {
			return err
		}
		s.fence.Process(application(i), s.servers[i].PID)
		o.URLs = append(o.URLs, s.servers[i].URL)
	}
	s.jobLoad, err = jobload.Begin(ctx, o)
	return err
}

// end lets all jobs end, stops the servers, and compares.
func (s *site) end(ctx context.Context) error {
	meter := faults.Measure()
	if err := s.jobLoad.Finish(finished); err != nil {
		s.res.Late(meter, "%v", err)
	}
	if err := dbcheck.AwaitChain(ctx, s.url(0), finished); err != nil {
		s.res.Late(meter, "%v", err)
	}
	for _, server := range s.servers {
		if err := server.Stop(ctx); err != nil {
			return err
		}
	}
	wrong, err := s.jobLoad.Check(ctx, s.database)
	if err != nil {
		return err
	}
	stale, err := s.fence.Check(ctx)
	if err != nil {
		return err
	}
	for _, w := range append(stale, wrong...) {
		s.res.Fail("%s", w)
	}
	return dbcheck.Fsck(ctx, s.binary, s.url(0), s.res.Fail)
}

func (s *site) remove() error {
	var errs []error
	if s.jobLoad != nil {
		s.jobLoad.Abandon()
	}
	for _, server := range s.servers {
		if server != nil {
			errs = append(errs, server.Kill())
		}
	}
	if s.cluster != nil {
		errs = append(errs, s.cluster.Remove())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
