package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// SIMCounts is how many SIMs are in a Workspace, by status. Deleted SIMs are not counted.
type SIMCounts struct {
	Workspace fleet.Workspace
	ByStatus  map[fleet.SIMStatus]int
	Total     int
}

// countedStatuses are the statuses of SIMs that are not deleted.
var countedStatuses = []fleet.SIMStatus{fleet.SIMIssued, fleet.SIMActivated, fleet.SIMSuspended, fleet.SIMFactoryTest}

// maxCounted is the most Workspaces that CountSIMs counts.
const maxCounted = 25

// CountSIMs counts the SIMs of the Workspaces of which the caller is a member, at most 25, the
// caller's present Workspace first. It takes the numbers from counts, so the size of a fleet does
// not matter.
//
// Permission: ReadSIMs, in each Workspace.
func (c *Control) CountSIMs(ctx context.Context, caller identity.Principal) (counts []SIMCounts, err error) {
	if err := caller.Require(identity.ReadSIMs); err != nil {
		return nil, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		places, err := readableWorkspaces(ctx, tx, caller)
		if err != nil {
			return err
		}
		counts = make([]SIMCounts, 0, len(places))
		for _, ws := range places {
			n, err := countSIMs(ctx, tx, ws)
			if err != nil {
				return err
			}
			counts = append(counts, n)
		}
		return nil
	})
	return counts, err
}

// readableWorkspaces returns the caller's Workspace, then the others whose SIMs the caller may
// read.
func readableWorkspaces(ctx context.Context, tx *store.Tx, caller identity.Principal) ([]fleet.Workspace, error) {
	own, err := callerWorkspace(ctx, tx, caller)
	if err != nil || caller.User == 0 {
		return []fleet.Workspace{own}, err
	}
	places := []fleet.Workspace{own}
	all, err := tx.Memberships(ctx, caller.User)
	for _, m := range all {
		readable := m.Status == fleet.UserActive && !m.Invited && identity.RoleMay(fleet.Best(m.Roles), identity.ReadSIMs)
		if readable && m.Workspace.ID != own.ID && len(places) < maxCounted {
			places = append(places, m.Workspace)
		}
	}
	return places, err
}

func countSIMs(ctx context.Context, tx *store.Tx, ws fleet.Workspace) (SIMCounts, error) {
	n := SIMCounts{Workspace: ws, ByStatus: make(map[fleet.SIMStatus]int)}
	inside := ws
	inside.Type = fleet.Enterprise // only the SIMs in it, not those that it issued or resells
	status, _ := fleet.SIMList.Field("status")
	for _, st := range countedStatuses {
		l := fleet.List{
			Filters: []fleet.Filter{{Field: status, Numbers: []int64{int64(st)}}},
			Sort:    []fleet.Order{fleet.SIMList.DefaultSort}, Page: 1, PerPage: 1,
		}
		count, err := tx.CountSIMs(ctx, inside, l)
		if err != nil {
			return n, err
		}
		n.ByStatus[st] = count
		n.Total += count
	}
	return n, nil
}
