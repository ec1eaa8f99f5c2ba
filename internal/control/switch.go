package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// SwitchWorkspace issues a bearer token for another Workspace of the user. The old token stays
// valid, and the new one ends at the same time: only a sign-in or a refresh token extends a
// session. It writes event 67 in the target.
//
// Permission: SwitchWorkspace. Errors: InvalidToken if the user is not a member, the Workspace
// is unknown, or the caller is an application token; Forbidden if a second factor must be added
// first.
func (c *Control) SwitchWorkspace(ctx context.Context, caller identity.Principal, target fleet.WorkspaceID) (t Tokens, err error) {
	if caller.Enrolling {
		return t, caller.Require(identity.SwitchWorkspace)
	}
	if !caller.May(identity.SwitchWorkspace) {
		return t, noSwitch()
	}
	err = c.write(ctx, caller, identity.SwitchWorkspace, nil, func(tx *store.Tx, caller identity.Principal) error {
		standings, err := tx.Standings(ctx, caller.User, []fleet.WorkspaceID{target}) // it locks the membership
		if err != nil {
			return err
		}
		if standings[target].Role == fleet.NoRole {
			return noSwitch()
		}
		s, found, err := tx.UserSession(ctx, caller.User, target)
		if err != nil {
			return err
		}
		if !found || s.Role == fleet.NoRole {
			return noSwitch()
		}
		if t.Bearer, err = c.bearer(ctx, tx, s.User, s.Workspace, caller.Session, caller.Expires); err != nil {
			return err
		}
		if err := tx.Enter(ctx, caller.User, target); err != nil {
			return err
		}
		entry := fleet.AuditEntry{Action: fleet.AuditSwitched, Workspaces: []fleet.WorkspaceID{caller.Workspace, target}, Detail: fleet.AuditDetail{Target: target}}
		if err := audit(ctx, tx, caller, entry); err != nil {
			return err
		}
		return tx.InsertEvent(ctx, fleet.Event{
			Type: fleet.EventSwitched, Workspace: target, User: caller.User,
			Description: "User " + s.User.Username + " switched to workspace " + s.Workspace.Name,
		})
	})
	return t, err
}

func noSwitch() error {
	return fleet.Errorf(fleet.InvalidToken, "You cannot switch to this Workspace: you are not a member, or it does not exist")
}
