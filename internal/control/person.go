package control

import (
	"context"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// TrustedDevice is a device on which a user can sign in without a code.
type TrustedDevice = store.TrustedDevice

// TrustedDevices lists the present trusted devices of a user.
//
// Permission: WriteOwn for oneself, else ManageUsers; see person. Errors: NotFound.
func (c *Control) TrustedDevices(ctx context.Context, caller identity.Principal, ref string) (list []TrustedDevice, err error) {
	err = c.readPerson(ctx, caller, ref, func(tx *store.Tx, user store.UserRecord) error {
		list, err = tx.TrustedDevices(ctx, user.ID)
		return err
	})
	return list, err
}

// OfPerson names something that belongs to a user.
type OfPerson struct {
	User string // an id, an e-mail address, or "my"
	ID   int64
}

// RemoveTrustedDevice removes a trusted device of a user.
//
// Permission: WriteOwn for oneself, else ManageUsers; see person. Errors: NotFound.
func (c *Control) RemoveTrustedDevice(ctx context.Context, caller identity.Principal, of OfPerson) error {
	return c.writePerson(ctx, caller, of.User, func(tx *store.Tx, caller identity.Principal, user store.UserRecord) error {
		found, err := tx.DeleteTrustedDevice(ctx, user.ID, of.ID)
		if err != nil || !found {
			return firstError(err, fleet.Missing("trusted device", of.ID))
		}
		return audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditDeviceUntrusted, Subject: fleet.Subject("user", user.ID)})
	})
}

// readPerson runs a read-only rule on the user that person returns.
func (c *Control) readPerson(ctx context.Context, caller identity.Principal, ref string, rule func(*store.Tx, store.UserRecord) error) error {
	if err := caller.Require(identity.WriteOwn); err != nil {
		return err
	}
	return c.store.View(ctx, func(tx *store.Tx) error {
		user, err := person(ctx, tx, caller, ref)
		if err != nil {
			return err
		}
		return rule(tx, user)
	})
}

// writePerson runs a rule that changes the user that person returns.
func (c *Control) writePerson(ctx context.Context, caller identity.Principal, ref string, rule func(*store.Tx, identity.Principal, store.UserRecord) error) error {
	return c.write(ctx, caller, identity.WriteOwn, nil, func(tx *store.Tx, caller identity.Principal) error {
		user, err := person(ctx, tx, caller, ref)
		if err != nil {
			return err
		}
		return rule(tx, caller, user)
	})
}

// person returns the user whose second factor the caller may read and remove: the caller
// ("my"), or a member of the caller's Workspace all of whose Workspaces the caller administers.
// Removing a second factor weakens the sign-in for each of these Workspaces, so a caller who
// administers only some of them gets NotFound.
//
// Permission: WriteOwn for oneself, else ManageUsers. Errors: NotFound.
func person(ctx context.Context, tx *store.Tx, caller identity.Principal, ref string) (store.UserRecord, error) {
	user, found, err := findUser(ctx, tx, caller, ref)
	if err == nil && found && user.ID == caller.User {
		return user, nil
	}
	if err == nil {
		err = caller.Require(identity.ManageUsers)
	}
	if err != nil {
		return user, err
	}
	if !found || user.SuperAdmin && !caller.SuperAdmin {
		return user, fleet.Missing("user", ref)
	}
	mine, err := administersAll(ctx, tx, caller, user.ID)
	if err == nil && !mine {
		err = fleet.Missing("user", ref)
	}
	return user, err
}

// administersAll reports whether the caller administers every Workspace that the user has joined,
// including the caller's own. Pending invitations do not count: otherwise an Administrator of
// any Workspace could block all other Administrators by inviting the user.
func administersAll(ctx context.Context, tx *store.Tx, caller identity.Principal, user fleet.UserID) (bool, error) {
	all, err := tx.Memberships(ctx, user)
	if err != nil {
		return false, err
	}
	entered := slices.DeleteFunc(all, func(m fleet.Membership) bool { return m.Invited })
	shared, err := keepAdministered(ctx, tx, caller, entered)
	return IsMember(entered, caller.Workspace) && len(shared) == len(entered), err
}

// IsMember reports whether one of the memberships is in the Workspace.
func IsMember(all []fleet.Membership, ws fleet.WorkspaceID) bool {
	return slices.ContainsFunc(all, func(m fleet.Membership) bool { return m.Workspace.ID == ws })
}
