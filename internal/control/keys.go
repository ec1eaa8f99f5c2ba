package control

import (
	"context"

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
			return tx.InsertSigningKey(ctx, key)
		})
		if err != nil {
			return err
		}
	}
	return c.reloadKeys(ctx)
}

// reloadKeys takes over keys that other servers have made.
func (c *Control) reloadKeys(ctx context.Context) error {
	keys, err := c.readKeys(ctx)
	if err != nil {
		return err
	}
	ring, err := identity.NewKeyring(keys...)
	if err != nil {
		return err
	}
	c.issuer.Store(&identity.Issuer{Keyring: ring, Name: issuerName, Audience: audience, TTL: c.ttl})
	return nil
}

func (c *Control) readKeys(ctx context.Context) (keys []identity.Key, err error) {
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		keys, err = tx.SigningKeys(ctx)
		return err
	})
	return keys, err
}

// JWKS is the public half of the keys, as a JSON Web Key Set.
func (c *Control) JWKS() []byte { return c.issuer.Load().Keyring.JWKS() }
