package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// SecondFactor is a second factor of a user, in addition to the password.
type SecondFactor struct {
	ID       int64
	User     fleet.UserID
	Active   bool
	Secret   []byte
	LastStep int64 // of the last code that was accepted, 0 for none
	Created  time.Time
}

// InsertSecondFactor stores a factor that is not active yet, and replaces an earlier one of
// that kind. It fails if the user has an active one.
func (tx *Tx) InsertSecondFactor(ctx context.Context, user fleet.UserID, secret []byte) (id int64, err error) {
	if err := tx.exec(ctx, "DELETE FROM second_factors WHERE user_id = $1 AND status = "+unconfirmedFactor, int64(user)); err != nil {
		return 0, err
	}
	_, err = tx.queryRow(ctx, `
		INSERT INTO second_factors (user_id, type, status, secret, last_step, created_at) VALUES ($1, 0, `+unconfirmedFactor+`, $2, 0, $3) RETURNING id`,
		[]any{int64(user), secret, micros(tx.now)}, &id)
	return id, err
}

// SecondFactor finds the factor of a user, active or not.
func (tx *Tx) SecondFactor(ctx context.Context, user fleet.UserID) (f SecondFactor, found bool, err error) {
	var active, created int64
	found, err = tx.queryRow(ctx, `
		SELECT id, user_id, CASE WHEN status = `+confirmedFactor+` THEN 1 ELSE 0 END, secret, last_step, created_at
		FROM second_factors WHERE user_id = $1`,
		[]any{int64(user)}, &f.ID, &f.User, &active, &f.Secret, &f.LastStep, &created)
	f.Active, f.Created = active == 1, fromMicros(created)
	return f, found, err
}

// UseCode accepts the code of a step, and activates the factor. It returns false if a code of
// that step or a later one was accepted before, on any server.
func (tx *Tx) UseCode(ctx context.Context, factor, step int64) (bool, error) {
	n, err := tx.execRows(ctx, "UPDATE second_factors SET last_step = $2, status = "+confirmedFactor+" WHERE id = $1 AND last_step < $2", factor, step)
	return n > 0, err
}

// DeleteSecondFactor deletes a user's factor and trusted devices. found is false if the user
// has no factor of that id.
func (tx *Tx) DeleteSecondFactor(ctx context.Context, user fleet.UserID, id int64) (found bool, err error) {
	n, err := tx.execRows(ctx, "DELETE FROM second_factors WHERE user_id = $1 AND id = $2", int64(user), id)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.exec(ctx, "DELETE FROM trusted_devices WHERE user_id = $1", int64(user))
}

// PendingSignIn is a sign-in with a correct password that waits for its code.
type PendingSignIn struct {
	Hash    []byte // of the mfa_token
	User    fleet.UserID
	Epoch   int64
	Expires time.Time
}

// InsertPendingSignIn stores a sign-in that waits for its code.
func (tx *Tx) InsertPendingSignIn(ctx context.Context, p PendingSignIn) error {
	return tx.exec(ctx, "INSERT INTO pending_sign_ins (hash, user_id, epoch, expires_at) VALUES ($1, $2, $3, $4)",
		p.Hash, int64(p.User), p.Epoch, micros(p.Expires))
}

// PendingSignIn finds a sign-in that waits for its code and has not expired.
func (tx *Tx) PendingSignIn(ctx context.Context, hash []byte) (p PendingSignIn, found bool, err error) {
	var expires int64
	found, err = tx.queryRow(ctx, "SELECT hash, user_id, epoch, expires_at FROM pending_sign_ins WHERE hash = $1 AND expires_at > $2",
		[]any{hash, micros(tx.now)}, &p.Hash, &p.User, &p.Epoch, &expires)
	p.Expires = fromMicros(expires)
	return p, found, err
}

// DeletePendingSignIn deletes a pending sign-in. found is false if another request has deleted
// it.
func (tx *Tx) DeletePendingSignIn(ctx context.Context, hash []byte) (found bool, err error) {
	n, err := tx.execRows(ctx, "DELETE FROM pending_sign_ins WHERE hash = $1", hash)
	return n > 0, err
}
