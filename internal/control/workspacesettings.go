package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// WorkspaceSettings are changes to the settings of a Workspace; nil keeps a value.
type WorkspaceSettings struct {
	ReasonRequired *bool // see fleet.Workspace
}

// ChangeWorkspaceSettings changes the settings of the caller's Workspace and returns it.
//
// Permission: ManageWorkspace. Errors: those of once.
func (c *Control) ChangeWorkspaceSettings(ctx context.Context, caller identity.Principal, s WorkspaceSettings, w Write[fleet.Workspace]) (Reply, error) {
	g := guard{need: identity.ManageWorkspace, lock: func(ctx context.Context, tx *store.Tx) error {
		return tx.LockWorkspaces(ctx, []fleet.WorkspaceID{caller.Workspace})
	}}
	return once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (done result[fleet.Workspace], err error) {
		ws, err := callerWorkspace(ctx, tx, caller)
		if err != nil || s.ReasonRequired == nil {
			return result[fleet.Workspace]{value: ws}, err
		}
		ws.ReasonRequired = *s.ReasonRequired
		if err := tx.RequireReason(ctx, ws.ID, ws.ReasonRequired); err != nil {
			return done, err
		}
		done.value = ws
		return done, audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditWorkspaceChanged, Subject: fleet.Subject("workspace", ws.ID)})
	})
}
