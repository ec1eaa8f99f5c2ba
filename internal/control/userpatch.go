package control

import (
	"context"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// PersonPatch holds the changes to a user; nil leaves a field unchanged.
type PersonPatch struct {
	User     string  // an id, an e-mail address, or "my"
	Username *string // must be the present one, in any case: a client may send back what it received
	Name     *string
	Status   *fleet.UserStatus // in the caller's Workspace: Active or Suspended
}

// keeps requires that the username does not change.
func (p PersonPatch) keeps(username string) error {
	if p.Username == nil || strings.EqualFold(*p.Username, username) {
		return nil
	}
	return fleet.Invalid("username", "it cannot be changed: send the present one, or omit it")
}

func (p PersonPatch) check() error {
	if p.Status != nil && *p.Status != fleet.UserActive && *p.Status != fleet.UserSuspended {
		return fleet.Invalid("status.id", "must be 1 (Active) or 2 (Suspended)")
	}
	if p.Name == nil {
		return nil
	}
	return checkPersonName(*p.Name)
}

// maxName is the longest name of a user, in bytes.
const maxName = 255

func checkPersonName(name string) error {
	if len(name) > maxName {
		return fleet.Invalid("name", "it has more than %d bytes", maxName)
	}
	return CheckName("name", name)
}

// PatchUser changes the caller's own name, or the name and the status of a user in the caller's
// Workspace. A name is the same in all Workspaces, so the caller must administer every
// Workspace of the user to change it.
//
// Permission: WriteOwn for oneself, else ManageUsers. Errors: NotFound; BadRequest; NotAllowed
// for the caller's own status, and for the name of a user with Workspaces that the caller does
// not administer; InUse for the last Administrator; those of once.
func (c *Control) PatchUser(ctx context.Context, caller identity.Principal, p PersonPatch, w Write[None]) (Reply, error) {
	ref := p.User
	if err := caller.Require(identity.WriteOwn); err != nil {
		return Reply{}, err
	}
	if err := p.check(); err != nil {
		return Reply{}, err
	}
	g := guard{need: identity.WriteOwn}
	g.lock = func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockMembers(ctx, caller.Workspace); err != nil {
			return err
		}
		return tx.LockUser(ctx, caller.User) // the caller can be the user to change
	}
	g.replay = func(ctx context.Context, tx *store.Tx, caller identity.Principal, _ store.Stored) error {
		user, found, err := findUser(ctx, tx, caller, ref)
		if err != nil || found && user.ID == caller.User {
			return err
		}
		if err := caller.Require(identity.ManageUsers); err != nil {
			return err
		}
		return administers(ctx, tx, caller, caller.Workspace)
	}
	return once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (result[None], error) {
		user, found, err := findUser(ctx, tx, caller, ref)
		switch {
		case err != nil:
		case found && user.ID == caller.User:
			err = patchOneself(ctx, tx, caller, user, p)
		default:
			err = patchMember(ctx, tx, caller, ref, p)
		}
		return result[None]{}, err
	})
}

func patchOneself(ctx context.Context, tx *store.Tx, caller identity.Principal, user store.UserRecord, p PersonPatch) error {
	if err := p.keeps(user.Username); err != nil {
		return err
	}
	if p.Status != nil {
		return fleet.Errorf(fleet.NotAllowed, "You cannot suspend or activate yourself: ask another Administrator")
	}
	if p.Name == nil {
		return nil
	}
	return rename(ctx, tx, caller, caller.User, *p.Name)
}

func rename(ctx context.Context, tx *store.Tx, caller identity.Principal, user fleet.UserID, name string) error {
	if err := tx.SetName(ctx, user, name); err != nil {
		return err
	}
	return audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditUserChanged, Subject: fleet.Subject("user", user)})
}

func patchMember(ctx context.Context, tx *store.Tx, caller identity.Principal, ref string, p PersonPatch) error {
	if err := caller.Require(identity.ManageUsers); err != nil {
		return err
	}
	m, err := findManaged(ctx, tx, caller, MemberOf{ref, caller.Workspace})
	if err != nil {
		return err
	}
	if err := p.keeps(m.user.Username); err != nil {
		return err
	}
	if p.Name != nil {
		mine, err := administersAll(ctx, tx, caller, m.user.ID)
		if err != nil {
			return err
		}
		if !mine || m.user.SuperAdmin && !caller.SuperAdmin {
			return fleet.Errorf(fleet.NotAllowed, "name: only an Administrator of every Workspace of the user can change it, after the user has joined them")
		}
		if err := rename(ctx, tx, caller, m.user.ID, *p.Name); err != nil {
			return err
		}
	}
	if p.Status == nil {
		return nil
	}
	return m.setStatus(ctx, tx, caller, *p.Status)
}

// SetDefaultWorkspace sets the Workspace of the caller's sign-ins.
//
// Permission: WriteOwn. Errors: Forbidden for another user, and for a Workspace that is unknown
// or in which the caller is not an active member, with the same message; those of once.
func (c *Control) SetDefaultWorkspace(ctx context.Context, caller identity.Principal, of MemberOf, w Write[None]) (Reply, error) {
	g := guard{need: identity.WriteOwn, lock: lockingUser(caller)}
	return once(ctx, c, caller, g, w, func(tx *store.Tx, caller identity.Principal) (done result[None], err error) {
		refusal := fleet.Errorf(fleet.Forbidden, "Only the user can choose the default Workspace, and must be a member of it")
		user, found, err := findUser(ctx, tx, caller, of.User)
		if err != nil || !found || user.ID != caller.User {
			return done, firstError(err, refusal)
		}
		standings, err := tx.Standings(ctx, caller.User, []fleet.WorkspaceID{of.Workspace})
		if err != nil || standings[of.Workspace].Role == fleet.NoRole {
			return done, firstError(err, refusal)
		}
		if err := tx.SetDefaultWorkspace(ctx, user.ID, of.Workspace); err != nil {
			return done, err
		}
		return done, audit(ctx, tx, caller, fleet.AuditEntry{
			Action: fleet.AuditDefaultWorkspace, Subject: fleet.Subject("user", user.ID), Detail: fleet.AuditDetail{Target: of.Workspace},
		})
	})
}
