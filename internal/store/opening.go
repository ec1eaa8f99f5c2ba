package store

import (
	"context"
	"hash/fnv"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// Opening is what the transaction of a write asks before anything else: who the caller is by
// now, and what was answered under the idempotency key.
type Opening struct {
	Bearer  BearerOf      // of a user; zero for others
	Program fleet.TokenID // the application token of a program, 0 for others
	Key     *Key          // the idempotency key, nil for none
	Attempt string        // identifies the request over all its attempts, "" for none
}

// Opened is the answer to an Opening.
type Opened struct {
	Session Session          // of the user, if Found
	Program ApplicationToken // if Found
	Found   bool             // the caller
	Busy    bool             // another transaction holds the key
	Done    bool             // an attempt whose outcome was lost has been committed

	Replied     bool // there is an answer under the key
	Reply       Reply
	Fingerprint []byte // of the request that it answered
}

// Open reads the caller and the key, in one round trip, and keeps both until the transaction
// ends. On PostgreSQL the caller's rows are locked in share mode: whatever would change them
// (a suspension, a new password, a removed membership or token) either was committed before,
// and shows here, or waits. So does the end of the session. SQLite has one writer at a time.
//
// Rows alone would let a stream of writes keep a suspension waiting for ever, because a share
// lock on a row passes whoever waits for it. So there is an advisory lock besides, whose
// waiters queue. An earlier version takes neither, and is held up by the rows.
//
// The statements that read come after those that lock, so that they see what the lock has
// waited for.
func (tx *Tx) Open(ctx context.Context, o Opening) (Opened, error) {
	var got Opened
	statements := tx.locksOf(o, &got)
	switch {
	case o.Bearer.User != 0:
		statements = append(statements, o.Bearer.statement(&got.Session, &got.Found))
	case o.Program != 0:
		statements = append(statements, tokenStatement(o.Program, o.Bearer.Key, &got.Program, &got.Found))
	}
	if o.Key != nil {
		statements = append(statements, tx.storedReply(*o.Key, &got))
	}
	if tx.unsure && o.Attempt != "" {
		statements = append(statements, attempted(o.Attempt, &got.Done))
	}
	if len(statements) == 0 {
		return got, nil
	}
	return got, tx.batch(ctx, statements...)
}

// keysLock is held in share mode by the writes of callers, and alone by the removal of a key.
const keysLock int64 = 0x51_6d_6b_65_79_73

// locksOf returns the locks of an Opening, on PostgreSQL. A key is only tried for: the caller
// is told that it is busy. An attempt waits for the one before it, whose connection was lost.
func (tx *Tx) locksOf(o Opening, got *Opened) []statement {
	if tx.d == SQLite {
		return nil
	}
	var locks []statement
	switch {
	case o.Key != nil:
		locks = append(locks, statement{"SELECT pg_try_advisory_xact_lock($1::bigint)", []any{o.Key.lockID()}, func(r rows) error {
			var free bool
			err := r.Scan(&free)
			got.Busy = !free
			return err
		}})
	case o.Attempt != "":
		locks = append(locks, locking("SELECT pg_advisory_xact_lock($1::bigint)", attemptLock(o.Attempt)))
	}
	switch {
	case o.Bearer.User != 0:
		user, ws := int64(o.Bearer.User), int64(o.Bearer.Workspace)
		return append(locks,
			locking("SELECT pg_advisory_xact_lock_shared($1::bigint)", keysLock),
			shared(userLock, o.Bearer.User),
			locking("SELECT 1 FROM users WHERE id = $1 FOR SHARE", user),
			locking("SELECT 1 FROM memberships WHERE user_id = $1 AND workspace_id = $2 FOR SHARE", user, ws))
	case o.Program != 0:
		return append(locks,
			locking("SELECT pg_advisory_xact_lock_shared($1::bigint)", keysLock),
			shared(tokenLock, o.Program),
			locking("SELECT 1 FROM application_tokens WHERE id = $1 FOR SHARE", int64(o.Program)))
	}
	return locks
}

// The classes of advisory locks on things with ids; 1 and 2 are those of Hold and LockMembers.
const (
	userLock      = 3
	tokenLock     = 4
	workspaceLock = 5
)

const eachLocked = "($1::int4, hashtext(t.id::text)) FROM unnest($2::bigint[]) AS t (id)"

// shared keeps things from those who lock them alone.
func shared[T ~int64](class int, ids ...T) statement {
	return locking("SELECT pg_advisory_xact_lock_shared"+eachLocked, class, int64s(ids))
}

// alone waits for the writes that depend on a user, an application token or a Workspace, and
// keeps new ones waiting until the transaction ends. It is for whoever changes what they
// depend on.
func (tx *Tx) alone(ctx context.Context, class int, ids ...int64) error {
	if tx.d == SQLite {
		return nil
	}
	return tx.exec(ctx, "SELECT pg_advisory_xact_lock"+eachLocked, class, ids)
}

func int64s[T ~int64](ids []T) []int64 {
	numbers := make([]int64, len(ids))
	for i, id := range ids {
		numbers[i] = int64(id)
	}
	return numbers
}

func attemptLock(attempt string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("attempt " + attempt))
	return int64(h.Sum64())
}

