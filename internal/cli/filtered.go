package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
)

// source is what --filter selects. It is kept with a plan and with a run, which lists it again at
// its end.
type source = bulk.Source

// source resolves --from and --filter; nil without --filter.
func (s *migrateRun) source(ctx context.Context) (*source, error) {
	if s.selected.filter == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	filter, err := resolveStatuses(s.selected.filter)
	if err != nil {
		return nil, err
	}
	if s.selected.from != "" {
		from, err := s.workspace(ctx, "--from", s.selected.from)
		return &source{Filter: filter, Workspace: from}, err
	}
	var own *api.Workspace
	err = s.throttle.Persist(ctx, func(ctx context.Context) (err error) {
		own, err = s.client.MyWorkspace(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &source{Filter: filter, Workspace: api.NamedRef{ID: own.ID, Name: own.Name}}, nil
}

// filtered lists the SIMs of a source. Each of them may be taken only from there. Deleted
// SIMs are left out, and so are those that the Workspace only issued or resells.
func (s *migrateRun) filtered(ctx context.Context, from *source) (sims []bulk.SIM, err error) {
	if from == nil {
		return nil, nil
	}
	found, err := s.listed(ctx, from)
	if err != nil {
		return nil, err
	}
	for _, sim := range found {
		if sim.Status.ID == client.SIMDeleted || sim.CustomerOrg != nil && sim.CustomerOrg.ID != from.Workspace.ID {
			continue
		}
		sims = append(sims, bulk.SIM{
			ID: sim.ID, ICCID: sim.ICCID, Status: sim.Status, Device: sim.Endpoint, Source: from.Workspace, Where: "--filter", From: from.Workspace.ID,
		})
	}
	return sims, nil
}

// maxPasses bounds how often a list that changes meanwhile is read over numbered pages.
const maxPasses = 6

// listed reads everything that a filter finds, by id. With a cursor one pass is enough.
// Over numbered pages a SIM can be missed: passes are made until two of them agree. What a
// list that never rests still hides is found at the end of the run, by remaining.
func (s *migrateRun) listed(ctx context.Context, from *source) ([]api.SIM, error) {
	found := make(map[int64]api.SIM)
	for range maxPasses {
		var pass map[int64]api.SIM
		var steady, certain bool
		err := s.throttle.Persist(ctx, func(ctx context.Context) (err error) {
			pass, steady, certain, err = readPass(ctx, s.in(from.Workspace.ID), from.Filter)
			return err
		})
		if err != nil {
			return nil, err
		}
		same := steady && len(pass) == len(found)
		for id := range pass {
			_, known := found[id]
			same = same && known
		}
		maps.Copy(found, pass)
		if certain || same {
			found = pass
			break
		}
	}
	sims := make([]api.SIM, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		sims = append(sims, found[id])
	}
	return sims, nil
}

// in returns the client of a Workspace.
func (s *migrateRun) in(workspace int64) *client.Client { return s.remote.In(workspace) }

// readPass reads a list from its first page to its last. steady reports whether it stood
// still meanwhile, as far as its totals show; certain, whether nothing can be missing: it
// was one page, or was read with a cursor.
func readPass(ctx context.Context, c *client.Client, filter string) (sims map[int64]api.SIM, steady, certain bool, err error) {
	sims, steady, certain = make(map[int64]api.SIM), true, true
	for o := (client.ListOptions{Filter: filter, Sort: "id", Page: 1}); ; steady, certain = false, false {
		begun, cursor := o.Page, false
		for page, err := range client.Walk(ctx, o, c.ListSIMs) {
			if errors.Is(err, client.ErrListChanged) {
				break
			}
			if err != nil {
				return nil, false, false, err
			}
			for _, sim := range page.Items {
				sims[sim.ID] = sim
			}
			cursor = cursor || page.Next != 0
			certain = certain && (cursor || page.TotalPages <= 1)
			if page.Next == 0 && (cursor || o.Page >= page.TotalPages) {
				return sims, steady, certain, nil
			}
			o.Page++
		}
		if o.Page == begun { // the list has fewer pages now
			return sims, false, false, nil
		}
	}
}

// remaining counts the SIMs that a filter finds once a run is over, less those that the run was not
// allowed to move: they came, or changed, during the run.
func (s *migrateRun) remaining(ctx context.Context, from *source, verdicts []bulk.Verdict) (n int, err error) {
	if from == nil {
		return 0, nil
	}
	sims, err := s.filtered(ctx, from)
	if err != nil {
		return 0, err
	}
	known := make(map[int64]bool)
	for _, v := range verdicts {
		known[v.ID] = v.Outcome == bulk.Refused || v.Outcome == bulk.NotMoved || v.Outcome == bulk.Unknown
	}
	for _, sim := range sims {
		if !known[sim.ID] {
			n++
		}
	}
	return n, nil
}

// checkFilterAgain applies the filter again after a run. What it finds now makes the run one that
// moved only some.
func (s *migrateRun) checkFilterAgain(ctx context.Context, verdicts []bulk.Verdict, code int) (int, error) {
	n, err := s.remaining(ctx, s.from, verdicts)
	if err != nil {
		return max(code, bulk.ExitError), fmt.Errorf("the SIMs were moved, but checking --filter for new ones failed: %w", err)
	}
	if s.remainingSIMs = n; n == 0 {
		return code, nil
	}
	s.screen.line("")
	s.screen.paragraph(0, "%s more %s --filter in %s: %s arrived or changed during the run. Run the command again to move %s.", thousands(n),
		plural(n, "SIM matches", "SIMs match"), s.from.Workspace.Name, plural(n, "it", "they"), plural(n, "it", "them"))
	return bulk.ExitPartly, nil
}
