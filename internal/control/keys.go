package control

import (
	"bytes"
	"context"
	"crypto/ed25519"

	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	issuerName = "simferry"
	audience   = "simferry-api"
)

// ensureKey loads the keys that sign bearer tokens and makes the first one. Two servers
// that start at once may both make one: each verifies with all keys.
func (c *Control) ensureKey(ctx context.Context) error {
	keys, err := c.readKeys(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		err := c.store.Update(ctx, func(tx *store.Tx) error {
			key, err := identity.GenerateKey(tx.Now())
			if err != nil {
				return err
			}
			return tx.InsertSigningKey(ctx, store.SigningKey{ID: key.ID, Private: key.Private, Created: key.Created})
		})
		if err != nil {
			return err
		}
	}
	return c.reloadKeys(ctx)
}

// reloadKeys takes over keys that other servers have made. Where there are none it changes
// nothing: anybody can send tokens that name a key nobody has.
func (c *Control) reloadKeys(ctx context.Context) error {
	keys, err := c.readKeys(ctx)
	if err != nil {
		return err
	}
	ring, err := identity.NewKeyring(keys...)
	if err != nil {
		return err
	}
	if had := c.issuer.Load(); had != nil && bytes.Equal(had.Keyring.JWKS(), ring.JWKS()) {
		return nil
	}
	c.verified.forget()
	c.issuer.Store(&identity.Issuer{Keyring: ring, Name: issuerName, Audience: audience, TTL: c.ttl})
	return nil
}

func (c *Control) readKeys(ctx context.Context) (keys []identity.Key, err error) {
	var stored []store.SigningKey
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		stored, err = tx.SigningKeys(ctx)
		return err
	})
	for _, k := range stored {
		keys = append(keys, identity.Key{ID: k.ID, Private: ed25519.PrivateKey(k.Private), Created: k.Created})
	}
	return keys, err
}

// JWKS is the public half of the keys, as a JSON Web Key Set.
func (c *Control) JWKS() []byte { return c.issuer.Load().Keyring.JWKS() }
