package control

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Reply is a response as sent to the client. The rules do not interpret it: they store it under
// an idempotency key and return it again.
type Reply = store.Reply

// Encoder encodes the result of a rule. It runs in the rule's transaction, because the response
// is stored with the change.
type Encoder[T any] interface {
	// OK encodes a success.
	OK(T) Reply
	// Refused encodes a refusal that is stored under an idempotency key, like a success.
	Refused(error) Reply
}

// Write is what a rule that writes gets from its caller: the idempotency key, and the encoder
// of its result.
type Write[T any] struct {
	Once
	Encoder[T]
}

// Once makes repetitions of a write under the same idempotency key take effect once. The zero
// value has no key: each write takes effect.
type Once struct {
	Key         string
	Operation   string
	Fingerprint []byte // of the request, after strict decoding
}

// guard is what the transaction of a write requires before its rule runs.
type guard struct {
	need identity.Permission

	// lock takes locks that must precede those on the caller; nil for none. A rule that
	// changes the caller's own rows, or those of another user, locks them here, so that two
	// such writes wait for each other instead of causing a deadlock.
	lock func(context.Context, *store.Tx) error

	// replay checks further permissions before a stored response is repeated; nil if the
	// permission of the operation is enough.
	replay func(context.Context, *store.Tx, identity.Principal, store.Stored) error

	// anywhere is set if the rights for a repetition do not depend on the Workspace of the token,
	// so that a reply which an earlier version stored, without a Workspace, may be repeated.
	anywhere bool

	// selects are the SIMs that the rule will lock with Snapshot; nil for none. Without a key they
	// are locked together with the caller.
	selects *fleet.Selector
}

// None is the result of a rule without one.
type None = struct{}

// result is what a rule returns. Conflicts, which it returns as an error, count as refused.
type result[T any] struct {
	value   T
	refused error             // a refusal to store like a success, instead of the value
	entry   fleet.MigrationID // the ledger entry that it wrote, 0 for none
	again   error             // refuses repetitions, if the response has a secret that must not be stored
}

// once runs a write of a caller, and encodes its result. Its errors are those of
// writeRun.attempt.
func once[T any](ctx context.Context, c *Control, caller identity.Principal, g guard, w Write[T], rule func(*store.Tx, identity.Principal) (result[T], error)) (Reply, error) {
	if err := caller.Require(g.need); err != nil {
		return Reply{}, err
	}
	run := writeRun[T]{c: c, caller: caller, guard: g, write: w, open: opening(caller, g, w.Once), rule: rule}
	err := c.store.UpdateOnce(ctx, run.open, func(tx *store.Tx, got store.Opened) error { return run.attempt(ctx, tx, got) })
	return run.reply, err
}

// writeRun holds the state of one write of a caller over all attempts of its transaction.
type writeRun[T any] struct {
	c      *Control
	caller identity.Principal // as read at the start of the request
	guard  guard
	write  Write[T]
	open   store.Opening
	rule   func(*store.Tx, identity.Principal) (result[T], error)

	reply  Reply // of the last attempt
	stored Reply // under the key, by the last attempt
}

// attempt reads the caller again, in the write's own transaction, and requires the permission,
// because the checks before the body arrived may be out of date. The rule gets the caller as
// read here; locks keep the caller unchanged until the commit. A repetition under a key gets
// the stored reply.
//
// Errors: those of Authenticate and Require; KeyReused if another request came under the key;
// KeyBusy, with RetryAfter, while the first still runs.
func (w *writeRun[T]) attempt(ctx context.Context, tx *store.Tx, got store.Opened) error {
	caller, err := w.currentCaller(tx, got)
	if err != nil {
		return err
	}
	if w.open.Key != nil {
		found, err := w.recall(ctx, tx, caller, got)
		if err != nil || found {
			return err
		}
	}
	done, err := w.rule(tx, caller)
	var conflicts *fleet.Conflicts
	if errors.As(err, &conflicts) {
		done, err = result[T]{refused: conflicts}, nil
	}
	if err != nil {
		return err
	}
	w.encode(done)
	if w.open.Key == nil {
		return nil
	}
	return tx.StoreReply(ctx, *w.open.Key, store.Stored{
		Reply: w.stored, Fingerprint: w.write.Fingerprint, Entry: done.entry, Named: namedBy(done.refused),
	})
}

// encode makes the reply, and that for repetitions.
func (w *writeRun[T]) encode(done result[T]) {
	if done.refused != nil {
		w.reply = w.write.Refused(done.refused)
	} else {
		w.reply = w.write.OK(done.value)
	}
	w.stored = w.reply
	if done.again != nil {
		w.stored = w.write.Refused(done.again)
	}
}

// namedBy returns the Workspaces whose SIMs a refusal names.
func namedBy(refusal error) []fleet.WorkspaceID {
	var conflicts *fleet.Conflicts
	if !errors.As(refusal, &conflicts) {
		return nil
	}
	return conflicts.Workspaces()
}

func sameReply(a, b Reply) bool {
	return a.Status == b.Status && a.Location == b.Location && a.ETag == b.ETag && bytes.Equal(a.Body, b.Body)
}

