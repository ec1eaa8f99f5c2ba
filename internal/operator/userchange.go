package operator

import (
	"context"
	"slices"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// UserPatch holds the changes to a user; nil leaves a field unchanged.
type UserPatch struct {
	Name             *string
	Status           *fleet.UserStatus
	SuperAdmin       *bool
	DefaultWorkspace *fleet.WorkspaceID
}

// ChangeUser changes a user, by ID or e-mail address, and returns the user as stored. A
// suspension ends every session.
//
// Errors: NotFound; BadRequest that names the field; InUse if the user would have no role left
// to sign in with.
func (o Operator) ChangeUser(ctx context.Context, ref string, p UserPatch) (u UserListing, err error) {
	if p.Name != nil {
		if err := control.CheckName("name", *p.Name); err != nil {
			return u, err
		}
	}
	err = o.changingUser(ctx, ref, func(tx *store.Tx, user store.UserRecord, memberships []fleet.Membership) error {
		next := user
		put(&next.Name, p.Name)
		put(&next.Status, p.Status)
		put(&next.SuperAdmin, p.SuperAdmin)
		put(&next.DefaultWorkspace, p.DefaultWorkspace)
		if err := checkUserChange(ctx, tx, user, next, memberships); err != nil {
			return err
		}
		if err := tx.PutUser(ctx, next); err != nil {
			return err
		}
		if u, err = userListing(ctx, tx, ref); err != nil {
			return err
		}
		e := userEntry(fleet.AuditUserChanged, u)
		e.Detail.Status = u.Status.String()
		return o.audit(ctx, tx, e)
	})
	return u, err
}

func checkUserChange(ctx context.Context, tx *store.Tx, was, next store.UserRecord, memberships []fleet.Membership) error {
	switch {
	case next.Status == was.Status:
	case next.Status != fleet.UserActive && next.Status != fleet.UserSuspended:
		return fleet.Invalid("status", "must be 1 (Active) or 2 (Suspended)")
	case next.Status == fleet.UserActive && was.PasswordHash == "":
		return fleet.Invalid("status", "the user has no password: set one, which also activates the user")
	}
	if was.SuperAdmin && !next.SuperAdmin && len(memberships) == 0 {
		return fleet.Errorf(fleet.InUse, "superadmin: the user has no other role: give one in a Workspace first, or suspend the user")
	}
	if next.DefaultWorkspace == was.DefaultWorkspace {
		return nil
	}
	found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{next.DefaultWorkspace})
	switch _, there := found[next.DefaultWorkspace]; {
	case err != nil:
		return err
	case !there:
		return fleet.Invalid("default_workspace", "%s", noWorkspace(next.DefaultWorkspace))
	case !next.SuperAdmin && !control.IsMember(memberships, next.DefaultWorkspace):
		return fleet.Invalid("default_workspace", "the user has no role in Workspace %d: give one there first, or choose another Workspace", next.DefaultWorkspace)
	}
	return nil
}

// SetRole gives a user, by ID or e-mail address, exactly one role in a Workspace, active or
// suspended, and returns the user as stored. A suspension in a Workspace ends the user's
// refresh tokens for it.
//
// Errors: NotFound for the user and for the Workspace; BadRequest for a role or a status that a
// member cannot have.
func (o Operator) SetRole(ctx context.Context, ref string, ws fleet.WorkspaceID, role fleet.Role, status fleet.UserStatus) (u UserListing, err error) {
	if err := checkRole("role", role); err != nil {
		return u, err
	}
	if status != fleet.UserActive && status != fleet.UserSuspended {
		return u, fleet.Invalid("status", "must be 1 (Active) or 2 (Suspended)")
	}
	err = o.changingUser(ctx, ref, func(tx *store.Tx, user store.UserRecord, _ []fleet.Membership) error {
		found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{ws})
		if err != nil {
			return err
		}
		if _, there := found[ws]; !there {
			return fleet.Missing("workspace", ws)
		}
		if err := tx.SetMembership(ctx, user.ID, ws, status, []fleet.Role{role}); err != nil {
			return err
		}
		if u, err = userListing(ctx, tx, ref); err != nil {
			return err
		}
		return o.audit(ctx, tx, fleet.AuditEntry{
			Action: fleet.AuditMembershipChanged, Subject: fleet.Subject("user", user.ID), Workspaces: []fleet.WorkspaceID{ws},
			Detail: fleet.AuditDetail{Role: role.String(), Status: status.String()},
		})
	})
	return u, err
}

// checkRole requires a role that members of a Workspace can have.
func checkRole(field string, role fleet.Role) error {
	if role < fleet.Administrator || role > fleet.Observer {
		return fleet.Invalid(field, "it must be 1 (Administrator), 2 (User) or 3 (Observer)")
	}
	return nil
}

// RemoveRole removes a user, by ID or e-mail address, from a Workspace. If that was the default
// Workspace, the one with the lowest ID becomes the default.
//
// Errors: NotFound for the user, and if the user is not a member; InUse if the user would have
// no role left to sign in with.
func (o Operator) RemoveRole(ctx context.Context, ref string, ws fleet.WorkspaceID) error {
	return o.changingUser(ctx, ref, func(tx *store.Tx, user store.UserRecord, memberships []fleet.Membership) error {
		switch {
		case !control.IsMember(memberships, ws):
			return fleet.Errorf(fleet.NotFound, "%s has no role in Workspace %d", user.Username, ws)
		case len(memberships) == 1 && !user.SuperAdmin:
			return fleet.Errorf(fleet.InUse, "it is the only role of %s: give another first, or suspend the user", user.Username)
		}
		if err := tx.SetMembership(ctx, user.ID, ws, fleet.UserActive, nil); err != nil {
			return err
		}
		rest := slices.DeleteFunc(memberships, func(m fleet.Membership) bool { return m.Workspace.ID == ws })
		if user.DefaultWorkspace == ws && len(rest) > 0 {
			user.DefaultWorkspace = rest[0].Workspace.ID
			if err := tx.PutUser(ctx, user); err != nil {
				return err
			}
		}
		return o.audit(ctx, tx, fleet.AuditEntry{
			Action: fleet.AuditMembershipRemoved, Subject: fleet.Subject("user", user.ID), Workspaces: []fleet.WorkspaceID{ws},
		})
	})
}

// changingUser runs a change of a user. It serializes all changes of users.
func (o Operator) changingUser(ctx context.Context, ref string, change func(*store.Tx, store.UserRecord, []fleet.Membership) error) error {
	return o.update(ctx, func(tx *store.Tx) error {
		if err := tx.Hold(ctx, store.Users); err != nil {
			return err
		}
		user, err := userNamed(ctx, tx, ref)
		if err != nil {
			return err
		}
		memberships, err := tx.Memberships(ctx, user.ID)
		if err != nil {
			return err
		}
		return change(tx, user, memberships)
	})
}
