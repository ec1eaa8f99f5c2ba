package server

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const sweepEvery = time.Hour

// run serves until ctx ends or the listener fails, then takes everything down in order:
// no new connections, the running requests, the sweep, the database.
func (s *Server) run(ctx context.Context) {
	defer close(s.stopped)
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		s.sweep(ctx)
	}()
	select {
	case <-ctx.Done():
	case s.err = <-served:
	}
	s.stop()
	s.log.Info("stopping", "grace", s.grace)
	s.err = errors.Join(s.err, s.drain(context.WithoutCancel(ctx)))
	<-swept
	s.err = errors.Join(s.err, s.Close())
	s.log.Info("stopped")
}

// drain lets running requests finish, and cuts off those that take longer than the grace.
func (s *Server) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.grace)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("requests that ran for more than %v after the stop were cut off", s.grace), s.http.Close())
	}
	return err
}

// sweep removes what has expired, once an hour. That it fails is no reason to stop: the
// next one catches up.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.Operator.Sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
				s.log.Warn("sweep", "err", err)
			}
		}
	}
}
