package kit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/job"
	"github.com/simferry/simferry/internal/store"
)

// JobLook is at least the time after which a server looks again at a job that waits for another
// one.
const JobLook = time.Second

// RunJobs does what a server does for jobs in the background, until none has anything to do now.
func (s *Server) RunJobs() { s.T.Helper(); s.runJobs(s.Control) }

// RunJobsElsewhere runs jobs like RunJobs, by another server of the same database.
func (s *Server) RunJobsElsewhere() {
	s.T.Helper()
	s.runJobsOn(s.Store)
}

// RunJobsTraced is RunJobsElsewhere by a server that reports its statements.
func (s *Server) RunJobsTraced(trace store.Trace) {
	s.T.Helper()
	db := openStore(s.T, s.DB, store.Options{Clock: s.Clock.Now, Trace: trace})
	defer db.close()
	s.runJobsOn(db.Store)
}

func (s *Server) runJobsOn(db *store.Store) {
	s.T.Helper()
	c, err := control.New(s.T.Context(), db, control.Options{Password: CheapPassword, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.T.Fatal(err)
	}
	s.runJobs(c)
}

func (s *Server) runJobs(c *control.Control) {
	s.T.Helper()
	r := job.Runner{Control: c, Owner: "test", Log: slog.New(slog.DiscardHandler)}
	if err := r.RunDue(s.T.Context()); err != nil {
		s.T.Errorf("jobs: %v", err)
	}
}

// StartJobs lets the server work on its jobs in the background, as a real server does, until the
// test ends.
func (s *Server) StartJobs() *Server {
	s.T.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := job.Runner{Control: s.Control, Owner: "test", Log: slog.New(slog.DiscardHandler)}
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	s.T.Cleanup(func() {
		stop()
		running.Wait()
	})
	return s
}