// recentAudit is more entries than the audit log gets between two attempts of a transaction.
const recentAudit = 100_000

// attempted finds out whether the audit log has an entry of a request. A write leaves one, and
// no request makes two writes that do. It is among the last entries, so no index is needed.
func attempted(request string, done *bool) statement {
	const text = `SELECT EXISTS (SELECT 1 FROM audit
		WHERE id > (SELECT COALESCE(MAX(id), 0) - $2 FROM audit) AND request_id = $1)`
	return statement{text, []any{request, recentAudit}, func(r rows) error { return r.Scan(done) }}
}

// keep locks Workspaces and a user's memberships in them, in share mode, if the transaction
// writes: what is decided by them stays true until it ends.
func (tx *Tx) keep(user fleet.UserID, ids []fleet.WorkspaceID) []statement {
	if tx.d == SQLite || !tx.writes {
		return nil
	}
	locks := []statement{
		shared(workspaceLock, slices.Sorted(slices.Values(ids))...),
		locking("SELECT 1 FROM workspaces WHERE id = ANY ($1) ORDER BY id FOR SHARE", ids),
	}
	if user != 0 { // foreign Workspaces are left alone, like ones that do not exist
		locks[1] = locking(`SELECT 1 FROM workspaces w WHERE w.id = ANY ($1)
			AND (EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = $2 AND m.workspace_id = w.id)
				OR EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND u.super_admin = 1))
			ORDER BY w.id FOR SHARE OF w`, ids, int64(user))
		locks = append(locks, locking(`SELECT 1 FROM memberships WHERE user_id = $1 AND workspace_id = ANY ($2)
			ORDER BY workspace_id FOR SHARE`, int64(user), ids))
	}
	return locks
}

// KeptWorkspaces is Workspaces, which stay as they are until the transaction ends.
func (tx *Tx) KeptWorkspaces(ctx context.Context, ids []fleet.WorkspaceID) (map[fleet.WorkspaceID]fleet.Workspace, error) {
	found := make(map[fleet.WorkspaceID]fleet.Workspace, len(ids))
	return found, tx.batch(ctx, append(tx.keep(0, ids), tx.workspaces(ids, found))...)
}

// LockWorkspaces keeps Workspaces from being used by the writes of others, such as migrations,
// until the transaction ends, and waits for those under way. It is for whoever changes them.
func (tx *Tx) LockWorkspaces(ctx context.Context, ids []fleet.WorkspaceID) error {
	if tx.d == SQLite {
		return nil
	}
	if err := tx.alone(ctx, workspaceLock, slices.Sorted(slices.Values(int64s(ids)))...); err != nil {
		return err
	}
	return tx.exec(ctx, "SELECT 1 FROM workspaces WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", ids)
}
