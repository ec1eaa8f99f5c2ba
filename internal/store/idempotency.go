package store

import (
	"bytes"
	"context"
	"hash/fnv"

	"github.com/simferry/simferry/internal/fleet"
)

// Reply is an answer as it went over the wire, kept to be given again byte by byte.
type Reply struct {
	Status   int
	Location string
	ETag     string
	Body     []byte
	Refusal  fleet.Code // why it refuses, for the audit log; it is not kept
}

// Key is an idempotency key: one caller's, for one operation.
type Key struct {
	By        Caller
	Operation string
	Key       string
}

// ClaimKey looks a key up and claims it until the transaction ends. free is false where
// another transaction holds it right now. SQLite has one writer at a time, so there the
// claim is the transaction itself.
func (tx *Tx) ClaimKey(ctx context.Context, k Key) (free bool, err error) {
	if tx.d == SQLite {
		return true, nil
	}
	_, err = tx.one(ctx, "SELECT pg_try_advisory_xact_lock($1)", []any{k.lockID()}, &free)
	return free, err
}

func (k Key) lockID() int64 {
	h := fnv.New64a()
	_ = appendKey(h, k)
	return int64(h.Sum64())
}

// waitForStandby is what an answer is read with on PostgreSQL, so that the commit of the
// transaction that reads it waits for a synchronous standby as that of a write does. What a
// primary that crashed had not sent to its standby yet is there after its restart: a replay
// must not acknowledge it before the standby has it as well. It is part of the same
// statement, so it costs no round trip.
const waitForStandby = ", pg_logical_emit_message(true, 'simferry', '')::text"

// StoredReply finds the answer that was given under a key, and the fingerprint of the
// request that it answered. On PostgreSQL, an answer that was found is as lasting as one
// that was just written once the transaction has committed.
func (tx *Tx) StoredReply(ctx context.Context, k Key) (r Reply, fingerprint []byte, found bool, err error) {
	var packed []byte
	dest := []any{&fingerprint, &r.Status, &r.Location, &r.ETag, &packed}
	wait := ""
	if tx.d == Postgres {
		wait, dest = waitForStandby, append(dest, new(string))
	}
	found, err = tx.one(ctx, `
		SELECT fingerprint, status, location, etag, body`+wait+` FROM idempotency
		WHERE user_id = $1 AND token_id = $2 AND operation = $3 AND key = $4`,
		[]any{int64(k.By.User), int64(k.By.Token), k.Operation, k.Key}, dest...)
	if err == nil && found {
		r.Body, err = unpack(packed)
	}
	return r, bytes.Clone(fingerprint), found, err
}

// StoreReply keeps an answer under a key, with the effect that it tells of. Where another
// transaction stored one meanwhile, this one starts again and finds it.
func (tx *Tx) StoreReply(ctx context.Context, k Key, fingerprint []byte, r Reply, entry fleet.MigrationID) error {
	packed, err := pack(r.Body)
	if err != nil {
		return err
	}
	n, err := tx.affect(ctx, `
		INSERT INTO idempotency (user_id, token_id, operation, key, fingerprint, status, location, etag, body, created_at, ledger_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		int64(k.By.User), int64(k.By.Token), k.Operation, k.Key, fingerprint, r.Status, r.Location, r.ETag, packed, micros(tx.now), orNull(entry))
	if err == nil && n == 0 {
		err = ErrRaced
	}
	return err
}
