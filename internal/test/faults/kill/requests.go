package kill

import (
	"context"
	"path/filepath"

	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// requests is work of clients that send single requests and keep a journal of them.
type requests struct {
	*fixture
	options traffic.Options
	clients *traffic.Clients
	running *traffic.Load
}

func requestsOf(clients int) func(*fixture, uint64) work {
	return func(a *fixture, seed uint64) work {
		return &requests{fixture: a, options: traffic.Options{Clients: clients, Seed: seed}}
	}
}

func (r *requests) begin(ctx context.Context) (err error) {
	if r.options.Journal, err = traffic.Open(filepath.Join(r.dir, "journal")); err != nil {
		return err
	}
	r.clients = traffic.New(r.options)
	return traffic.Seed(ctx, r.binary, r.site.url(0), r.options)
}

func (r *requests) signIn(ctx context.Context) error { return r.clients.SignIn(ctx, r.servers[0].URL) }

func (r *requests) load(ctx context.Context) { r.running = r.clients.Begin(ctx, r.urls()...) }
func (r *requests) stop() error              { return r.running.Stop() }

func (r *requests) restarted(context.Context) error { return nil }
func (r *requests) acknowledged() int               { return r.clients.Journal.Acknowledged() }
func (r *requests) inFlight() bool                  { return r.clients.InFlight() }

func (r *requests) settle(ctx context.Context) error {
	return r.clients.Settle(ctx, r.servers[0].URL)
}

func (r *requests) check(ctx context.Context) error {
	var checker traffic.Checker
	wrong, err := checker.Check(ctx, r.site.url(0), r.clients.Journal)
	for _, w := range wrong {
		r.res.Fail("%s", w)
	}
	return err
}

func (r *requests) close() error { return r.clients.Journal.Close() }
