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

// Once makes repetitions of a write under the same idempotency key take effect once. The zero
// value has no key: each write takes effect.
type Once struct {
	Key         string
	Operation   string
	Fingerprint []byte // of the request, after strict decoding

	// first takes locks that must precede those on the caller; nil for none. A rule that
	// changes the caller's own rows, or those of another user, locks them here, so that two
	// such writes wait for each other instead of causing a deadlock.
	first func(context.Context, *store.Tx) error

	// rights checks further permissions before a stored response is repeated; nil if the
	// permission of the operation is enough.
	rights func(context.Context, *store.Tx, identity.Principal, store.Key, Reply) error

	// anywhere is set if the rights for a repetition do not depend on the Workspace of the token,
	// so that a reply which an earlier version stored, without a Workspace, may be repeated.
	anywhere bool

	// selects are the SIMs that the rule will lock with Snapshot; nil for none. Without a key they
	// are locked together with the caller.
	selects *fleet.Selector

	// instead is the response to a repetition if the reply contains a secret, which must not be
	// stored; nil means the reply itself.
	instead func() Reply
}

// answer is the function of a rule in its transaction. It returns the reply, the ID of the
// ledger entry that it wrote (0 for none), and whether the reply may be stored under a key.
type answer struct {
	reply Reply
	entry fleet.MigrationID
	keep  bool
}

// once runs every write of a caller. In the write's own transaction it reads the caller again
// and requires the permission, because the checks before the body arrived may be out of date.
// The rule gets the caller as read there; locks keep the caller unchanged until the commit. A
// repetition under a key gets the stored reply, and replayed is true.
//
// Errors: those of Bearer and Require; KeyReused if another request came under the key;
// KeyBusy, with RetryAfter, while the first still runs.
func (c *Control) once(ctx context.Context, who identity.Principal, need identity.Permission, o Once, rule func(*store.Tx, identity.Principal) (answer, error)) (Reply, bool, error) {
	if err := who.Require(need); err != nil {
		return Reply{}, false, err
	}
	w := writeRun{c: c, who: who, need: need, once: o, open: opening(who, o), rule: rule}
	err := c.store.Update(ctx, func(tx *store.Tx) error { return w.attempt(ctx, tx) })
	return w.reply, w.replayed, err
}

// writeRun holds the state of one write of a caller over all attempts of its transaction.
type writeRun struct {
	c    *Control
	who  identity.Principal // as read at the start of the request
	need identity.Permission
	once Once
	open store.Opening
	rule func(*store.Tx, identity.Principal) (answer, error)

	reply    Reply // of the last attempt
	replayed bool
}

func (w *writeRun) attempt(ctx context.Context, tx *store.Tx) error {
	if w.once.first != nil {
		if err := w.once.first(ctx, tx); err != nil {
			return err
		}
	}
	got, err := tx.Open(ctx, w.open)
	if err != nil || got.Done {
		return err // if an earlier attempt was committed, its reply counts
	}
	who, err := w.caller(tx, got)
	if err != nil {
		return err
	}
	if w.once.Key != "" {
		stored, err := w.recall(ctx, tx, who, got)
		if err != nil || stored {
			return err
		}
	}
	a, err := w.rule(tx, who)
	if err != nil {
		return err
	}
	w.reply, w.replayed = a.reply, false
	if w.once.Key == "" || !a.keep {
		return nil
	}
	if w.once.instead != nil {
		a.reply = w.once.instead()
	}
	return tx.StoreReply(ctx, *w.open.Key, w.once.Fingerprint, a.reply, a.entry)
}

// write is once for a rule without an idempotency key and without a reply.
func (c *Control) write(ctx context.Context, who identity.Principal, need identity.Permission, first func(context.Context, *store.Tx) error, rule func(*store.Tx, identity.Principal) error) error {
	_, _, err := c.once(ctx, who, need, Once{first: first}, func(tx *store.Tx, who identity.Principal) (answer, error) {
		return answer{}, rule(tx, who)
	})
	return err
}

