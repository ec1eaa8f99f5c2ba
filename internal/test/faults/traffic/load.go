package traffic

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
)

// Load is a set of running clients, and the attempts that they have made since it began.
type Load struct {
	clients *Clients
	urls    []string
	stop    chan struct{}
	wg      sync.WaitGroup

	mu       sync.Mutex
	attempts []*Attempt // that have ended
	wrote    int
	refused  int
}

// Begin lets all clients send requests to random servers.
func (c *Clients) Begin(ctx context.Context, urls ...string) *Load {
	l := &Load{clients: c, urls: urls, stop: make(chan struct{})}
	for _, one := range c.list {
		l.wg.Go(func() { one.run(ctx, l.stop, urls, l.add) })
	}
	return l
}

func (l *Load) add(a *Attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts = append(l.attempts, a)
	if a.Wrote() {
		l.wrote++
	}
	if a.Refused() {
		l.refused++
	}
}

// Stop stops the clients. Unsettled requests are sent again by the next load, or by Settle. An
// error means that the journal failed.
func (l *Load) Stop() error {
	close(l.stop)
	l.wg.Wait()
	var errs []error
	for _, one := range l.clients.list {
		errs = append(errs, one.broken)
	}
	return errors.Join(errs...)
}

// End stops the clients and settles their requests.
func (l *Load) End(ctx context.Context) error {
	if err := l.Stop(); err != nil {
		return err
	}
	return l.clients.Settle(ctx, l.urls...)
}

// Attempts returns the attempts that have ended, in the order of their ends.
func (l *Load) Attempts() []*Attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.attempts[:len(l.attempts):len(l.attempts)]
}

// Wrote counts the migrations that were acknowledged.
func (l *Load) Wrote() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrote
}

// Refused counts the attempts that got a Retry-After, or no reply.
func (l *Load) Refused() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// UnderWay counts the attempts that were in flight at an instant. Call it after End.
func (l *Load) UnderWay(at time.Time) (n int) {
	for _, a := range l.Attempts() {
		if a.Sent.Before(at) && a.Ended.After(at) {
			n++
		}
	}
	return n
}

// ErrStalled is returned by an Await that has waited longer than any strain explains. Its text
// is the end of a sentence that Await begins with the count.
var ErrStalled = errors.New("acknowledged within a minute")

// Await waits until n migrations were acknowledged. Errors: ErrStalled.
func (l *Load) Await(ctx context.Context, n int) error {
	for began := time.Now(); l.Wrote() < n; faults.Pause(ctx, 5*time.Millisecond) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(began) > time.Minute {
			return fmt.Errorf("only %d of %d requests were %w", l.Wrote(), n, ErrStalled)
		}
	}
	return nil
}

// NextWrite waits for a migration that a server acknowledged after an instant.
func (l *Load) NextWrite(after time.Time, server string, limit time.Duration) (took time.Duration, ok bool) {
	for seen := 0; time.Since(after) < limit; faults.Pause(context.Background(), 5*time.Millisecond) {
		list := l.Attempts()
		for _, a := range list[seen:] {
			if a.Server == server && a.Wrote() && a.Ended.After(after) {
				return a.Ended.Sub(after), true
			}
		}
		seen = len(list)
	}
	return limit, false
}
