package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// SIMHistory is a SIM with its stays, the oldest first.
type SIMHistory struct {
	SIM   fleet.SIM
	Stays []fleet.Stay
}

// SIMHistory reads where a SIM has been. Workspaces of which the caller is not a member are
// withheld.
//
// Permission: ReadMigrations. Errors: those of SIM.
func (c *Control) SIMHistory(ctx context.Context, caller identity.Principal, id fleet.SIMID) (h SIMHistory, err error) {
	if err := caller.Require(identity.ReadMigrations); err != nil {
		return h, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		if h.SIM, err = visibleSIM(ctx, tx, caller, id, false); err != nil {
			return err
		}
		moves, err := tx.Moves(ctx, id)
		if err != nil {
			return err
		}
		places := seen[fleet.WorkspaceID]{h.SIM.Workspace: {}}
		for _, m := range moves {
			places.add(m.From, m.To)
		}
		visible, err := visibleWorkspaces(ctx, tx, caller, places.list())
		h.Stays = fleet.Stays(moves, h.SIM.Workspace, visible)
		return err
	})
	return h, err
}

// visibleWorkspaces reads those of the Workspaces that the caller is a member of. An application
// token has its own Workspace only.
func visibleWorkspaces(ctx context.Context, tx *store.Tx, caller identity.Principal, ids []fleet.WorkspaceID) (map[fleet.WorkspaceID]fleet.Workspace, error) {
	visible := make(map[fleet.WorkspaceID]fleet.Workspace)
	if caller.User == 0 {
		ws, err := callerWorkspace(ctx, tx, caller)
		visible[ws.ID] = ws
		return visible, err
	}
	standings, err := tx.Standings(ctx, caller.User, ids)
	for id, s := range standings {
		if s.Role != fleet.NoRole {
			visible[id] = s.Workspace
		}
	}
	return visible, err
}
