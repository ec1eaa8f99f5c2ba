package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/simferry/simferry/internal/test/faults/rest"
)

// Clients are the users of one database, and the journal of everything they sent.
type Clients struct {
	Journal *Journal
	list    []*client
}

// New makes clients that draw their requests from a seed.
func New(o Options) *Clients {
	if o.Journal == nil {
		o.Journal = new(Journal)
	}
	at := newPositions(o.MigrationsOnly)
	c := &Clients{Journal: o.Journal, list: make([]*client, o.Clients)}
	for i := range c.list {
		c.list[i] = &client{
			Options: o, number: i, random: rand.New(rand.NewPCG(o.Seed, uint64(i))), expected: at, http: rest.Client(1),
		}
	}
	return c
}

// Copy returns clients with the same bearers and an empty journal in memory. They send requests to
// a copy of the database that was made before the first request.
func (c *Clients) Copy(seed uint64) *Clients {
	o := c.list[0].Options
	o.Seed, o.Journal = seed, nil
	copied := New(o)
	for i, one := range copied.list {
		one.bearers.Store(c.list[i].bearers.Load())
	}
	return copied
}

// SignIn signs all clients in.
func (c *Clients) SignIn(ctx context.Context, url string) error {
	var wg sync.WaitGroup
	errs := make([]error, len(c.list))
	for i, one := range c.list {
		wg.Go(func() { errs[i] = one.signIn(ctx, url) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Send sends the next request of the first client, once. It returns an error if the journal failed.
func (c *Clients) Send(ctx context.Context, url string) (*Attempt, error) {
	one := c.list[0]
	a := one.send(ctx, url, one.choose())
	return a, one.broken
}

// InFlight reports whether a request is in flight.
func (c *Clients) InFlight() bool {
	return slices.ContainsFunc(c.list, func(one *client) bool { return one.inFlight.Load() })
}

// Settle repeats all unsettled requests once the fault is over. An error is a failure of
// progress (I12).
func (c *Clients) Settle(ctx context.Context, urls ...string) error {
	var errs []error
	for _, one := range c.list {
		errs = append(errs, one.settle(ctx, urls))
	}
	return errors.Join(errs...)
}

// Replay repeats up to n successes by their keys, the latest first, and returns those that a server
// did not replay. Checker compares the replies themselves (I6).
func (c *Clients) Replay(ctx context.Context, n int, urls ...string) (asked int, wrong []string) {
	for _, r := range slices.Backward(c.Journal.Requests()) {
		if asked == n {
			break
		}
		first := r.Acknowledged()
		if first == nil || r.Key == "" {
			continue
		}
		a := c.list[r.Client].send(ctx, urls[asked%len(urls)], r)
		asked++
		if a == nil || !a.Replayed() || a.Status != first.Status || a.Location() != first.Location() || !bytes.Equal(a.Body, first.Body) {
			wrong = append(wrong, fmt.Sprintf("I6: %v, sent again: %s", r, a.reply()))
		}
	}
	return asked, wrong
}

// reply describes a reply in messages.
func (a *Attempt) reply() string {
	switch {
	case a == nil:
		return "the journal failed"
	case a.Err != nil:
		return a.Err.Error()
	}
	return fmt.Sprintf("%d %s %s", a.Status, a.Location(), clip(a.Body))
}
