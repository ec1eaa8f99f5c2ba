package fleet

import "slices"

// JobReader is what decides how much of a job a caller may see.
type JobReader struct {
	All   bool                 // every job, such as a super admin
	User  UserID               // 0 for an application token
	Known map[WorkspaceID]bool // whether the caller is a member of these Workspaces
}

// See returns the job with the counts and the sources that the caller may see: of their own
// Workspaces; of the target, or of a Workspace that an undo gives SIMs back to, what it gets; and
// what was not found, if they made the job. complete is false if the job concerns a Workspace that
// is not Known. The rule is the same as that of the store's lists.
func (r JobReader) See(j Job) (seen Job, complete bool) {
	complete = true
	seen = j
	seen.Counts, seen.Sources = nil, nil
	if r.All {
		return j, true
	}
	for _, c := range j.Counts {
		for _, ws := range []WorkspaceID{c.Source, c.Home} {
			if _, known := r.Known[ws]; ws != 0 && !known && r.User != 0 {
				complete = false
			}
		}
		if r.sees(j, c) {
			seen.Counts = append(seen.Counts, c)
		}
	}
	for _, s := range j.Sources {
		if slices.ContainsFunc(seen.Counts, func(c JobCount) bool { return c.Source == s.ID }) {
			seen.Sources = append(seen.Sources, s)
		}
	}
	return seen, complete
}

func (r JobReader) sees(j Job, c JobCount) bool {
	switch {
	case c.Source == 0:
		return r.User != 0 && r.User == j.User
	case r.Known[c.Source]:
		return true
	}
	moves := c.Verdict == VerdictPlanned || c.Verdict == VerdictDone || c.Verdict == VerdictDrifted
	return moves && (j.Target.ID != 0 && r.Known[j.Target.ID] || c.Home != 0 && r.Known[c.Home])
}
