package control

import (
	"context"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// MemberOf names a user's membership in a Workspace.
type MemberOf struct {
	User      string // an id, an e-mail address, or "my"
	Workspace fleet.WorkspaceID
}

// MemberStatus is a request to change the status of a member.
type MemberStatus struct {
	MemberOf
	Status fleet.UserStatus // Active or Suspended
}

// MemberRole is a request to give or take a role.
type MemberRole struct {
	MemberOf
	Role fleet.Role
}

// SetMemberStatus suspends or reactivates a user in one Workspace. Other Workspaces do not
// change. A suspension ends the user's bearers for that Workspace at once, on every server, and
// the refresh tokens.
//
// Permission: ManageMembers, as Administrator of that Workspace. Errors: NotFound; NotAllowed
// for oneself; InUse for the last Administrator; those of once.
func (c *Control) SetMemberStatus(ctx context.Context, caller identity.Principal, m MemberStatus, w Write[None]) (Reply, error) {
	if m.Status != fleet.UserActive && m.Status != fleet.UserSuspended {
		return Reply{}, fleet.Invalid("status.id", "must be 1 (Active) or 2 (Suspended)")
	}
	return c.manage(ctx, caller, m.MemberOf, w, func(tx *store.Tx, caller identity.Principal, of managed) error {
		return of.setStatus(ctx, tx, caller, m.Status)
	})
}

// RemoveMember removes a user from one Workspace. A user without another Workspace is deleted:
// the address can be used again, and records of the user's actions stay.
//
// Permission and errors: as for SetMemberStatus.
func (c *Control) RemoveMember(ctx context.Context, caller identity.Principal, of MemberOf, w Write[None]) (Reply, error) {
	return c.manage(ctx, caller, of, w, func(tx *store.Tx, caller identity.Principal, m managed) error { return m.remove(ctx, tx, caller) })
}

// GiveRole gives a user a role in a Workspace. It succeeds if the user has the role already.
//
// Permission: ManageMembers, as Administrator of that Workspace. Errors: NotFound, also for an
// unknown role; BadRequest for oneself; NotAllowed for SuperAdmin, which only the operator
// gives; those of once.
func (c *Control) GiveRole(ctx context.Context, caller identity.Principal, r MemberRole, w Write[None]) (Reply, error) {
	role := r.Role
	if err := checkGrantable(role); err != nil {
		return Reply{}, err
	}
	return c.manage(ctx, caller, r.MemberOf, w, func(tx *store.Tx, caller identity.Principal, m managed) error {
		if m.user.ID == caller.User {
			return ownRoles()
		}
		if err := m.setRoles(ctx, tx, withRole(m.Roles, role)); err != nil {
			return err
		}
		return m.audit(ctx, tx, caller, fleet.AuditRoleGiven, fleet.AuditDetail{Role: role.String()})
	})
}

// TakeRole removes a role of a user in a Workspace.
//
// Permission and errors: as for GiveRole; NotFound if the user does not have it; InUse for the
// last role, and for the last Administrator.
func (c *Control) TakeRole(ctx context.Context, caller identity.Principal, r MemberRole, w Write[None]) (Reply, error) {
	role := r.Role
	if err := checkGrantable(role); err != nil {
		return Reply{}, err
	}
	return c.manage(ctx, caller, r.MemberOf, w, func(tx *store.Tx, caller identity.Principal, m managed) error {
		switch {
		case m.user.ID == caller.User:
			return ownRoles()
		case !slices.Contains(m.Roles, role):
			return fleet.Missing("role", int64(role))
		case len(m.Roles) == 1:
			return fleet.Errorf(fleet.InUse, "This is the user's last role in this Workspace: give the user another role first, or remove the user from the Workspace")
		case role == fleet.Administrator:
			if err := m.notTheLast(ctx, tx); err != nil {
				return err
			}
		}
		if err := m.setRoles(ctx, tx, slices.DeleteFunc(m.Roles, func(r fleet.Role) bool { return r == role })); err != nil {
			return err
		}
		return m.audit(ctx, tx, caller, fleet.AuditRoleTaken, fleet.AuditDetail{Role: role.String()})
	})
}

// SetRole makes a role the only one of a user in a Workspace. It succeeds if it is so already.
//
// Permission and errors: as for GiveRole; InUse for the last Administrator.
func (c *Control) SetRole(ctx context.Context, caller identity.Principal, r MemberRole, w Write[None]) (Reply, error) {
	if err := checkGrantable(r.Role); err != nil {
		return Reply{}, err
	}
	return c.manage(ctx, caller, r.MemberOf, w, func(tx *store.Tx, caller identity.Principal, m managed) error {
		if m.user.ID == caller.User {
			return ownRoles()
		}
		if r.Role != fleet.Administrator {
			if err := m.notTheLast(ctx, tx); err != nil {
				return err
			}
		}
		if err := m.setRoles(ctx, tx, []fleet.Role{r.Role}); err != nil {
			return err
		}
		for _, had := range m.Roles {
			if had == r.Role {
				continue
			}
			if err := m.audit(ctx, tx, caller, fleet.AuditRoleTaken, fleet.AuditDetail{Role: had.String()}); err != nil {
				return err
			}
		}
		if slices.Contains(m.Roles, r.Role) {
			return nil
		}
		return m.audit(ctx, tx, caller, fleet.AuditRoleGiven, fleet.AuditDetail{Role: r.Role.String()})
	})
}

func ownRoles() error {
	return fleet.Invalid("user_id", "you cannot change your own roles: ask another Administrator")
}

// checkGrantable requires a role that members of a Workspace can have.
func checkGrantable(role fleet.Role) error {
	switch role {
	case fleet.Administrator, fleet.Member, fleet.Observer:
		return nil
	case fleet.SuperAdmin:
		return fleet.Errorf(fleet.NotAllowed, "Only the operator can give the role SuperAdmin, on the command line")
	}
	return fleet.Missing("role", int64(role))
}

func withRole(roles []fleet.Role, role fleet.Role) []fleet.Role {
	if !slices.Contains(roles, role) {
		roles = append(roles, role)
	}
	return roles
}

// managed is a membership in a Workspace that the caller administers.
type managed struct {
	user store.UserRecord
	fleet.Membership
}

// manage runs a rule on a membership. It locks the members of the Workspace, so that of two
// Administrators who remove each other at the same time only one succeeds.
func (c *Control) manage(ctx context.Context, caller identity.Principal, of MemberOf, w Write[None], rule func(*store.Tx, identity.Principal, managed) error) (Reply, error) {
	g := guard{need: identity.ManageMembers}
	g.lock = func(ctx context.Context, tx *store.Tx) error { return tx.LockMembers(ctx, of.Workspace) }
	g.replay = func(ctx context.Context, tx *store.Tx, caller identity.Principal, _ store.Stored) error {
		return administers(ctx, tx, caller, of.Workspace)
	}
	return once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[None], error) {
		m, err := findManaged(ctx, tx, caller, of)
		if err == nil {
			err = rule(tx, caller, m)
		}
		return result[None]{}, err
	})
}

