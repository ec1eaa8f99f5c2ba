package control

import (
	"bytes"
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Reply is an answer as it goes over the wire. The rules treat it as opaque: they store it
// under an idempotency key and give it again.
type Reply = store.Reply

// Once makes a write that is sent again under the same key take effect once. The zero
// value has no key: each write counts.
type Once struct {
	Key         string
	Operation   string
	Fingerprint []byte // of the request, after strict decoding

	// rights are asked before a stored answer is given again; nil where the permission
	// that the operation needs is all there is.
	rights func(context.Context, *store.Tx, store.Key, Reply) error

	// instead is what a repetition is answered where the reply holds a secret, which must
	// not be stored; nil where it is the reply.
	instead func() Reply
}

// answer is what a rule does in its transaction: the reply, the ledger entry that it
// wrote (0 for none), and whether the reply may be kept under a key.
type answer struct {
	reply Reply
	entry fleet.MigrationID
	keep  bool
}

// once runs a write in one transaction; under a key it answers a repetition with the
// stored reply. replayed tells that it did.
//
// Errors: KeyReused where another request came under the key; KeyBusy, with RetryAfter,
// while the first still runs.
func (c *Control) once(ctx context.Context, who identity.Principal, o Once, write func(*store.Tx) (answer, error)) (r Reply, replayed bool, err error) {
	key := store.Key{By: caller(who), Operation: o.Operation, Key: o.Key}
	err = c.store.Update(ctx, func(tx *store.Tx) error {
		if o.Key != "" {
			stored, err := recall(ctx, tx, key, o)
			if err != nil {
				return err
			}
			if stored != nil {
				// Not a replay where an attempt of this very request stored it, and its
				// outcome was lost.
				r, replayed = *stored, !tx.Unsure()
				return nil
			}
		}
		a, err := write(tx)
		if err != nil {
			return err
		}
		r, replayed = a.reply, false
		if o.Key == "" || !a.keep {
			return nil
		}
		if o.instead != nil {
			a.reply = o.instead()
		}
		return tx.StoreReply(ctx, key, o.Fingerprint, a.reply, a.entry)
	})
	return r, replayed, err
}

// recall finds the answer that was given under a key before; nil where there is none.
func recall(ctx context.Context, tx *store.Tx, key store.Key, o Once) (*Reply, error) {
	free, err := tx.ClaimKey(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case !free && tx.Unsure():
		return nil, store.ErrRaced // held by our own lost attempt, which is about to end
	case !free:
		return nil, &fleet.Error{
			Code: fleet.KeyBusy, Message: "The first request with this Idempotency-Key is still running", RetryAfter: time.Second,
		}
	}
	r, asked, found, err := tx.StoredReply(ctx, key)
	if err != nil || !found {
		return nil, err
	}
	if o.rights != nil {
		if err := o.rights(ctx, tx, key, r); err != nil {
			return nil, err
		}
	}
	if !bytes.Equal(asked, o.Fingerprint) {
		return nil, fleet.Errorf(fleet.KeyReused, "Idempotency-Key: this key was used with another request; choose a new one")
	}
	return &r, nil
}
