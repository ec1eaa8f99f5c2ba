package control

import (
	"cmp"
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Activation is a request to use an activation key.
type Activation struct {
	Key      string
	Password string  // the client's digest, "" for none
	Name     *string // of a new user; nil keeps the name in the invitation
}

// Activate uses an activation key. The key of an invitation activates the invited user; the key
// of a password reset sets a new password and ends all sessions. An invitation of an existing
// user changes nothing of the account. Activate needs no bearer. It does the same work for
// every key: one password hash.
//
// Errors: BadRequest; Forbidden for a key that is unknown, used, expired, or older than the
// present password; ValidationFailed for a password that is easily guessed. A key that is
// refused for its password or name can be used again.
func (c *Control) Activate(ctx context.Context, a Activation, from identity.Origin) error {
	if a.Name != nil {
		if err := checkPersonName(*a.Name); err != nil {
			return err
		}
	}
	var hash string
	if a.Password != "" {
		var err error
		if a.Password, err = identity.ParseWireDigest(a.Password); err != nil {
			return err
		}
		if hash, err = c.hasher.Hash(ctx, a.Password); err != nil {
			return err
		}
	}
	return c.update(ctx, from, func(tx *store.Tx) error {
		key, user, err := activating(ctx, tx, a)
		if err != nil {
			return err
		}
		caller := identity.Principal{User: user.ID, Origin: from}
		switch {
		case key.Kind == store.KeyReset:
			return reset(ctx, tx, caller, user.Username, hash)
		case key.Epoch != user.Epoch || user.Status != fleet.UserActivationPending:
			return nil
		}
		return activate(ctx, tx, caller, key, cmp.Or(text(a.Name), user.Name), hash)
	})
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// activating uses the key and checks the rest of the request.
func activating(ctx context.Context, tx *store.Tx, a Activation) (key store.ActivationKey, user store.UserRecord, err error) {
	refusal := fleet.Errorf(fleet.Forbidden, "The activation key is unknown, or has been used, or has expired")
	key, found, err := tx.TakeActivationKey(ctx, identity.HashSecret(a.Key))
	if err != nil || !found {
		return key, user, firstError(err, refusal)
	}
	if err := tx.LockUser(ctx, key.User); err != nil {
		return key, user, err
	}
	user, found, err = tx.UserByID(ctx, key.User)
	void := key.Kind == store.KeyReset && (key.Epoch != user.Epoch || user.Status != fleet.UserActive)
	switch {
	case err != nil:
	case !found, void:
		err = refusal
	case a.Password == "":
		err = fleet.Invalid("password", "it is required: the SHA-1 of the new password")
	case identity.Guessable(a.Password, user.Username):
		err = fleet.Errorf(fleet.ValidationFailed, "password: it is easily guessed; choose another")
	}
	return key, user, err
}

func activate(ctx context.Context, tx *store.Tx, caller identity.Principal, key store.ActivationKey, name, hash string) error {
	if err := tx.ActivateUser(ctx, caller.User, name, hash); err != nil {
		return err
	}
	if err := tx.Enter(ctx, caller.User, key.Workspace); err != nil {
		return err
	}
	return audit(ctx, tx, caller, fleet.AuditEntry{
		Action: fleet.AuditUserActivated, Workspaces: []fleet.WorkspaceID{key.Workspace}, Subject: fleet.Subject("user", caller.User),
	})
}
