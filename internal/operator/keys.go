package operator

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// KeyListing describes a present or former signing key.
type KeyListing struct {
	ID       string
	Created  time.Time
	Replaced time.Time // when the next key replaced it; zero for the current key
	Tokens   int       // application tokens signed with it
}

// removable reports whether no valid token can depend on the key any more.
func (k KeyListing) removable(now time.Time) bool {
	return !k.Replaced.IsZero() && k.Tokens == 0 && now.Sub(k.Replaced) > control.LongestBearer
}

// RotateKey makes a new signing key. Every server signs with it from now on, and still accepts
// tokens signed with the old keys, so no user is signed out. Sweep removes an old key after
// everything that it signed has expired.
func (o Operator) RotateKey(ctx context.Context) (made KeyListing, err error) {
	err = o.update(ctx, func(tx *store.Tx) error {
		key, err := control.NewKey(ctx, tx)
		if err != nil {
			return err
		}
		made = KeyListing{ID: key.ID, Created: key.Created}
		return o.audit(ctx, tx, control.KeyEntry(fleet.AuditKeyMade, key.ID))
	})
	return made, err
}

// ListKeys reads all signing keys, oldest first.
func (o Operator) ListKeys(ctx context.Context) (keys []KeyListing, err error) {
	err = o.store.View(ctx, func(tx *store.Tx) error {
		keys, err = listKeys(ctx, tx)
		return err
	})
	return keys, err
}

func listKeys(ctx context.Context, tx *store.Tx) ([]KeyListing, error) {
	uses, err := tx.KeyUses(ctx)
	keys := make([]KeyListing, len(uses))
	for i, u := range uses {
		keys[i] = KeyListing{ID: u.ID, Created: u.Created, Tokens: u.Tokens}
		if i > 0 {
			keys[i-1].Replaced = u.Created
		}
	}
	return keys, err
}

// RemoveKey removes a signing key at once, because it may have leaked: every bearer and every
// application token that it signed ends, on every server. Refresh tokens are not signed: users
// stay signed in. If it was the only key, RemoveKey makes a new one.
//
// Errors: NotFound.
func (o Operator) RemoveKey(ctx context.Context, id string) error {
	return o.update(ctx, func(tx *store.Tx) error {
		found, err := tx.DeleteSigningKey(ctx, id)
		if err == nil && !found {
			err = fleet.Missing("key", id)
		}
		if err != nil {
			return err
		}
		left, err := tx.SigningKeyIDs(ctx)
		if err == nil && len(left) == 0 {
			_, err = control.NewKey(ctx, tx)
		}
		if err != nil {
			return err
		}
		return o.audit(ctx, tx, control.KeyEntry(fleet.AuditKeyRemoved, id))
	})
}

// retireKeys removes the keys that no valid token depends on.
func retireKeys(ctx context.Context, tx *store.Tx) error {
	keys, err := listKeys(ctx, tx)
	for _, k := range keys {
		if err == nil && k.removable(tx.Now()) {
			if _, err = tx.DeleteSigningKey(ctx, k.ID); err == nil {
				err = control.ByServer(ctx, tx, control.KeyEntry(fleet.AuditKeyRemoved, k.ID))
			}
		}
	}
	return err
}
