package store

import (
	"context"
	"time"
)

// Counter counts events under a key until it expires. Counters are rows, so that all servers
// share them.
type Counter struct {
	Count   int
	Expires time.Time
}

// Counter reads a counter; an expired one has the value 0.
func (tx *Tx) Counter(ctx context.Context, kind, key string) (Counter, error) {
	var c Counter
	var expires int64
	_, err := tx.queryRow(ctx, "SELECT count, expires_at FROM auth_counters WHERE kind = $1 AND key = $2 AND expires_at > $3",
		[]any{kind, key, micros(tx.now)}, &c.Count, &expires)
	c.Expires = fromMicros(expires)
	return c, err
}

// Count adds one to a counter and returns the new value. A missing or expired counter starts
// with 1 and lives for ttl. So does a counter with more than twice that time left, because it
// was written with a wrong clock.
func (tx *Tx) Count(ctx context.Context, kind, key string, ttl time.Duration) (Counter, error) {
	var c Counter
	var expires int64
	_, err := tx.queryRow(ctx, `
		INSERT INTO auth_counters (kind, key, count, expires_at) VALUES ($1, $2, 1, $3)
		ON CONFLICT (kind, key) DO UPDATE SET
			count = CASE WHEN auth_counters.expires_at <= $4 OR auth_counters.expires_at > $5 THEN 1 ELSE auth_counters.count + 1 END,
			expires_at = CASE WHEN auth_counters.expires_at <= $4 OR auth_counters.expires_at > $5 THEN excluded.expires_at ELSE auth_counters.expires_at END
		RETURNING count, expires_at`,
		[]any{kind, key, micros(tx.now.Add(ttl)), micros(tx.now), micros(tx.now.Add(2 * ttl))}, &c.Count, &expires)
	c.Expires = fromMicros(expires)
	return c, err
}

// Uncount subtracts one from a counter.
func (tx *Tx) Uncount(ctx context.Context, kind, key string) error {
	return tx.exec(ctx, "UPDATE auth_counters SET count = count - 1 WHERE kind = $1 AND key = $2 AND count > 0", kind, key)
}

// ExpireCounter sets the remaining lifetime of a counter to ttl. An expired counter stays
// expired.
func (tx *Tx) ExpireCounter(ctx context.Context, kind, key string, ttl time.Duration) error {
	return tx.exec(ctx, "UPDATE auth_counters SET expires_at = $3 WHERE kind = $1 AND key = $2 AND expires_at > $4",
		kind, key, micros(tx.now.Add(ttl)), micros(tx.now))
}

// ClearCounter deletes a counter.
func (tx *Tx) ClearCounter(ctx context.Context, kind, key string) error {
	return tx.exec(ctx, "DELETE FROM auth_counters WHERE kind = $1 AND key = $2", kind, key)
}

// ClearCountersOf deletes the counters of a kind whose keys have a prefix.
func (tx *Tx) ClearCountersOf(ctx context.Context, kind, prefix string) error {
	return tx.exec(ctx, "DELETE FROM auth_counters WHERE kind = $1 AND key >= $2 AND substr(key, 1, length($2)) = $2", kind, prefix)
}

// Sweep removes expired rows: counters, refresh tokens and other rows of sign-ins, and replies
// under idempotency keys that are older than keep and do not belong to a migration.
func (tx *Tx) Sweep(ctx context.Context, keep time.Duration) error {
	now := micros(tx.now)
	for _, table := range []string{"auth_counters", "refresh_tokens", "pending_sign_ins", "terminal_sign_ins", "trusted_devices", "ended_sessions", "activation_keys", "mails", "notices"} {
		if err := tx.exec(ctx, "DELETE FROM "+table+" WHERE expires_at <= $1", now); err != nil {
			return err
		}
	}
	return tx.exec(ctx, "DELETE FROM idempotency WHERE ledger_id IS NULL AND created_at <= $1", micros(tx.now.Add(-keep)))
}
