package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/job"
)

// Intervals of the background tasks. Several servers may run them at once.
const (
	sweepEvery  = time.Hour
	clockEvery  = time.Minute
	foldEvery   = time.Second
	mailEvery   = time.Second
	offersEvery = time.Second // and requests for SIMs
	certsEvery  = 2 * time.Second
)

// jobsOfServer is how many jobs one server works on at once.
const jobsOfServer = 2

// run serves until ctx ends or a listener fails. Then it stops, in this order: new connections,
// running requests, background tasks, the database.
func (s *Server) run(ctx context.Context) {
	defer close(s.stopped)
	served := make(chan error, len(s.endpoints()))
	for _, e := range s.endpoints() {
		go func() { served <- e.serve() }()
	}
	var duties sync.WaitGroup
	duties.Go(func() { s.every(ctx, sweepEvery, "sweep", s.Operator.Sweep) })
	duties.Go(func() { s.every(ctx, clockEvery, "clock", s.Operator.CheckClock) })
	duties.Go(func() { s.every(ctx, foldEvery, "fold", s.Operator.Fold) })
	duties.Go(func() { s.every(ctx, offersEvery, "offers", s.Control.TendOffers) })
	duties.Go(func() { s.every(ctx, offersEvery, "inquiries", s.Control.TendSIMRequests) })
	duties.Go(func() { s.jobs(ctx) })
	if len(s.certificates()) > 0 {
		duties.Go(func() { s.every(ctx, certsEvery, "certificates", s.renewCertificates) })
	}
	if s.mailer.Load() != nil {
		duties.Go(func() { s.every(ctx, mailEvery, "mail", s.deliver) })
	}
	select {
	case <-ctx.Done():
	case s.err = <-served:
	}
	s.stop()
	s.log.Info("stopping", "grace", s.grace)
	s.err = errors.Join(s.err, s.drain(context.WithoutCancel(ctx)))
	duties.Wait()
	s.lastDuty(context.WithoutCancel(ctx))
	s.err = errors.Join(s.err, s.Close())
	s.log.Info("stopped")
}

// jobs runs several jobs at once, until ctx ends and the steps that are being done have ended.
func (s *Server) jobs(ctx context.Context) {
	host, _ := os.Hostname() // for the operator only
	var runners sync.WaitGroup
	for n := range jobsOfServer {
		r := job.Runner{Control: s.Control, Owner: fmt.Sprintf("%s/%d/%d", host, os.Getpid(), n), Log: s.log, Counts: &s.counts.jobs}
		runners.Go(func() { r.Run(ctx) })
	}
	runners.Wait()
}

// lastDuty must not delay the stop if the database is unreachable.
func (s *Server) lastDuty(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := s.Operator.LastFold(ctx); err != nil {
		s.log.Warn("a background task failed", "duty", "last fold", "err", err)
	}
}

// drain waits for running requests, and aborts those that take longer than the grace.
func (s *Server) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.grace)
	defer cancel()
	var stopping sync.WaitGroup
	ended := make([]error, len(s.endpoints()))
	for i, e := range s.endpoints() {
		stopping.Go(func() { ended[i] = e.drain(ctx, s.grace) })
	}
	stopping.Wait()
	return errors.Join(ended...)
}

func (e endpoint) drain(ctx context.Context, grace time.Duration) error {
	err := e.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("requests that ran for more than %v after the stop were aborted", grace), e.http.Close())
	}
	return err
}

// endpoints returns the listeners in use.
func (s *Server) endpoints() []endpoint {
	all := []endpoint{s.public}
	for _, e := range []*endpoint{s.operator, s.measured, s.redirects} {
		if e != nil {
			all = append(all, *e)
		}
	}
	return all
}

// every runs a task repeatedly until ctx ends. The first run is immediate, because an earlier
// process may have been killed during one. After an error the task is tried again at the next
// interval.
func (s *Server) every(ctx context.Context, interval time.Duration, name string, duty func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		err := duty(ctx)
		s.counts.task(name, err)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("a background task failed", "duty", name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