// findManaged finds a membership. It returns NotFound for a Workspace that the caller is not a
// member of, and for a user who is not a member, even if the user is in other Workspaces.
func findManaged(ctx context.Context, tx *store.Tx, caller identity.Principal, of MemberOf) (m managed, err error) {
	if err := administers(ctx, tx, caller, of.Workspace); err != nil {
		return m, err
	}
	user, found, err := findUser(ctx, tx, caller, of.User)
	if err == nil && found {
		m, found, err = membership(ctx, tx, user.ID, of.Workspace)
	}
	if err == nil && !found {
		err = fleet.Missing("user", of.User)
	}
	return m, err
}

// membership locks and reads a user and the user's membership in a Workspace.
func membership(ctx context.Context, tx *store.Tx, id fleet.UserID, ws fleet.WorkspaceID) (m managed, found bool, err error) {
	if err := tx.LockUser(ctx, id); err != nil {
		return m, false, err
	}
	if m.user, found, err = tx.UserByID(ctx, id); err != nil || !found {
		return m, false, err
	}
	all, err := tx.Memberships(ctx, id)
	i := slices.IndexFunc(all, func(m fleet.Membership) bool { return m.Workspace.ID == ws })
	if err != nil || i < 0 {
		return m, false, err
	}
	m.Membership = all[i]
	return m, true, nil
}

