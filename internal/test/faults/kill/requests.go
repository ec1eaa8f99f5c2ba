package kill

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"

	"github.com/simferry/simferry/internal/test/faults/load"
)

// requests is work of clients that send single requests and keep a journal of them.
type requests struct {
	*fixture
	seed    uint64
	journal *load.Journal
	clients []*load.Client

	done chan struct{}
	wg   sync.WaitGroup
}

func requestsOf(clients int) func(*fixture, uint64) work {
	return func(a *fixture, seed uint64) work {
		return &requests{fixture: a, seed: seed, clients: make([]*load.Client, clients)}
	}
}

func (r *requests) begin(ctx context.Context) (err error) {
	if r.journal, err = load.Open(filepath.Join(r.dir, "journal")); err != nil {
		return err
	}
	n := len(r.clients)
	r.clients = load.NewClients(n, r.seed, r.journal)
	return load.Seed(ctx, r.binary, r.site.url(0), n)
}

func (r *requests) signIn(ctx context.Context) error {
	for _, c := range r.clients {
		if err := c.SignIn(ctx, r.servers[0].URL); err != nil {
			return err
		}
	}
	return nil
}

func (r *requests) load(ctx context.Context) {
	done, urls := make(chan struct{}), r.urls()
	r.done = done
	for _, c := range r.clients {
		r.wg.Go(func() { c.Run(ctx, done, func(r *rand.Rand) string { return urls[r.IntN(len(urls))] }) })
	}
}

func (r *requests) stop() (err error) {
	close(r.done)
	r.wg.Wait()
	for _, c := range r.clients {
		err = errors.Join(err, c.Broken)
	}
	return err
}

func (r *requests) restarted(context.Context) error { return nil }
func (r *requests) acknowledged() int               { return r.journal.Acknowledged() }

func (r *requests) inFlight() bool {
	for _, c := range r.clients {
		if c.InFlight() {
			return true
		}
	}
	return false
}

func (r *requests) settle(ctx context.Context) (err error) {
	for _, c := range r.clients {
		err = errors.Join(err, c.Settle(ctx, r.servers[0].URL))
	}
	return err
}

func (r *requests) check(ctx context.Context) error {
	list, err := load.Entries(ctx, r.site.url(0))
	if err == nil {
		r.journal.Check(list, r.res.Fail)
	}
	return err
}

func (r *requests) close() error { return r.journal.Close() }