// Idempotent is once for a write without a Principal, which the operator makes. It requires no
// permission.
//
// Errors: those of write; KeyReused; KeyBusy with RetryAfter.
func (c *Control) Idempotent(ctx context.Context, o Once, write func(*store.Tx) (Reply, error)) (Reply, bool, error) {
	return c.once(ctx, identity.Principal{}, identity.Public, o, func(tx *store.Tx, _ identity.Principal) (answer, error) {
		reply, err := write(tx)
		return answer{reply: reply, keep: true}, err
	})
}

// update runs a write for a caller without a bearer. It takes effect once, even if the
// connection is lost during the commit: the audit entry, which names the request, shows whether
// it was committed. In that case the values that fn has set are valid.
func (c *Control) update(ctx context.Context, from identity.Origin, fn func(*store.Tx) error) error {
	return c.store.Update(ctx, func(tx *store.Tx) error {
		got, err := tx.Open(ctx, store.Opening{Attempt: from.RequestID})
		if err != nil || got.Done {
			return err
		}
		return fn(tx)
	})
}

// opening checks what the transaction of a write must check first. The operator has no
// Principal.
func opening(who identity.Principal, o Once) store.Opening {
	open := store.Opening{Program: who.Token, Bearer: store.BearerOf{Key: who.Key}}
	if who.Token == 0 {
		open.Bearer = bearerOf(claimsOf(who))
	}
	if o.Key != "" {
		key := store.Key{By: caller(who), Workspace: who.Workspace, Operation: o.Operation, Key: o.Key}
		open.Key = &key
	} else if who.User != 0 || who.Token != 0 {
		open.Attempt = who.Origin.RequestID
	}
	if o.Key == "" && who.User != 0 && !who.SuperAdmin {
		open.Select = o.selects
	}
	return open
}

// caller reads the caller in the transaction and requires the permission.
func (w *writeRun) caller(tx *store.Tx, got store.Opened) (now identity.Principal, err error) {
	switch {
	case w.who.Token != 0:
		now, err = programPrincipal(got.Program, got.Found, tx.Now(), w.who.Origin.Address)
		now.Key = w.who.Key
	case w.who.User != 0:
		now, err = w.c.userPrincipal(claimsOf(w.who), got.Session, got.Found)
	}
	if err != nil {
		return now, &fleet.Error{Code: fleet.CodeOf(err), Message: err.Error(), Err: ErrEnded}
	}
	now.Origin = w.who.Origin
	return now, now.Require(w.need)
}

// ErrEnded is in the chain of an InvalidToken error if the caller's session, user or
// application token ended during the request.
var ErrEnded = errors.New("ended during the request")

// claimsOf returns the claims of the bearer of a Principal.
func claimsOf(who identity.Principal) identity.Claims {
	return identity.Claims{User: who.User, Workspace: who.Workspace, Epoch: who.Epoch, Key: who.Key, Session: who.Session, Expires: who.Expires}
}

// recall reads the reply that is stored under the key, if there is one.
func (w *writeRun) recall(ctx context.Context, tx *store.Tx, who identity.Principal, got store.Opened) (stored bool, err error) {
	switch {
	case got.Busy && tx.Unsure():
		return false, store.ErrRaced // locked by an earlier attempt of this request, which is about to end
	case got.Busy:
		return false, &fleet.Error{
			Code: fleet.KeyBusy, Message: "The first request with this Idempotency-Key is still running", RetryAfter: time.Second,
		}
	case !got.Replied:
		return false, nil
	case got.Unbound && !w.once.anywhere:
		return false, fleet.Errorf(fleet.KeyReused, "Idempotency-Key: this key was used before an upgrade of the server, "+
			"in a Workspace that was not recorded; look whether that request took effect, and choose a new key")
	}
	if w.once.rights != nil {
		if err := w.once.rights(ctx, tx, who, *w.open.Key, got.Reply); err != nil {
			return false, err
		}
	}
	if !bytes.Equal(got.Fingerprint, w.once.Fingerprint) {
		return false, fleet.Errorf(fleet.KeyReused, "Idempotency-Key: this key was used with another request; choose a new one")
	}
	// Not a replay if an earlier attempt of this request, whose outcome was unknown, stored it.
	w.reply, w.replayed = got.Reply, !tx.Unsure()
	return true, nil
}
