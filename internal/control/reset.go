package control

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	// ResetTTL is how long the key of a password reset is valid.
	ResetTTL      = time.Hour
	resetsPerHour = 3 // for each account
)

// AskReset requests a mail with a key to set another password. The response and the work are
// the same for every user name: the server that sends the mail checks whether the user exists.
// A user gets at most three mails an hour.
//
// Permission: none. Errors: BadRequest for an invalid address; NotAllowed if mail is not
// configured.
func (c *Control) AskReset(ctx context.Context, username string, from identity.Origin) error {
	username, err := ParseUsername(username)
	if err != nil {
		return err
	}
	if c.deliver != DeliverByMail {
		return fleet.Errorf(fleet.NotAllowed, "This server sends no mail: ask the operator for a new password")
	}
	return c.update(ctx, from, func(tx *store.Tx) error {
		count, err := resetsOf(folded(username)).Add(ctx, tx, time.Hour)
		if err != nil || count.Count > resetsPerHour {
			return err
		}
		user, _, err := tx.UserByName(ctx, folded(username))
		if err != nil {
			return err
		}
		places, err := workspacesOf(ctx, tx, user.ID)
		if err != nil {
			return err
		}
		err = tx.InsertMail(ctx, fleet.Mail{
			UID: uuid.NewString(), Kind: fleet.MailReset, Recipient: folded(username), Expires: tx.Now().Add(ResetTTL),
		})
		if err != nil {
			return err
		}
		asked := fleet.AuditEntry{Action: fleet.AuditResetAsked, Workspaces: places}
		if user.ID != 0 {
			asked.Subject = fleet.Subject("user", user.ID)
		}
		return audit(ctx, tx, identity.Principal{Origin: from}, asked)
	})
}

// workspacesOf returns the Workspaces of a user, for the audit log.
func workspacesOf(ctx context.Context, tx *store.Tx, user fleet.UserID) (ids []fleet.WorkspaceID, err error) {
	all, err := tx.Memberships(ctx, user)
	for _, m := range all {
		ids = append(ids, m.Workspace.ID)
	}
	return ids, err
}

// reset sets the password of a user with the key of a password reset. It unlocks the account
// for the address that has sent the key.
func reset(ctx context.Context, tx *store.Tx, caller identity.Principal, username, hash string) error {
	if err := Unlock(ctx, tx, username, caller.Origin.Address); err != nil {
		return err
	}
	if err := tx.SetPassword(ctx, caller.User, hash); err != nil {
		return err
	}
	if err := tx.DeleteActivationKeys(ctx, caller.User, store.KeyReset); err != nil {
		return err
	}
	places, err := workspacesOf(ctx, tx, caller.User)
	if err != nil {
		return err
	}
	return audit(ctx, tx, caller, fleet.AuditEntry{
		Action: fleet.AuditPasswordChanged, Workspaces: places, Subject: fleet.Subject("user", caller.User),
	})
}