// write calls once for a rule without an idempotency key and a reply.
func (c *Control) write(ctx context.Context, caller identity.Principal, need identity.Permission, lock func(context.Context, *store.Tx) error, rule func(*store.Tx, identity.Principal) error) error {
	_, err := once(ctx, c, caller, guard{need: need, lock: lock}, Write[Reply]{Encoder: encoded{}}, func(tx *store.Tx, caller identity.Principal) (result[Reply], error) {
		return result[Reply]{}, rule(tx, caller)
	})
	return err
}

// Idempotent calls once for a write of the operator, which has no Principal. It requires no
// permission.
//
// Errors: those of write; KeyReused; KeyBusy with RetryAfter.
func (c *Control) Idempotent(ctx context.Context, o Once, write func(*store.Tx) (Reply, error)) (Reply, error) {
	return once(ctx, c, identity.Principal{}, guard{need: identity.Public}, Write[Reply]{o, encoded{}}, func(tx *store.Tx, _ identity.Principal) (result[Reply], error) {
		reply, err := write(tx)
		return result[Reply]{value: reply}, err
	})
}

// encoded is the Encoder of results that are replies already, and never refusals.
type encoded struct{}

func (encoded) OK(r Reply) Reply    { return r }
func (encoded) Refused(error) Reply { return Reply{} }

// update runs a write for a caller without a bearer. It takes effect once, even if the
// connection is lost during the commit: the audit entry, which names the request, shows whether
// it was committed. In that case the values that fn has set are valid.
func (c *Control) update(ctx context.Context, from identity.Origin, fn func(*store.Tx) error) error {
	return c.store.UpdateOnce(ctx, store.Opening{Attempt: from.RequestID}, func(tx *store.Tx, _ store.Opened) error { return fn(tx) })
}

// opening checks what the transaction of a write must check first. The operator has no
// Principal.
func opening(caller identity.Principal, g guard, o Once) store.Opening {
	open := store.Opening{Program: caller.Token, Bearer: store.BearerOf{Key: caller.Key}, First: g.lock}
	if caller.Token == 0 {
		open.Bearer = bearerOf(claimsOf(caller))
	}
	if o.Key != "" {
		key := store.Key{By: storeCaller(caller), Workspace: caller.Workspace, Operation: o.Operation, Key: o.Key}
		open.Key = &key
	} else if caller.User != 0 || caller.Token != 0 {
		open.Attempt = caller.Origin.RequestID
	}
	if o.Key == "" && caller.User != 0 && !caller.SuperAdmin {
		open.Select = g.selects
	}
	return open
}

// currentCaller reads the caller in the transaction and requires the permission.
func (w *writeRun[T]) currentCaller(tx *store.Tx, got store.Opened) (now identity.Principal, err error) {
	switch {
	case w.caller.Token != 0:
		now, err = programPrincipal(got.Program, got.Found, tx.Now(), w.caller.Origin.Address)
		now.Key = w.caller.Key
	case w.caller.User != 0:
		now, err = w.c.userPrincipal(claimsOf(w.caller), got.Session, got.Found)
	}
	if err != nil {
		return now, &fleet.Error{Code: fleet.CodeOf(err), Message: err.Error(), Err: ErrEnded}
	}
	now.Origin = w.caller.Origin
	return now, now.Require(w.guard.need)
}

// ErrEnded is in the chain of an InvalidToken error if the caller's session, user or
// application token ended during the request.
var ErrEnded = errors.New("ended during the request")

// claimsOf returns the claims of the bearer of a Principal.
func claimsOf(caller identity.Principal) identity.Claims {
	return identity.Claims{User: caller.User, Workspace: caller.Workspace, Epoch: caller.Epoch, Key: caller.Key, Session: caller.Session, Expires: caller.Expires}
}

// recall reads the reply that is stored under the key, if there is one.
func (w *writeRun[T]) recall(ctx context.Context, tx *store.Tx, caller identity.Principal, got store.Opened) (found bool, err error) {
	switch {
	case got.Busy:
		return false, &fleet.Error{
			Code: fleet.KeyBusy, Message: "The first request with this Idempotency-Key is still running", RetryAfter: time.Second,
		}
	case !got.Replied:
		return false, nil
	case got.Stored.Unbound && !w.guard.anywhere:
		return false, fleet.Errorf(fleet.KeyReused, "Idempotency-Key: this key was used before an upgrade of the server, "+
			"in a Workspace that was not recorded; check whether that request took effect, and choose a new key")
	}
	if w.guard.replay != nil {
		if err := w.guard.replay(ctx, tx, caller, got.Stored); err != nil {
			return false, err
		}
	}
	if !bytes.Equal(got.Stored.Fingerprint, w.write.Fingerprint) {
		return false, fleet.Errorf(fleet.KeyReused, "Idempotency-Key: this key was used with another request; choose a new one")
	}
	if got.Own && sameReply(got.Stored.Reply, w.stored) {
		return true, nil // the reply of that attempt, which may have a secret that is not stored
	}
	w.reply = got.Stored.Reply
	w.reply.Replayed = !got.Own
	return true, nil
}
