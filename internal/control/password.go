package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// PasswordChange is a request to change the caller's password. Both are digests.
type PasswordChange struct{ Old, New string }

// ChangePassword replaces the caller's password. Both are given as the client's digests. Every
// session of the user ends, including the caller's.
//
// Permission: WriteOwn. Errors: BadRequest for an invalid digest; Failed with a
// ValidationFailed for a wrong old password, which counts as a guess; TooManyRequests;
// ValidationFailed for a new password that is easily guessed, or equal to the old one.
func (c *Control) ChangePassword(ctx context.Context, caller identity.Principal, p PasswordChange) error {
	if err := caller.Require(identity.WriteOwn); err != nil {
		return err
	}
	digest, err := identity.ParseWireDigestOf("new_password", p.New)
	if err != nil {
		return err
	}
	g := guessBy(caller, caller.Origin.Address)
	user, err := c.confirmPassword(ctx, caller, g, "old_password", p.Old)
	if err != nil {
		return err
	}
	if err := c.checkDigest(ctx, user, digest); err != nil {
		return err
	}
	hash, err := c.hasher.Hash(ctx, digest)
	if err != nil {
		return err
	}
	return c.write(ctx, caller, identity.WriteOwn, lockingUser(caller), func(tx *store.Tx, caller identity.Principal) error {
		now, _, err := tx.UserByID(ctx, user.ID)
		if err != nil || now.Epoch != user.Epoch { // another change was committed first
			return firstError(err, wrong("old_password", "it has been changed meanwhile"))
		}
		if err := succeeded(ctx, tx, g, 1); err != nil {
			return err
		}
		if err := tx.SetPassword(ctx, user.ID, hash); err != nil {
			return err
		}
		return audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditPasswordChanged, Subject: fleet.Subject("user", user.ID)})
	})
}

// confirmPassword checks the password of a signed-in user. A wrong one counts as a guess, as at
// sign-in.
func (c *Control) confirmPassword(ctx context.Context, caller identity.Principal, g guesser, field, password string) (user store.UserRecord, err error) {
	digest, err := identity.ParseWireDigestOf(field, password)
	if err != nil {
		return user, err
	}
	if g, err = c.mayConfirm(ctx, caller, g, nil); err != nil {
		return user, err
	}
	user, ok, err := c.checkPassword(ctx, g.username, digest)
	if err == nil && !ok {
		err = c.failed(ctx, g, wrong(field, "it is not your password"))
	}
	return user, err
}

// checkDigest refuses a new password that is easily guessed. The digest does not show its
// length.
func (c *Control) checkDigest(ctx context.Context, user store.UserRecord, digest string) error {
	same, _, err := c.hasher.Verify(ctx, user.PasswordHash, digest)
	switch {
	case err != nil:
		return err
	case same:
		return fleet.Errorf(fleet.ValidationFailed, "new_password: it must differ from the old one")
	case identity.Guessable(digest, user.Username, user.Name):
		return fleet.Errorf(fleet.ValidationFailed, "new_password: it is easily guessed; choose another")
	}
	return nil
}

// wrong returns the error for a wrong password or code of a signed-in user.
func wrong(field, why string) error {
	return &fleet.Error{
		Code: fleet.Failed, Field: field, Message: field + ": " + why,
		Problems: []fleet.Problem{{Code: fleet.ValidationFailed, Message: field + ": " + why}},
	}
}
