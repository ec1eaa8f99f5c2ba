package store

import (
	"context"
	"hash/fnv"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// Opening is what the transaction of a write reads first: the caller's current state, and the
// reply stored under the idempotency key.
type Opening struct {
	Bearer  BearerOf      // of a user; zero for others
	Program fleet.TokenID // the application token of a program, 0 for others
	Key     *Key          // the idempotency key, nil for none
	Attempt string        // identifies the request over all its attempts, "" for none

	// First takes locks that must precede the others; nil for none.
	First func(context.Context, *Tx) error

	// Select is set if Snapshot will lock the SIMs of a selector for the user of Bearer, who is not
	// a SuperAdmin. On PostgreSQL they are locked and read in the same round trip.
	Select *fleet.Selector
}

// Opened is the result of an Opening.
type Opened struct {
	Session Session          // of the user, if Found
	Program ApplicationToken // if Found
	Found   bool             // the caller
	Busy    bool             // another transaction holds the key
	done    bool             // an earlier attempt was committed

	Replied bool // a reply is stored under the key
	Own     bool // by an earlier attempt of this request
	Stored  Stored
}

// UpdateOnce is Update for changes that must take effect once, even if the connection is lost
// during the commit. Each attempt begins with the locks and reads of o, in one round trip. If the
// commit of an earlier attempt is found to have succeeded, fn does not run again: what its last run
// has set is valid. The proof is an audit entry that names o.Attempt. If o has a key instead, the
// proof is the reply under it: fn runs and gets Opened.Own.
//
// Errors: ErrCommitUnknown if the outcome of a commit is unknown and o names neither.
func (s *Store) UpdateOnce(ctx context.Context, o Opening, fn func(*Tx, Opened) error) error {
	repetition := false // the reply was there before this call wrote anything
	return s.Update(ctx, func(tx *Tx) error {
		if tx.unsure && o.Attempt == "" && o.Key == nil {
			return ErrCommitUnknown
		}
		if o.First != nil {
			if err := o.First(ctx, tx); err != nil {
				return err
			}
		}
		got, err := tx.Open(ctx, o)
		tx.repeated = got.done
		if err != nil || got.done {
			return err
		}
		if got.Busy && tx.unsure {
			return ErrRaced // locked by an earlier attempt, which is about to end
		}
		repetition = repetition || got.Replied && !tx.unsure
		got.Own = got.Replied && tx.unsure && !repetition
		tx.repeated = got.Own
		return fn(tx, got)
	})
}

// ErrCommitUnknown is the error of UpdateOnce if it cannot find out whether a change was made.
var ErrCommitUnknown error = fleet.Errorf(fleet.Unavailable,
	"The connection to the database was lost during the commit: check whether the change was made before you repeat the request")

// Open reads and locks the caller and the key, in one round trip, until the transaction ends.
// On PostgreSQL the caller's rows are locked in share mode: a change of them (a suspension, a
// new password, a removed membership or token, the end of the session) either was committed
// before and is visible here, or waits. SQLite has one writer at a time.
//
// With row locks alone a stream of writes could delay a suspension forever, because share locks
// on rows overtake waiting exclusive ones. An advisory lock, whose waiters queue, prevents
// that. An earlier version takes neither and waits for the row locks.
//
// The reading statements follow the locking ones, so that they see what was committed while the
// lock was waited for.
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
		statements = append(statements, attempted(o.Attempt, &got.done))
	}
	if o.Select != nil && tx.d == Postgres {
		statements = append(statements, tx.preselect(Caller{User: o.Bearer.User}, *o.Select)...)
	}
	if len(statements) == 0 {
		return got, nil
	}
	return got, tx.batch(ctx, statements...)
}

// keysLock is held in share mode by the writes of callers, and alone by the removal of a key.
const keysLock int64 = 0x51_6d_6b_65_79_73

// locksOf returns the locks of an Opening, on PostgreSQL. A key's lock is only tried: if it is
// taken, the caller gets KeyBusy. An attempt waits for the previous one, whose connection was
// lost.
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

// shared takes advisory locks in share mode.
func shared[T ~int64](class int, ids ...T) statement {
	return locking("SELECT pg_advisory_xact_lock_shared"+eachLocked, class, int64s(ids))
}

