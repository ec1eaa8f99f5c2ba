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

// Key is an idempotency key: one caller's in one Workspace, for one operation.
type Key struct {
	By        Caller
	Workspace fleet.WorkspaceID // 0 for the operator
	Operation string
	Key       string
}

// keyIs is the condition of a key's row. A row of Workspace 0 was stored by an earlier version.
const keyIs = "user_id = $1 AND token_id = $2 AND operation = $3 AND key = $4 AND workspace_id IN ($5, 0)"

func (k Key) args() []any {
	return []any{int64(k.By.User), int64(k.By.Token), k.Operation, k.Key, int64(k.Workspace)}
}

// lockID returns the lock that a transaction claims a key with. It leaves the Workspace out, as
// servers of an earlier version do.
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

// storedReply finds the answer that was given under a key, and the fingerprint of the
// request that it answered. On PostgreSQL, an answer that was found is as lasting as one
// that was just written once the transaction has committed.
func (tx *Tx) storedReply(k Key, into *Opened) statement {
	wait := ""
	if tx.d == Postgres {
		wait = waitForStandby
	}
	text := `
		SELECT fingerprint, status, location, etag, body` + wait + ` FROM idempotency
		WHERE ` + keyIs + ` ORDER BY workspace_id DESC LIMIT 1`
	return statement{text, k.args(), func(r rows) error {
		var fingerprint, packed []byte
		dest := []any{&fingerprint, &into.Reply.Status, &into.Reply.Location, &into.Reply.ETag, &packed}
		if wait != "" {
			dest = append(dest, new(string))
		}
		err := r.Scan(dest...)
		if err == nil {
			into.Reply.Body, err = unpack(packed)
		}
		into.Replied, into.Fingerprint = true, bytes.Clone(fingerprint)
		return err
	}}
}

// StoreReply keeps an answer under a key, with the effect that it tells of. Where another
// transaction stored one meanwhile, this one starts again and finds it.
func (tx *Tx) StoreReply(ctx context.Context, k Key, fingerprint []byte, r Reply, entry fleet.MigrationID) error {
	packed, err := pack(r.Body)
	if err != nil {
		return err
	}
	n, err := tx.affect(ctx, `
		INSERT INTO idempotency (user_id, token_id, operation, key, fingerprint, status, location, etag, body, created_at, ledger_id, workspace_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
		int64(k.By.User), int64(k.By.Token), k.Operation, k.Key, fingerprint, r.Status, r.Location, r.ETag, packed, micros(tx.now), orNull(entry), int64(k.Workspace))
	if err == nil && n == 0 {
		err = ErrRaced
	}
	return err
}