// administers requires that the caller is Administrator of a Workspace. If the caller then
// changes its members, it must hold LockMembers. Errors: NotFound if the caller is not a
// member; Forbidden.
func administers(ctx context.Context, tx *store.Tx, caller identity.Principal, ws fleet.WorkspaceID) error {
	standings, err := tx.Standings(ctx, caller.User, []fleet.WorkspaceID{ws})
	if err != nil {
		return err
	}
	switch role := standings[ws].Role; {
	case role == fleet.NoRole:
		return fleet.Missing("workspace", int64(ws))
	case !role.Administers():
		return fleet.Errorf(fleet.Forbidden, "The role %s in Workspace %d does not give the permission %s", role, ws, identity.ManageUsers)
	}
	return nil
}

func (m managed) setStatus(ctx context.Context, tx *store.Tx, caller identity.Principal, s fleet.UserStatus) error {
	if m.user.ID == caller.User {
		return fleet.Errorf(fleet.NotAllowed, "You cannot suspend or activate yourself: ask another Administrator")
	}
	if s == fleet.UserSuspended {
		if err := m.notTheLast(ctx, tx); err != nil {
			return err
		}
	}
	if err := tx.SetMembership(ctx, m.user.ID, m.Workspace.ID, s, m.Roles); err != nil {
		return err
	}
	return m.audit(ctx, tx, caller, fleet.AuditMembershipChanged, fleet.AuditDetail{Status: s.String()})
}

// audit writes an entry about the member, in the Workspace.
func (m managed) audit(ctx context.Context, tx *store.Tx, caller identity.Principal, a fleet.AuditAction, d fleet.AuditDetail) error {
	return audit(ctx, tx, caller, fleet.AuditEntry{
		Action: a, Workspaces: []fleet.WorkspaceID{m.Workspace.ID}, Subject: fleet.Subject("user", m.user.ID), Detail: d,
	})
}

func (m managed) setRoles(ctx context.Context, tx *store.Tx, roles []fleet.Role) error {
	return tx.SetMembership(ctx, m.user.ID, m.Workspace.ID, m.Status, roles)
}

func (m managed) remove(ctx context.Context, tx *store.Tx, caller identity.Principal) error {
	if m.user.ID == caller.User {
		return fleet.Errorf(fleet.NotAllowed, "You cannot remove yourself from a Workspace: ask another Administrator")
	}
	if err := m.notTheLast(ctx, tx); err != nil {
		return err
	}
	if err := tx.SetMembership(ctx, m.user.ID, m.Workspace.ID, m.Status, nil); err != nil {
		return err
	}
	left, err := tx.Memberships(ctx, m.user.ID)
	if err != nil {
		return err
	}
	if len(left) > 0 || m.user.SuperAdmin {
		return m.audit(ctx, tx, caller, fleet.AuditMembershipRemoved, fleet.AuditDetail{})
	}
	if err := tx.DeleteUser(ctx, m.user.ID); err != nil {
		return err
	}
	return m.audit(ctx, tx, caller, fleet.AuditUserDeleted, fleet.AuditDetail{}) // that entry also covers the membership
}

// notTheLast refuses to leave a Workspace without an Administrator who can sign in.
func (m managed) notTheLast(ctx context.Context, tx *store.Tx) error {
	if m.Status != fleet.UserActive || !slices.Contains(m.Roles, fleet.Administrator) {
		return nil
	}
	others, err := tx.OtherAdministrators(ctx, m.Workspace.ID, m.user.ID)
	if err == nil && others == 0 {
		err = fleet.Errorf(fleet.InUse, "This is the last Administrator of Workspace %d: make another user Administrator first", m.Workspace.ID)
	}
	return err
}