// lockAlone waits for the writes that depend on a user, an application token or a Workspace, and
// blocks new ones until the transaction ends. Transactions that change these objects call it.
func (tx *Tx) lockAlone(ctx context.Context, class int, ids ...int64) error {
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

// lockMemberships locks Workspaces and a user's memberships in them, in share mode, if the
// transaction writes, so that decisions based on them stay valid until it ends.
func (tx *Tx) lockMemberships(user fleet.UserID, ids []fleet.WorkspaceID) []statement {
	if tx.d == SQLite || !tx.writes {
		return nil
	}
	locks := []statement{
		shared(workspaceLock, slices.Sorted(slices.Values(ids))...),
		locking("SELECT 1 FROM workspaces WHERE id = ANY ($1) ORDER BY id FOR SHARE", ids),
	}
	if user != 0 { // foreign Workspaces are ignored, like missing ones
		locks[1] = locking("SELECT 1 FROM workspaces w WHERE "+memberIDs("$1", "$2")+" ORDER BY w.id FOR SHARE OF w", ids, int64(user))
		locks = append(locks, locking(`SELECT 1 FROM memberships WHERE user_id = $1 AND workspace_id = ANY ($2)
			ORDER BY workspace_id FOR SHARE`, int64(user), ids))
	}
	return locks
}

// memberIDs returns the condition, on PostgreSQL, that a Workspace w is one of the ids and that
// the user belongs to it, or is a SuperAdmin. The ids are compared with the memberships first, so
// that a foreign Workspace takes the same path as a missing one.
func memberIDs(ids, user string) string {
	return "w.id = ANY (ARRAY(SELECT a.id FROM unnest(" + ids + "::bigint[]) AS a (id) WHERE " +
		"EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = " + user + " AND m.workspace_id = a.id) " +
		"OR EXISTS (SELECT 1 FROM users u WHERE u.id = " + user + " AND u.super_admin = 1)))"
}

// KeptWorkspaces reads Workspaces and locks them in share mode until the transaction ends.
func (tx *Tx) KeptWorkspaces(ctx context.Context, ids []fleet.WorkspaceID) (map[fleet.WorkspaceID]fleet.Workspace, error) {
	found := make(map[fleet.WorkspaceID]fleet.Workspace, len(ids))
	return found, tx.batch(ctx, append(tx.lockMemberships(0, ids), tx.workspaces(ids, found))...)
}

// KeptOwners is KeptWorkspaces for the owners of a SIM. It reads the known ids, and an asked id
// only if it is the parent or one of its children. Any other Workspace takes the same path as a
// missing one.
func (tx *Tx) KeptOwners(ctx context.Context, parent fleet.WorkspaceID, known []fleet.WorkspaceID, asked fleet.WorkspaceID) (map[fleet.WorkspaceID]fleet.Workspace, error) {
	w := where{tx: tx}
	of := w.arg(int64(parent))
	w.and(w.in("w.id", arrayParam(tx, known)) + " OR w.id = " + w.arg(int64(asked)) + " AND (w.id = " + of + " OR w.parent_id = " + of + ")")
	found := make(map[fleet.WorkspaceID]fleet.Workspace, len(known)+1)
	var statements []statement
	if tx.d == Postgres && tx.writes {
		statements = append(statements,
			shared(workspaceLock, slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(known), asked))))...),
			locking("SELECT 1 FROM workspaces w WHERE "+w.String()+" ORDER BY w.id FOR SHARE", w.args...))
	}
	statements = append(statements, workspacesWhere(&w, found))
	return found, tx.batch(ctx, statements...)
}

// LockWorkspaces blocks other writes that use the Workspaces, such as migrations, until the
// transaction ends, and waits for running ones. Transactions that change Workspaces call it.
func (tx *Tx) LockWorkspaces(ctx context.Context, ids []fleet.WorkspaceID) error {
	if tx.d == SQLite {
		return nil
	}
	if err := tx.lockAlone(ctx, workspaceLock, slices.Sorted(slices.Values(int64s(ids)))...); err != nil {
		return err
	}
	return tx.exec(ctx, "SELECT 1 FROM workspaces WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", ids)
}
