package store

import (
	"context"
	"time"
)

// SigningKey is a key that signs bearer tokens, encoded as in package identity.
type SigningKey struct {
	ID      string
	Private []byte
	Created time.Time
}

// SigningKeys reads all keys, oldest first.
func (tx *Tx) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var keys []SigningKey
	err := tx.queryEach(ctx, "SELECT id, private_key, created_at FROM signing_keys ORDER BY created_at, id", nil, func(r rows) error {
		var k SigningKey
		var created int64
		err := r.Scan(&k.ID, &k.Private, &created)
		k.Created = fromMicros(created)
		keys = append(keys, k)
		return err
	})
	return keys, err
}

// InsertSigningKey stores a new key.
func (tx *Tx) InsertSigningKey(ctx context.Context, k SigningKey) error {
	return tx.exec(ctx, "INSERT INTO signing_keys (id, private_key, created_at) VALUES ($1, $2, $3)",
		k.ID, k.Private, micros(k.Created))
}

// SigningKeyIDs reads the ids of all keys, oldest first: enough to check whether a key ring is
// up to date.
func (tx *Tx) SigningKeyIDs(ctx context.Context) ([]string, error) {
	var ids []string
	err := tx.queryEach(ctx, "SELECT id FROM signing_keys ORDER BY created_at, id", nil, func(r rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// KeyUse is a signing key and the number of application tokens that it signed.
type KeyUse struct {
	ID      string
	Created time.Time
	Tokens  int // neither revoked nor expired
}

// KeyUses reads all keys, oldest first, without their private parts. An application token whose
// key is unknown counts for each key.
func (tx *Tx) KeyUses(ctx context.Context) ([]KeyUse, error) {
	var uses []KeyUse
	err := tx.queryEach(ctx, `
		SELECT k.id, k.created_at, (SELECT count(*) FROM application_tokens t
			WHERE t.status = `+validToken+` AND (t.expires_at IS NULL OR t.expires_at > $1) AND (t.key_id = k.id OR t.key_id IS NULL))
		FROM signing_keys k ORDER BY k.created_at, k.id`, []any{micros(tx.now)}, func(r rows) error {
		var u KeyUse
		var created int64
		err := r.Scan(&u.ID, &created, &u.Tokens)
		u.Created = fromMicros(created)
		uses = append(uses, u)
		return err
	})
	return uses, err
}

// DeleteSigningKey removes a key; found is false if there is none. It waits for the running
// writes of callers, because their bearers may be signed by it.
func (tx *Tx) DeleteSigningKey(ctx context.Context, id string) (found bool, err error) {
	if tx.d == Postgres {
		if err := tx.exec(ctx, "SELECT pg_advisory_xact_lock($1::bigint)", keysLock); err != nil {
			return false, err
		}
	}
	n, err := tx.execRows(ctx, "DELETE FROM signing_keys WHERE id = $1", id)
	return n > 0, err
}
