package operator

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// minPassword is the least length of a password, in characters. Clients send a plain SHA-1
// digest of the password, so only its length protects it there.
const minPassword = 8

// NewUser holds the fields of a new user.
type NewUser struct {
	Username         string // an e-mail address
	Name             string // defaults to the username
	Password         string // plain text; "" if NoPassword
	NoPassword       bool   // the user cannot sign in before SetPassword
	Roles            map[fleet.WorkspaceID]fleet.Role
	RoleFields       map[fleet.WorkspaceID]string // names what gave each role in errors, 0 all of them; "roles" by default
	SuperAdmin       bool
	DefaultWorkspace fleet.WorkspaceID // 0: the one with the lowest id in Roles
}

// UserListing is a user with all roles.
type UserListing struct {
	fleet.User
	SuperAdmin  bool
	Memberships []fleet.Membership
}

// CreateUser creates a user who can sign in at once, unless NoPassword is set.
//
// Errors: BadRequest that names the field; Duplicated if the username is taken;
// ValidationFailed that names every Workspace that does not exist.
func (o Operator) CreateUser(ctx context.Context, n NewUser) (UserListing, error) {
	n, err := checkedUser(n)
	if err != nil {
		return UserListing{}, err
	}
	status, hash := fleet.UserActivationPending, ""
	if !n.NoPassword {
		status = fleet.UserActive
		if hash, err = o.c.Hasher().Hash(ctx, identity.WireDigest(n.Password)); err != nil {
			return UserListing{}, err
		}
	}
	var created UserListing
	err = o.update(ctx, func(tx *store.Tx) error {
		id, err := freeUser(ctx, tx, n)
		if err != nil {
			return err
		}
		user := store.UserRecord{SuperAdmin: n.SuperAdmin, User: fleet.User{
			ID: id, Username: n.Username, Name: n.Name, Status: status,
			DefaultWorkspace: n.DefaultWorkspace, PasswordHash: hash, Created: tx.Now(),
		}}
		if created, err = insertUser(ctx, tx, user, n.Roles); err != nil {
			return err
		}
		return o.audit(ctx, tx, userEntry(fleet.AuditUserCreated, created))
	})
	return created, err
}

// userEntry returns an audit entry for every Workspace of the user, so that their
// Administrators can see it.
func userEntry(action fleet.AuditAction, u UserListing) fleet.AuditEntry {
	e := fleet.AuditEntry{Action: action, Subject: fleet.Subject("user", u.ID)}
	for _, m := range u.Memberships {
		e.Workspaces = append(e.Workspaces, m.Workspace.ID)
	}
	return e
}

func checkedUser(n NewUser) (NewUser, error) {
	var err error
	if n.Username, err = control.ParseUsername(n.Username); err != nil {
		return n, err
	}
	n.Name = cmp.Or(n.Name, n.Username)
	if err := control.CheckName("name", n.Name); err != nil {
		return n, err
	}
	if !n.NoPassword {
		if err := checkNewPassword(n.Password); err != nil {
			return n, err
		}
	}
	if len(n.Roles) == 0 && !n.SuperAdmin {
		return n, fleet.Invalid(n.roleField(0), "a user needs a role to sign in: give one, such as administrator of a Workspace")
	}
	for _, role := range n.Roles {
		if err := checkRole("role", role); err != nil {
			return n, err
		}
	}
	return withDefaultWorkspace(n)
}

// withDefaultWorkspace sets or checks the default Workspace: the user must have a role there.
func withDefaultWorkspace(n NewUser) (NewUser, error) {
	if n.DefaultWorkspace == 0 && len(n.Roles) > 0 {
		n.DefaultWorkspace = slices.Min(slices.Collect(maps.Keys(n.Roles)))
	}
	_, member := n.Roles[n.DefaultWorkspace]
	switch {
	case n.DefaultWorkspace == 0:
		return n, fleet.Invalid("default_workspace", "a superadmin without roles needs one to sign in to: give the id of a Workspace")
	case !member && !n.SuperAdmin:
		return n, fleet.Invalid("default_workspace", "the user has no role in Workspace %d: give one there, or choose another Workspace", n.DefaultWorkspace)
	}
	return n, nil
}

