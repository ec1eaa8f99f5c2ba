package bulk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/simferry/simferry/client"
)

// Throttle adapts to the server's limits and waits while the server is down. All requests of a run
// share one.
type Throttle struct {
	Clock    client.Clock
	Patience time.Duration                        // how long to continue without a reply
	Notify   func(wait time.Duration, why string) // may be nil; from any goroutine, one call at a time
	Parallel int                                  // concurrent requests, until the server asks for fewer

	mu      sync.Mutex
	until   time.Time // nothing is sent before this time
	failing time.Time // start of the current failures; zero if the last request succeeded
	failed  int       // in a row
}

const (
	firstWait   = 500 * time.Millisecond
	longestWait = 15 * time.Second
)

// isTemporary reports whether a failure may pass by waiting: the request was not processed, or is
// harmless to repeat.
func isTemporary(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, client.ErrSessionEnded) {
		return false
	}
	refused, ok := errors.AsType[*client.APIError](err)
	return !ok || refused.Status == http.StatusTooManyRequests || refused.Status >= http.StatusInternalServerError ||
		refused.Status == http.StatusConflict && refused.RetryAfter > 0
}

// Persist repeats attempts until there is a reply, even a refusal. Use it for requests that are
// harmless to repeat.
func (p *Throttle) Persist(ctx context.Context, attempt func(context.Context) error) error {
	for {
		if err := p.Wait(ctx); err != nil {
			return err
		}
		err := attempt(ctx)
		if err == nil || !isTemporary(err) {
			p.Succeeded()
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.Failed(err); err != nil {
			return err
		}
	}
}

// Wait returns when the next request may go out.
func (p *Throttle) Wait(ctx context.Context) error {
	for {
		p.mu.Lock()
		wait := p.until.Sub(p.Clock.Now())
		p.mu.Unlock()
		if wait <= 0 {
			return ctx.Err()
		}
		if err := p.Clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// Succeeded ends a series of failures: the server has responded.
func (p *Throttle) Succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failing, p.failed = time.Time{}, 0
}

// Failed delays the next requests. It returns an error when patience has run out.
func (p *Throttle) Failed(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Clock.Now()
	if p.failing.IsZero() {
		p.failing = now
	}
	p.failed++
	wait := backoff(p.failed)
	if refused, ok := errors.AsType[*client.APIError](err); ok {
		if refused.Status == http.StatusTooManyRequests {
			p.Parallel = max(1, p.Parallel/2)
		}
	}
	if asked := retryAfter(err); asked > 0 {
		wait = asked
	}
	switch asked := retryAfter(err); {
	case asked > p.Patience:
		return fmt.Errorf("the server asks to wait %v, until %s, which is longer than --patience (%v): %w",
			asked.Round(time.Second), now.Add(asked).Local().Format(time.DateTime), p.Patience, err)
	case now.Add(wait).Sub(p.failing) > p.Patience:
		return fmt.Errorf("gave up after %v without a usable response: %w", now.Sub(p.failing).Round(time.Second), err)
	}
	if until := now.Add(wait); until.After(p.until) {
		p.until = until
		if p.Notify != nil {
			p.Notify(wait, shortError(err))
		}
	}
	return nil
}

// retryAfter returns how long the server asks to wait; 0 if it does not say.
func retryAfter(err error) time.Duration {
	refused, ok := errors.AsType[*client.APIError](err)
	if !ok {
		return 0
	}
	return refused.RetryAfter
}

// backoff doubles from one failure to the next, less a random part, so that the waits of
// several programs do not fall together.
func backoff(failed int) time.Duration {
	d := min(firstWait<<min(failed-1, 10), longestWait)
	return d - rand.N(d/4) //nolint:gosec // spreads load, keeps no secret
}

// allowed returns the number of requests that may be in flight.
func (p *Throttle) allowed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(1, p.Parallel)
}

// each runs jobs 0 to n-1, as many at once as the pace allows, and stops at the first error.
func (p *Throttle) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	var mu sync.Mutex
	next := 0
	take := func(worker int) (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == n || worker >= p.allowed() || ctx.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for worker := range min(n, p.allowed()) {
		group.Go(func() {
			for {
				i, ok := take(worker)
				if !ok {
					return
				}
				if err := do(ctx, i); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// shortError explains in a few words why nothing is sent for a while.
func shortError(err error) string {
	if refused, ok := errors.AsType[*client.APIError](err); ok {
		return fmt.Sprintf("the server returned %d: %s", refused.Status, refused.Message)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return "no response from the server: " + err.Error()
}
