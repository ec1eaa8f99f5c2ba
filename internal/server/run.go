package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// The server's duties beside requests. Several servers may do them at once.
const (
	sweepEvery = time.Hour
	clockEvery = time.Minute
	foldEvery  = time.Second
	mailEvery  = time.Second
)

// run serves until ctx ends or a listener fails, then takes everything down in order:
// no new connections, the running requests, the duties, the database.
func (s *Server) run(ctx context.Context) {
	defer close(s.stopped)
	served := make(chan error, len(s.endpoints()))
	for _, e := range s.endpoints() {
		go func() { served <- e.http.Serve(e.listener) }()
	}
	var duties sync.WaitGroup
	duties.Go(func() { s.every(ctx, sweepEvery, "sweep", s.Operator.Sweep) })
	duties.Go(func() { s.every(ctx, clockEvery, "clock", s.Operator.CheckClock) })
	duties.Go(func() { s.every(ctx, foldEvery, "fold", s.Operator.Fold) })
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

// lastDuty must not hold up the end where the database is away.
func (s *Server) lastDuty(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := s.Operator.LastFold(ctx); err != nil {
		s.log.Warn("a duty failed", "duty", "last fold", "err", err)
	}
}

// drain lets running requests finish, and cuts off those that take longer than the grace.
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
		return errors.Join(fmt.Errorf("requests that ran for more than %v after the stop were cut off", grace), e.http.Close())
	}
	return err
}

// endpoints are the listeners that there are.
func (s *Server) endpoints() []endpoint {
	if s.operator == nil {
		return []endpoint{s.public}
	}
	return []endpoint{s.public, *s.operator}
}

// every repeats a duty until ctx ends, at once first: what ran before may have been killed in
// the midst of it. That it fails is no reason to stop: the next time catches up.
func (s *Server) every(ctx context.Context, interval time.Duration, name string, duty func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := duty(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("a duty failed", "duty", name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