func checkNewPassword(password string) error {
	if utf8.RuneCountInString(password) < minPassword {
		return fleet.Invalid("password", "it must have at least %d characters", minPassword)
	}
	return nil
}

// freeUser checks whether the user can be created, and assigns an ID.
func freeUser(ctx context.Context, tx *store.Tx, n NewUser) (fleet.UserID, error) {
	old, found, err := tx.UserByName(ctx, n.Username)
	if err == nil && found {
		err = fleet.Errorf(fleet.Duplicated, "username: %s already belongs to user %d: choose another", n.Username, old.ID)
	}
	if err != nil {
		return 0, err
	}
	known, err := allWorkspaces(ctx, tx)
	if err != nil {
		return 0, err
	}
	var p fleet.Problems
	for _, ws := range slices.Sorted(maps.Keys(n.Roles)) {
		if _, found := known[ws]; !found {
			p.Add(fleet.InvalidReference, "%s: %s", n.roleField(ws), noWorkspace(ws))
		}
	}
	if _, found := known[n.DefaultWorkspace]; n.DefaultWorkspace != 0 && n.Roles[n.DefaultWorkspace] == fleet.NoRole && !found {
		p.Add(fleet.InvalidReference, "default_workspace: %s", noWorkspace(n.DefaultWorkspace))
	}
	if err := p.Err(); err != nil {
		return 0, err
	}
	id, err := tx.NextID(ctx, store.Users)
	return fleet.UserID(id), err
}

// roleField returns the field that gave a role, for errors; 0 is for all of them.
func (n NewUser) roleField(ws fleet.WorkspaceID) string { return cmp.Or(n.RoleFields[ws], "roles") }

// noWorkspace says that a Workspace does not exist, and what to do.
func noWorkspace(id fleet.WorkspaceID) string {
	return fmt.Sprintf("there is no Workspace %d: create it first, or choose another", id)
}

func insertUser(ctx context.Context, tx *store.Tx, u store.UserRecord, roles map[fleet.WorkspaceID]fleet.Role) (UserListing, error) {
	if err := tx.InsertUser(ctx, u); err != nil {
		return UserListing{}, err
	}
	for ws, role := range roles {
		if err := tx.SetMembership(ctx, u.ID, ws, fleet.UserActive, []fleet.Role{role}); err != nil {
			return UserListing{}, err
		}
	}
	memberships, err := tx.Memberships(ctx, u.ID)
	return UserListing{u.User, u.SuperAdmin, memberships}, err
}

// ListUsers reads all users with all roles, sorted by ID.
func (o Operator) ListUsers(ctx context.Context) (all []UserListing, err error) {
	err = o.store.View(ctx, func(tx *store.Tx) error {
		users, err := tx.AllUsers(ctx)
		if err != nil {
			return err
		}
		memberships, err := tx.AllMemberships(ctx)
		all = listings(users, memberships)
		return err
	})
	return all, err
}

// UserPage reads one page of all users, with all roles.
func (o Operator) UserPage(ctx context.Context, l fleet.List) (page fleet.Page[UserListing], err error) {
	err = o.read(ctx, func(tx *store.Tx) error {
		users, err := tx.UserPage(ctx, l)
		if err != nil {
			return err
		}
		ids := make([]fleet.UserID, len(users.Items))
		for i, u := range users.Items {
			ids[i] = u.ID
		}
		memberships, err := tx.MembershipsOf(ctx, ids)
		page = fleet.Page[UserListing]{Items: listings(users.Items, memberships), Total: users.Total, Page: users.Page, PerPage: users.PerPage}
		return err
	})
	return page, err
}

func listings(users []store.UserRecord, memberships map[fleet.UserID][]fleet.Membership) []UserListing {
	all := make([]UserListing, len(users))
	for i, u := range users {
		all[i] = UserListing{u.User, u.SuperAdmin, memberships[u.ID]}
	}
	return all
}

