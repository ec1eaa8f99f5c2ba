package control

import (
	"context"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// TrustedDevice is a device on which a user is not asked for a code.
type TrustedDevice = store.TrustedDevice

// TrustedDevices lists the devices of a user that are trusted now.
//
// Permission: WriteOwn for oneself, else ManageUsers; see person. Errors: NotFound.
func (c *Control) TrustedDevices(ctx context.Context, who identity.Principal, ref string) (list []TrustedDevice, err error) {
	err = c.readPerson(ctx, who, ref, func(tx *store.Tx, user store.UserRecord) error {
		list, err = tx.TrustedDevices(ctx, user.ID)
		return err
	})
	return list, err
}

// RemoveTrustedDevice trusts a device of a user no longer.
//
// Permission: WriteOwn for oneself, else ManageUsers; see person. Errors: NotFound.
func (c *Control) RemoveTrustedDevice(ctx context.Context, who identity.Principal, ref string, id int64) error {
	return c.writePerson(ctx, who, ref, func(tx *store.Tx, who identity.Principal, user store.UserRecord) error {
		found, err := tx.DeleteTrustedDevice(ctx, user.ID, id)
		if err != nil || !found {
			return orElse(err, fleet.Missing("trusted device", id))
		}
		return audit(ctx, tx, who, fleet.AuditEntry{Action: fleet.AuditDeviceUntrusted, Subject: fleet.Subject("user", user.ID)})
	})
}

// readPerson runs a rule that reads the user that person finds.
func (c *Control) readPerson(ctx context.Context, who identity.Principal, ref string, rule func(*store.Tx, store.UserRecord) error) error {
	if err := who.Require(identity.WriteOwn); err != nil {
		return err
	}
	return c.store.View(ctx, func(tx *store.Tx) error {
		user, err := person(ctx, tx, who, ref)
		if err != nil {
			return err
		}
		return rule(tx, user)
	})
}

// writePerson runs a rule that changes the user that person finds.
func (c *Control) writePerson(ctx context.Context, who identity.Principal, ref string, rule func(*store.Tx, identity.Principal, store.UserRecord) error) error {
	return c.write(ctx, who, identity.WriteOwn, nil, func(tx *store.Tx, who identity.Principal) error {
		user, err := person(ctx, tx, who, ref)
		if err != nil {
			return err
		}
		return rule(tx, who, user)
	})
}

// person finds the user whose second factor the caller may look at and take away: oneself
// ("my"), or a member of the caller's Workspace all of whose Workspaces the caller
// administers. To weaken somebody's sign-in is to weaken it for each of them; whoever
// administers only some is told what a stranger is told.
//
// Permission: WriteOwn for oneself, else ManageUsers. Errors: NotFound.
func person(ctx context.Context, tx *store.Tx, who identity.Principal, ref string) (store.UserRecord, error) {
	user, found, err := findUser(ctx, tx, who, ref)
	if err == nil && found && user.ID == who.User {
		return user, nil
	}
	if err == nil {
		err = who.Require(identity.ManageUsers)
	}
	if err != nil {
		return user, err
	}
	if !found || user.SuperAdmin && !who.SuperAdmin {
		return user, fleet.Missing("user", ref)
	}
	mine, err := wholly(ctx, tx, who, user.ID)
	if err == nil && !mine {
		err = fleet.Missing("user", ref)
	}
	return user, err
}

// wholly tells whether the caller administers every Workspace that the user has entered, and
// the caller's own is among them. Where the user was only invited to does not count: else
// anybody who administers some Workspace could take a person out of everybody's hands.
func wholly(ctx context.Context, tx *store.Tx, who identity.Principal, user fleet.UserID) (bool, error) {
	all, err := tx.Memberships(ctx, user)
	if err != nil {
		return false, err
	}
	entered := slices.DeleteFunc(all, func(m fleet.Membership) bool { return m.Invited })
	shared, err := keepAdministered(ctx, tx, who, entered)
	return memberOf(entered, who.Workspace) && len(shared) == len(entered), err
}

func memberOf(all []fleet.Membership, ws fleet.WorkspaceID) bool {
	return slices.ContainsFunc(all, func(m fleet.Membership) bool { return m.Workspace.ID == ws })
}
