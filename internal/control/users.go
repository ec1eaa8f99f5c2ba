package control

import (
	"context"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// UserRecord is a user as seen from one Workspace.
type UserRecord struct {
	fleet.User
	Workspace fleet.Workspace
	Roles     []fleet.Role // in Workspace
}

// OwnWorkspace reads the Workspace of the caller's token. Permission: ReadWorkspace.
func (c *Control) OwnWorkspace(ctx context.Context, caller identity.Principal) (ws fleet.Workspace, err error) {
	if err := caller.Require(identity.ReadWorkspace); err != nil {
		return ws, err
	}
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		ws, err = callerWorkspace(ctx, tx, caller)
		return err
	})
	return ws, err
}

// User returns the caller, or a member of the caller's Workspace, by ID or e-mail address.
//
// Permission: ReadUsers. Errors: NotFound, also for a user of other Workspaces.
func (c *Control) User(ctx context.Context, caller identity.Principal, ref string) (u UserRecord, err error) {
	if err := caller.Require(identity.ReadUsers); err != nil {
		return u, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		user, found, err := findUser(ctx, tx, caller, ref)
		if err != nil {
			return err
		}
		if !found {
			return fleet.Missing("user", ref)
		}
		u.User = user.User
		if u.Workspace, err = callerWorkspace(ctx, tx, caller); err != nil {
			return err
		}
		m, found, err := tx.Member(ctx, user.ID, caller.Workspace)
		switch {
		case err == nil && !found && user.ID != caller.User:
			err = fleet.Missing("user", ref)
		case found:
			u.User, u.Roles = m.User, m.Roles
		}
		if user.SuperAdmin { // has the role everywhere, without any membership
			u.Roles = append([]fleet.Role{fleet.SuperAdmin}, u.Roles...)
		}
		return err
	})
	return u, err
}

// findUser returns the caller ("my"), or a user who shares a Workspace with the caller, by ID
// or e-mail address. The statement itself checks the membership, so a user of other Workspaces
// takes the same time as one that does not exist.
func findUser(ctx context.Context, tx *store.Tx, caller identity.Principal, ref string) (store.UserRecord, bool, error) {
	if strings.ContainsRune(ref, 0) { // PostgreSQL does not accept it in text
		return store.UserRecord{}, false, nil
	}
	n, err := strconv.ParseInt(ref, 10, 64)
	id, name := fleet.UserID(n), strings.ToLower(ref)
	switch isID := err == nil; {
	case ref == "my", isID && id == caller.User, name == caller.Username:
		return tx.UserByID(ctx, caller.User)
	case isID && id <= 0:
		return store.UserRecord{}, false, nil
	case caller.SuperAdmin && isID:
		return tx.UserByID(ctx, id)
	case caller.SuperAdmin:
		return tx.UserByName(ctx, name)
	case caller.User == 0 && isID: // an application token
		return tx.UserIn(ctx, caller.Workspace, id, "")
	case caller.User == 0:
		return tx.UserIn(ctx, caller.Workspace, 0, name)
	case isID:
		return tx.UserSeenBy(ctx, caller.User, id, "")
	}
	return tx.UserSeenBy(ctx, caller.User, 0, name)
}

// Memberships are Workspaces of a user.
type Memberships struct {
	Items   []fleet.Membership
	Default fleet.WorkspaceID // of the user's sign-ins
}

// UserWorkspaces lists those Workspaces of a user that the caller administers.
//
// Permission: ReadOwn. Errors: NotFound if the user is in none of them.
func (c *Control) UserWorkspaces(ctx context.Context, caller identity.Principal, ref string) (shared Memberships, err error) {
	if err := caller.Require(identity.ReadOwn); err != nil {
		return Memberships{}, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		user, found, err := findUser(ctx, tx, caller, ref)
		if err != nil {
			return err
		}
		if !found {
			return fleet.Missing("user", ref)
		}
		shared.Default = user.DefaultWorkspace
		if shared.Items, err = administered(ctx, tx, caller, user.ID); err != nil {
			return err
		}
		if len(shared.Items) == 0 && user.ID != caller.User {
			return fleet.Missing("user", ref)
		}
		return nil
	})
	return shared, err
}

// Memberships lists the Workspaces that the caller is a member of, with every role.
//
// Permission: ReadOwn.
func (c *Control) Memberships(ctx context.Context, caller identity.Principal) (all Memberships, err error) {
	if err := caller.Require(identity.ReadOwn); err != nil {
		return Memberships{}, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		user, found, err := tx.UserByID(ctx, caller.User)
		if err != nil || !found {
			return err
		}
		all.Default = user.DefaultWorkspace
		all.Items, err = tx.Memberships(ctx, caller.User)
		return err
	})
	return all, err
}

// administered returns the memberships of a user in Workspaces that the caller administers.
func administered(ctx context.Context, tx *store.Tx, caller identity.Principal, user fleet.UserID) ([]fleet.Membership, error) {
	all, err := tx.Memberships(ctx, user)
	if err != nil {
		return nil, err
	}
	return keepAdministered(ctx, tx, caller, all)
}

func keepAdministered(ctx context.Context, tx *store.Tx, caller identity.Principal, all []fleet.Membership) ([]fleet.Membership, error) {
	if len(all) == 0 {
		return nil, nil
	}
	ids := make([]fleet.WorkspaceID, len(all))
	for i, m := range all {
		ids[i] = m.Workspace.ID
	}
	standings, err := tx.Standings(ctx, caller.User, ids)
	var shared []fleet.Membership
	for _, m := range all {
		if standings[m.Workspace.ID].Role.Administers() {
			shared = append(shared, m)
		}
	}
	return shared, err
}