// User reads one user, by ID or e-mail address, with all roles.
//
// Errors: NotFound.
func (o Operator) User(ctx context.Context, ref string) (u UserListing, err error) {
	err = o.read(ctx, func(tx *store.Tx) error {
		u, err = userListing(ctx, tx, ref)
		return err
	})
	return u, err
}

func userListing(ctx context.Context, tx *store.Tx, ref string) (UserListing, error) {
	user, err := userNamed(ctx, tx, ref)
	if err != nil {
		return UserListing{}, err
	}
	memberships, err := tx.Memberships(ctx, user.ID)
	return UserListing{user.User, user.SuperAdmin, memberships}, err
}

// userNamed returns a user by ID or e-mail address.
func userNamed(ctx context.Context, tx *store.Tx, ref string) (store.UserRecord, error) {
	var user store.UserRecord
	var found bool
	var err error
	if id, notNumber := strconv.ParseInt(ref, 10, 64); notNumber == nil {
		user, found, err = tx.UserByID(ctx, fleet.UserID(id))
	} else {
		user, found, err = tx.UserByName(ctx, strings.ToLower(ref))
	}
	if err == nil && !found {
		err = fleet.Missing("user", ref)
	}
	return user, err
}

// ResetSecondFactor removes the second factor and the trusted devices of a user, by ID or
// e-mail address, for instance after the user has lost the factor.
//
// Errors: NotFound, also if the user has none.
func (o Operator) ResetSecondFactor(ctx context.Context, ref string) error {
	return o.update(ctx, func(tx *store.Tx) error {
		user, err := userListing(ctx, tx, ref)
		if err != nil {
			return err
		}
		f, found, err := tx.SecondFactor(ctx, user.ID)
		if err != nil || !found {
			return cmp.Or[error](err, fleet.Errorf(fleet.NotFound, "%s has no second factor", user.Username))
		}
		if _, err = tx.DeleteSecondFactor(ctx, user.ID, f.ID); err != nil {
			return err
		}
		return o.audit(ctx, tx, userEntry(fleet.AuditFactorRemoved, user))
	})
}

// SetPassword sets the password of a user, by ID or e-mail address. Every session of the user
// ends. A user whose activation is pending can sign in with it.
//
// Earlier wrong guesses at the account are forgotten.
//
// Errors: NotFound; BadRequest for a password that is too short.
func (o Operator) SetPassword(ctx context.Context, ref, password string) error {
	if err := checkNewPassword(password); err != nil {
		return err
	}
	hash, err := o.c.Hasher().Hash(ctx, identity.WireDigest(password))
	if err != nil {
		return err
	}
	return o.update(ctx, func(tx *store.Tx) error {
		user, err := userListing(ctx, tx, ref)
		if err != nil {
			return err
		}
		if err := tx.SetPassword(ctx, user.ID, hash); err != nil {
			return err
		}
		if err := control.Unlock(ctx, tx, user.Username, netip.Addr{}); err != nil {
			return err
		}
		if user.Status == fleet.UserActivationPending {
			if err := tx.SetUserStatus(ctx, user.ID, fleet.UserActive); err != nil {
				return err
			}
		}
		return o.audit(ctx, tx, userEntry(fleet.AuditPasswordChanged, user))
	})
}

// UnlockUser forgets the wrong guesses at the password and codes of a user, by ID or e-mail
// address. Guesses from the address, if it is valid, are counted separately for 24 hours.
//
// Errors: NotFound.
func (o Operator) UnlockUser(ctx context.Context, ref string, from netip.Addr) error {
	return o.update(ctx, func(tx *store.Tx) error {
		user, err := userListing(ctx, tx, ref)
		if err != nil {
			return err
		}
		if err := control.Unlock(ctx, tx, user.Username, from); err != nil {
			return err
		}
		return o.audit(ctx, tx, userEntry(fleet.AuditUserUnlocked, user))
	})
}
