package cli

import (
	"context"
	"errors"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/ferry"
)

// plan finds out which SIMs are meant, and what may become of each.
func (s *shipping) plan(ctx context.Context, w wanted) (*ferry.Plan, error) {
	sims, err := s.filtered(ctx)
	if err != nil {
		return nil, err
	}
	sims = append(sims, w.sims...)
	p := ferry.Planner{Server: s.remote, Pace: s.pace, Terms: s.terms, Chunk: s.chunk, Progress: s.screen.planning}
	for _, r := range w.ranges {
		in, err := p.Range(ctx, ferry.Span{First: string(r.first), Last: string(r.last)})
		if refused, ok := errors.AsType[*client.ConflictError](err); ok && len(ferry.Against(refused)) > 0 {
			return s.stamped(ferry.Impossible(s.terms, sims, ferry.Against(refused))), nil
		}
		if err != nil {
			return nil, err
		}
		if len(in) == 0 {
			s.screen.line("--iccid-range %s: no SIM of yours has an ICCID in it", r)
		}
		sims = append(sims, in...)
	}
	sims, twice := ferry.Distinct(sims)
	plan, err := p.Plan(ctx, sims)
	s.screen.planned()
	if err != nil {
		return nil, err
	}
	plan = s.stamped(plan)
	plan.Duplicates = append(append(w.duplicates, twice...), plan.Duplicates...)
	return plan, nil
}

func (s *shipping) stamped(p *ferry.Plan) *ferry.Plan {
	p.Created, p.Server = s.pace.Clock.Now().UTC(), s.server
	return p
}

// filtered lists what --filter finds. A deleted SIM is none that could move.
func (s *shipping) filtered(ctx context.Context) (sims []ferry.SIM, err error) {
	if s.selected.filter == "" {
		return nil, nil
	}
	filter, err := statusWords(s.selected.filter)
	if err != nil {
		return nil, err
	}
	c := s.client
	if s.selected.from != "" {
		from, err := s.workspace(ctx, "--from", s.selected.from)
		if err != nil {
			return nil, err
		}
		c = s.remote.In(from.ID)
	}
	err = s.pace.Persist(ctx, func(ctx context.Context) error {
		sims = nil
		for sim, err := range c.AllSIMs(ctx, client.ListOptions{Filter: filter, Sort: "id"}) {
			if err != nil {
				return err
			}
			if sim.Status.ID != client.SIMDeleted {
				sims = append(sims, fromList(sim))
			}
		}
		return nil
	})
	return sims, err
}

func fromList(sim api.SIM) ferry.SIM {
	s := ferry.SIM{ID: sim.ID, ICCID: sim.ICCID, Status: sim.Status, Device: sim.Endpoint, Where: "--filter"}
	if o := sim.CustomerOrg; o != nil {
		s.Source = api.NamedRef{ID: o.ID, Name: o.Name}
	}
	return s
}

// plural is the word that stands beside a number.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
