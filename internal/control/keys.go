package control

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	issuerName = "simferry"
	audience   = "simferry-api"
)

// ensureKey loads the keys that sign bearer tokens and makes the first one. Two servers that
// start at the same time may both make one: each verifies with all keys.
func (c *Control) ensureKey(ctx context.Context) error {
	err := c.reloadKeys(ctx)
	if err == nil || c.hasKeys(ctx) {
		return err
	}
	if err := c.store.Update(ctx, func(tx *store.Tx) error {
		key, err := NewKey(ctx, tx)
		if err != nil {
			return err
		}
		return ByServer(ctx, tx, KeyEntry(fleet.AuditKeyMade, key.ID))
	}); err != nil {
		return err
	}
	return c.reloadKeys(ctx)
}

// hasKeys reports whether there is a key, including damaged ones.
func (c *Control) hasKeys(ctx context.Context) bool {
	var ids []string
	err := c.store.Read(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.SigningKeyIDs(ctx)
		return err
	})
	return err != nil || len(ids) > 0
}

// NewKey makes a new signing key. Servers sign with the newest key, so it gets a later time
// than all others, even if the clock of this server is behind.
func NewKey(ctx context.Context, tx *store.Tx) (identity.Key, error) {
	at := tx.Now()
	uses, err := tx.KeyUses(ctx)
	if err != nil {
		return identity.Key{}, err
	}
	if n := len(uses); n > 0 && !uses[n-1].Created.Before(at) {
		at = uses[n-1].Created.Add(time.Microsecond)
	}
	key, err := identity.GenerateKey(at)
	if err != nil {
		return key, err
	}
	return key, tx.InsertSigningKey(ctx, store.SigningKey{ID: key.ID, Private: key.Private, Created: key.Created})
}

// currentIssuer returns the signer of tokens with the keys that the transaction sees. Every token
// is signed with it, so that a new key takes effect on every server when it is committed.
func (c *Control) currentIssuer(ctx context.Context, tx *store.Tx) (*identity.Issuer, error) {
	ids, err := tx.SigningKeyIDs(ctx)
	if err != nil {
		return nil, err
	}
	if had := c.issuer.Load(); had != nil && had.Keyring.Is(ids) {
		return had, nil
	}
	return c.readKeys(ctx, tx)
}

// readKeys reads the keys of the database.
func (c *Control) readKeys(ctx context.Context, tx *store.Tx) (*identity.Issuer, error) {
	stored, err := tx.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]identity.Key, len(stored))
	for i, k := range stored {
		keys[i] = identity.Key{ID: k.ID, Private: ed25519.PrivateKey(k.Private), Created: k.Created}
	}
	ring, err := identity.NewKeyring(keys...)
	if err != nil {
		return nil, err
	}
	had := c.issuer.Load()
	if had != nil && bytes.Equal(had.Keyring.JWKS(), ring.JWKS()) {
		return had, nil
	}
	is := &identity.Issuer{Keyring: ring, Name: issuerName, Audience: audience, TTL: c.ttl}
	c.verified.forget()
	c.issuer.Store(is)
	return is, nil
}

// reloadKeys reads keys that other servers have made. If there are none it changes nothing,
// because anyone can send tokens with an unknown key ID.
func (c *Control) reloadKeys(ctx context.Context) error {
	return c.store.Read(ctx, func(tx *store.Tx) error { _, err := c.readKeys(ctx, tx); return err })
}

// JWKS returns the current public keys as a JSON Web Key Set.
//
// Permission: none. Errors: Unavailable.
func (c *Control) JWKS(ctx context.Context) (set []byte, err error) {
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		issuer, err := c.currentIssuer(ctx, tx)
		if err == nil {
			set = issuer.Keyring.JWKS()
		}
		return err
	})
	return set, err
}

// KeyEntry returns an audit entry about a key. The key's ID is public.
func KeyEntry(action fleet.AuditAction, id string) fleet.AuditEntry {
	return fleet.AuditEntry{Action: action, Subject: fleet.AuditSubject{Kind: "key", ID: id}}
}
