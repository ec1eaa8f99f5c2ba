package control

import (
	"context"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// JobSIMs are SIMs of a job, and the names of their sources.
type JobSIMs struct {
	fleet.Page[fleet.JobSIM]
	Job     fleet.Job
	Sources map[fleet.WorkspaceID]fleet.Workspace
}

// maxSkipped is how many SIMs of a job a page may skip; later pages need after.
const maxSkipped = 25_000

// ListJobSIMs reads one page of the SIMs of a job that the caller may see, and their total, which
// is not counted but kept.
//
// Permission: ReadMigrations. Errors: NotFound for the job; BadQuery for an unknown verdict or a
// page that is too far; BadSort for a descending order.
func (c *Control) ListJobSIMs(ctx context.Context, caller identity.Principal, id fleet.JobID, l fleet.List) (found JobSIMs, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return found, err
	}
	if slices.ContainsFunc(l.Sort, func(o fleet.Order) bool { return o.Descending }) {
		return found, fleet.Errorf(fleet.BadSort, "sort: the SIMs of a job have one order: leave sort out, or use sort=id")
	}
	verdicts, err := verdictsOf(l)
	if err != nil {
		return found, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		j, err := seenJob(ctx, tx, caller, id, false)
		if err != nil {
			return err
		}
		found = JobSIMs{Job: j, Page: fleet.Page[fleet.JobSIM]{PerPage: l.PerPage, Total: j.Count(verdicts...), Page: 1}, Sources: make(map[fleet.WorkspaceID]fleet.Workspace)}
		p := store.JobSIMPage{Job: j, Verdicts: verdicts, After: l.After, Most: l.PerPage}
		if l.After == nil {
			found.Page.Page, p.Skip = l.At(found.Total)
		}
		if found.Total == 0 { // the job may have millions with other verdicts
			return nil
		}
		if p.Skip > maxSkipped {
			return fleet.Errorf(fleet.BadQuery, "page: only the first %d SIMs can be reached by page: use after with the X-Next of the page before", maxSkipped)
		}
		for _, s := range j.Sources {
			found.Sources[s.ID] = s
		}
		found.Items, err = tx.JobSIMsAfter(ctx, storeCaller(caller), caller.Workspace, p)
		return err
	})
	return found, err
}

// noVerdict is a verdict that no SIM has.
const noVerdict fleet.Verdict = -1

// verdictsOf reads the filters by verdict of a list, all of which must hold; nil for none.
func verdictsOf(l fleet.List) (verdicts []fleet.Verdict, err error) {
	for _, f := range l.Filters {
		if f.Field.Name != "verdict" {
			return nil, fleet.Errorf(fleet.BadQuery, "q: the SIMs of a job can be filtered by verdict only")
		}
		one := []fleet.Verdict{}
		for _, text := range f.Texts {
			v, ok := fleet.ParseVerdict(text)
			if !ok {
				return nil, fleet.Errorf(fleet.BadQuery, "q: %q is not a verdict; known: %s", text, fleet.Keywords(fleet.Verdicts))
			}
			if verdicts == nil || slices.Contains(verdicts, v) {
				one = append(one, v)
			}
		}
		if len(one) == 0 {
			one = []fleet.Verdict{noVerdict}
		}
		verdicts = one
	}
	return verdicts, nil
}
