package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// Span is every ICCID from First to Last, both included, 19 digits each.
type Span struct{ First, Last string }

// Range lists the SIMs of a span that the caller may see. Plan determines whether they may
// move.
func (p *Planner) Range(ctx context.Context, s Span) ([]SIM, error) {
	var parts []Span
	for first := s.First; ; {
		last, ok := addICCID(first, MaxChunk-1)
		if !ok || last >= s.Last {
			parts = append(parts, Span{first, s.Last})
			break
		}
		parts = append(parts, Span{first, last})
		first, _ = addICCID(last, 1)
	}
	found := make([][]SIM, len(parts))
	err := p.Throttle.each(ctx, len(parts), func(ctx context.Context, i int) (err error) {
		found[i], err = p.enumerate(ctx, parts[i])
		return err
	})
	sims := slices.Concat(found...)
	for i := range sims {
		sims[i].Where = "--iccid-range " + s.First + ".." + s.Last
	}
	return sims, err
}

// addICCID returns the ICCID n numbers ahead, or back; ok is false if there is none.
func addICCID(iccid string, n int64) (next string, ok bool) {
	from, err := strconv.ParseUint(iccid, 10, 64)
	const last = 9_999_999_999_999_999_999 // 19 nines
	to := from + uint64(n)                 // negative n wraps around
	if err != nil || to > last || n < 0 && to > from || n > 0 && to < from {
		return "", false
	}
	return fmt.Sprintf("%019d", to), true
}

// enumerate lists the SIMs of a span that fits into a request. It asks with the least restrictive
// terms, so that few SIMs are refused; a refusal names those.
func (p *Planner) enumerate(ctx context.Context, s Span) (sims []SIM, err error) {
	var got *client.Migration
	err = p.Throttle.Persist(ctx, func(ctx context.Context) (err error) {
		got, err = p.Server.Preview(ctx, client.MigrationRequest{
			Target: p.Terms.Target.ID, Range: &api.ICCIDRange{Start: s.First, End: s.Last}, DetachDevices: true,
			Reason: p.Terms.Reason,
		})
		return err
	})
	if err == nil {
		return listed(got.SIMs), nil
	}
	if refused, ok := errors.AsType[*client.APIError](err); ok && client.IsNotFound(err) && !aboutTarget(p.Terms, refused) {
		return nil, nil
	}
	refused, ok := errors.AsType[*client.ConflictError](err)
	if !ok {
		return nil, err
	}
	blocked := make(listing)
	for _, g := range refused.Groups {
		if len(g.SIMs) == 0 {
			return nil, err // the target is refused for every SIM
		}
		for _, sim := range g.SIMs {
			blocked.add(sim)
		}
	}
	return p.enumerateGaps(ctx, s, distinct(blocked))
}

// enumerateGaps combines the SIMs that a refusal names with those in the gaps around them.
func (p *Planner) enumerateGaps(ctx context.Context, s Span, blocked []api.MigrationSIM) (sims []SIM, err error) {
	if len(blocked) == 0 {
		return nil, fmt.Errorf("the server refuses the range %s..%s without naming a SIM: name the SIMs with --file instead", s.First, s.Last)
	}
	first := s.First
	for _, h := range blocked {
		if h.ICCID < first || h.ICCID > s.Last {
			continue
		}
		if before, ok := addICCID(h.ICCID, -1); ok && before >= first {
			more, err := p.enumerate(ctx, Span{first, before})
			if err != nil {
				return nil, err
			}
			sims = append(sims, more...)
		}
		sims = append(sims, listed([]api.MigrationSIM{h})...)
		next, ok := addICCID(h.ICCID, 1)
		if !ok {
			return sims, nil
		}
		first = next
	}
	if first > s.Last {
		return sims, nil
	}
	more, err := p.enumerate(ctx, Span{first, s.Last})
	return append(sims, more...), err
}

// distinct returns the SIMs of a listing, by ICCID.
func distinct(l listing) []api.MigrationSIM {
	var sims []api.MigrationSIM
	for name, s := range l {
		if name == string(ByICCID)+s.ICCID {
			sims = append(sims, s)
		}
	}
	slices.SortFunc(sims, func(a, b api.MigrationSIM) int {
		if a.ICCID < b.ICCID {
			return -1
		}
		return 1
	})
	return sims
}

func listed(sims []api.MigrationSIM) []SIM {
	list := make([]SIM, len(sims))
	for i, sim := range sims {
		list[i] = withPreview(SIM{}, sim)
	}
	return list
}

// Distinct drops SIMs that are named again by the same name, and returns those names.
func Distinct(sims []SIM) (once []SIM, twice []string) {
	byID, byICCID := make(map[int64]bool), make(map[string]bool)
	for _, s := range sims {
		if s.ID != 0 && byID[s.ID] || s.ICCID != "" && byICCID[s.ICCID] {
			twice = append(twice, fmt.Sprintf("%s: %s is named again", s.Where, s.label()))
			continue
		}
		byID[s.ID], byICCID[s.ICCID] = true, true
		once = append(once, s)
	}
	return once, twice
}

// label returns the SIM's name in messages.
func (s SIM) label() string {
	if s.ICCID != "" {
		return s.ICCID
	}
	return fmt.Sprintf("SIM %d", s.ID)
}
