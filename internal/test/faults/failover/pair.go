package failover

import (
	"context"
	"errors"

	"github.com/simferry/simferry/internal/test/faults/jobload"
	"github.com/simferry/simferry/internal/test/faults/offerload"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/faults/traffic"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

const (
	database = "simferry"
	standby  = "standby" // the name by which each primary knows its standby
	servers  = 2
)

// pair is two databases, one following the other, and two servers that are configured with both.
type pair struct {
	primary, standby *pgtest.Cluster
	servers          []*proc.Server
	clients          *traffic.Clients
	jobLoad          *jobload.Load   // users who create jobs
	offerLoad        *offerload.Load // users who create and answer offers
}

func setUp(ctx context.Context, binary string, seed uint64) (p *pair, err error) {
	o := traffic.Options{Clients: clients, Seed: seed}
	p = &pair{clients: traffic.New(o)}
	defer func() {
		if err != nil {
			p.remove()
		}
	}()
	if p.primary, err = pgtest.Start(pgtest.Options{}); err != nil {
		return nil, err
	}
	if _, err := p.primary.CreateDatabase(ctx, database); err != nil {
		return nil, err
	}
	if p.standby, err = p.primary.Standby(standby); err != nil {
		return nil, err
	}
	if err := p.primary.Synchronous(ctx, standby); err != nil {
		return nil, err
	}
	if err := traffic.Seed(ctx, binary, p.url(), o); err != nil {
		return nil, err
	}
	if err := jobload.Seed(ctx, binary, p.url()); err != nil {
		return nil, err
	}
	if err := offerload.Seed(ctx, binary, p.url()); err != nil {
		return nil, err
	}
	err = p.serve(ctx, binary, seed)
	return p, err
}

func (p *pair) serve(ctx context.Context, binary string, seed uint64) error {
	for range servers {
		s, err := proc.Serve(ctx, proc.Options{Binary: binary, Database: p.url()})
		if err != nil {
			return err
		}
		p.servers = append(p.servers, s)
	}
	err := p.clients.SignIn(ctx, p.servers[0].URL)
	if err == nil {
		p.jobLoad, err = jobload.Begin(ctx, jobload.Options{URLs: p.urls()})
	}
	if err == nil {
		p.offerLoad, err = offerload.Begin(ctx, offerload.Options{Seed: seed, URLs: p.urls(), Few: true})
	}
	return err
}

// urls returns the addresses of the servers.
func (p *pair) urls() []string {
	list := make([]string, len(p.servers))
	for i, s := range p.servers {
		list[i] = s.URL
	}
	return list
}

// url names both databases, always in the same order, as the servers were started with.
func (p *pair) url() string { return pgtest.Address(database, p.primary, p.standby) }

func (p *pair) kill() error { return p.primary.Stop(pgtest.Kill) }

// promote follows docs/operations/postgresql.md. The standby's settings may be a copy of the
// primary's, so it is set not to wait for a standby itself.
func (p *pair) promote(ctx context.Context) error {
	if err := p.standby.Synchronous(ctx, ""); err != nil {
		return err
	}
	return p.standby.Promote()
}

// rebuild makes the old primary the new one's synchronous standby.
func (p *pair) rebuild(ctx context.Context) error {
	p.primary, p.standby = p.standby, p.primary
	if err := p.standby.Follow(p.primary, standby); err != nil {
		return err
	}
	return p.primary.Synchronous(ctx, standby)
}

func (p *pair) remove() {
	var errs []error
	if p.jobLoad != nil {
		p.jobLoad.Abandon()
	}
	if p.offerLoad != nil {
		p.offerLoad.Abandon()
	}
	for _, s := range p.servers {
		errs = append(errs, s.Kill())
	}
	for _, c := range []*pgtest.Cluster{p.primary, p.standby} {
		if c != nil {
			errs = append(errs, c.Remove())
		}
	}
	_ = errors.Join(errs...) // the next run cleans up
}
