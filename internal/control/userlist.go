package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// ListUsers reads one page of the users of the caller's Workspace, with their standing there.
//
// Permission: ReadUsers.
func (c *Control) ListUsers(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[UserRecord], err error) {
	if err := caller.Require(identity.ReadUsers); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		ws, err := callerWorkspace(ctx, tx, caller)
		if err != nil {
			return err
		}
		found, err := tx.Members(ctx, caller.Workspace, l)
		page = fleet.Page[UserRecord]{Total: found.Total, Page: found.Page, PerPage: found.PerPage}
		page.Items = make([]UserRecord, len(found.Items))
		for i, m := range found.Items {
			page.Items[i] = UserRecord{User: m.User, Workspace: ws, Roles: m.Roles}
		}
		return err
	})
	return page, err
}

// Permissions lists what a user may do in the caller's Workspace. It reads the table that also
// authorizes requests. A user who is suspended there, or has not joined it yet, has no
// permissions.
//
// Permission: ReadOwn for oneself, else ReadUsers. Errors: NotFound, also for a user of other
// Workspaces.
func (c *Control) Permissions(ctx context.Context, caller identity.Principal, ref string) (list []identity.Grant, err error) {
	if err := caller.Require(identity.ReadOwn); err != nil {
		return nil, err
	}
	may := caller.May
	err = c.store.View(ctx, func(tx *store.Tx) error {
		user, found, err := findUser(ctx, tx, caller, ref)
		if err != nil || found && user.ID == caller.User {
			return err
		}
		if err := caller.Require(identity.ReadUsers); err != nil {
			return err
		}
		if !found {
			return fleet.Missing("user", ref)
		}
		m, found, err := tx.Member(ctx, user.ID, caller.Workspace)
		if err != nil || !found {
			return firstError(err, fleet.Missing("user", ref))
		}
		role := fleet.Best(m.Roles)
		if user.SuperAdmin {
			role = fleet.SuperAdmin
		}
		may = func(p identity.Permission) bool { return m.Status == fleet.UserActive && identity.RoleMay(role, p) }
		return nil
	})
	for _, g := range identity.Grants() {
		if may(g.Permission) {
			list = append(list, g)
		}
	}
	return list, err
}
