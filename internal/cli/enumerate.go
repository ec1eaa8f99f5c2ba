package cli

import (
	"context"
	"errors"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// plan finds out which SIMs are meant, and what may become of each.
func (s *migrateRun) plan(ctx context.Context, w selectedSIMs) (*bulk.Plan, error) {
	sims, err := s.filtered(ctx, s.from)
	if err != nil {
		return nil, err
	}
	sims = append(sims, w.sims...)
	p := bulk.Planner{Server: s.remote, Throttle: s.throttle, Terms: s.terms, Chunk: s.chunk, Progress: s.screen.planProgress}
	for _, r := range w.ranges {
		in, err := p.Range(ctx, bulk.Span{First: string(r.first), Last: string(r.last)})
		if refused, ok := errors.AsType[*client.ConflictError](err); ok && len(bulk.TargetReasons(refused)) > 0 {
			return s.withFileHeader(bulk.Impossible(s.terms, sims, bulk.TargetReasons(refused))), nil
		}
		if err != nil {
			return nil, err
		}
		if len(in) == 0 {
			s.screen.line("--iccid-range %s: none of your SIMs has an ICCID in this range", r)
		}
		sims = append(sims, in...)
	}
	sims, twice := bulk.Distinct(sims)
	plan, err := p.Plan(ctx, sims)
	s.screen.endPlan()
	if err != nil {
		return nil, err
	}
	plan = s.withFileHeader(plan)
	plan.Duplicates = append(append(w.duplicates, twice...), plan.Duplicates...)
	return plan, nil
}

func (s *migrateRun) withFileHeader(p *bulk.Plan) *bulk.Plan {
	p.Created, p.Server = s.throttle.Clock.Now().UTC(), s.session.Server
	return p
}

// plural returns the singular or plural of a word for a number.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
