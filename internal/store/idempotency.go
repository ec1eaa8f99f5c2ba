package store

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// Reply is a stored HTTP response, which is replayed byte by byte.
type Reply struct {
	Status   int
	Location string
	ETag     string
	Body     []byte
	Refusal  fleet.Code // why the request was denied (audit log only, not stored)
	Replayed bool       // the reply to an earlier request under the same key (not stored)
}

// Stored is a reply under an idempotency key.
type Stored struct {
	Reply       Reply
	Fingerprint []byte              // of its request
	Entry       fleet.MigrationID   // the ledger entry that the request wrote, 0 for none
	Named       []fleet.WorkspaceID // the Workspaces whose SIMs the reply names, if it is a refusal
	NamedKnown  bool                // false if an earlier version stored the reply: it did not store Named
	Unbound     bool                // an earlier version stored the reply: it did not store in which of the user's Workspaces
}

// Key is an idempotency key of one caller, in one Workspace, for one operation.
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

// lockID returns the advisory lock of a key. It does not depend on the Workspace, for
// compatibility with servers of an earlier version.
func (k Key) lockID() int64 {
	h := fnv.New64a()
	_ = appendKey(h, k)
	return int64(h.Sum64())
}

// waitForStandby is added to the query for a stored reply on PostgreSQL. It makes the commit of
// the reading transaction wait for a synchronous standby, like that of a write. After a crash
// the primary may have rows that its standby does not have yet; a replay must not acknowledge
// them before the standby has them. It is part of the same statement, so it costs no round
// trip.
const waitForStandby = ", pg_logical_emit_message(true, 'simferry', '')::text"

// storedReply finds the reply that is stored under a key.
// On PostgreSQL, once the transaction has committed, the reply is as durable as a new one.
func (tx *Tx) storedReply(k Key, into *Opened) statement {
	wait := ""
	if tx.d == Postgres {
		wait = waitForStandby
	}
	text := `
		SELECT workspace_id, fingerprint, status, location, etag, body, COALESCE(ledger_id, 0), workspaces` + wait + ` FROM idempotency
		WHERE ` + keyIs + ` ORDER BY workspace_id DESC LIMIT 1`
	return statement{text, k.args(), func(r rows) error {
		var fingerprint, packed []byte
		var workspace fleet.WorkspaceID
		var named *string
		reply := &into.Stored.Reply
		dest := []any{&workspace, &fingerprint, &reply.Status, &reply.Location, &reply.ETag, &packed, &into.Stored.Entry, &named}
		if wait != "" {
			dest = append(dest, new(string))
		}
		err := r.Scan(dest...)
		if err == nil {
			reply.Body, err = unpack(packed)
		}
		if err == nil && named != nil {
			into.Stored.NamedKnown = true
			into.Stored.Named, err = parseIDs(*named)
		}
		into.Replied, into.Stored.Fingerprint = true, bytes.Clone(fingerprint)
		into.Stored.Unbound = workspace == 0 && k.By.User != 0 // a program has only one Workspace, the operator none
		return err
	}}
}

var insertReply = insertion("idempotency",
	"user_id token_id operation key fingerprint status location etag body created_at ledger_id workspace_id workspaces",
	"ON CONFLICT DO NOTHING")

// StoreReply stores a reply under a key, in the transaction of the write. If another
// transaction stored one meanwhile, this one is restarted and finds it.
func (tx *Tx) StoreReply(ctx context.Context, k Key, s Stored) error {
	packed, err := pack(s.Reply.Body)
	if err != nil {
		return err
	}
	n, err := tx.execNamedRows(ctx, insertReply, params{
		"user_id": int64(k.By.User), "token_id": int64(k.By.Token), "operation": k.Operation, "key": k.Key,
		"fingerprint": s.Fingerprint, "status": s.Reply.Status, "location": s.Reply.Location, "etag": s.Reply.ETag, "body": packed,
		"created_at": micros(tx.now), "ledger_id": orNull(s.Entry), "workspace_id": int64(k.Workspace),
		"workspaces": formatIDs(s.Named),
	})
	if err == nil && n == 0 {
		err = ErrRaced
	}
	return err
}

// formatIDs and parseIDs convert a list of ids to text and back, as in "100,200".
func formatIDs(ids []fleet.WorkspaceID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(int64(id), 10)
	}
	return strings.Join(texts, ",")
}

func parseIDs(text string) (ids []fleet.WorkspaceID, err error) {
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("idempotency.workspaces: %w", err)
		}
		ids = append(ids, fleet.WorkspaceID(id))
	}
	return ids, nil
}
