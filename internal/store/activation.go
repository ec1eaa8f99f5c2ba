package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// KeyKind is the purpose of an activation key.
type KeyKind int8

// The kinds of activation keys.
const (
	KeyInvitation KeyKind = 0
	KeyReset      KeyKind = 1
)

// ActivationKey lets a user set a password without a previous one. Only its hash is stored.
type ActivationKey struct {
	Hash      []byte
	Kind      KeyKind
	User      fleet.UserID
	Workspace fleet.WorkspaceID // of an invitation
	Epoch     int64             // of the user at creation; a key of another epoch is invalid
	Shown     bool              // to the inviter
	Expires   time.Time
}

var insertActivationKey = insertion("activation_keys",
	"hash kind user_id workspace_id epoch shown created_at expires_at", "")

// InsertActivationKey stores a new key.
func (tx *Tx) InsertActivationKey(ctx context.Context, k ActivationKey) error {
	return tx.execNamed(ctx, insertActivationKey, params{
		"hash": k.Hash, "kind": int64(k.Kind), "user_id": int64(k.User), "workspace_id": orNull(k.Workspace), "epoch": k.Epoch,
		"shown": flag(k.Shown), "created_at": micros(tx.now), "expires_at": micros(k.Expires),
	})
}

// TakeActivationKey finds a key by its hash and deletes it, so that it can be used once. found is
// false if it is unknown, used or expired. Only one of two concurrent calls finds it.
func (tx *Tx) TakeActivationKey(ctx context.Context, hash []byte) (k ActivationKey, found bool, err error) {
	var expires int64
	var shown int
	found, err = tx.queryRow(ctx, `
		DELETE FROM activation_keys WHERE hash = $1 AND expires_at > $2
		RETURNING hash, kind, user_id, COALESCE(workspace_id, 0), epoch, shown, expires_at`,
		[]any{hash, micros(tx.now)}, &k.Hash, &k.Kind, &k.User, &k.Workspace, &k.Epoch, &shown, &expires)
	k.Shown, k.Expires = shown != 0, fromMicros(expires)
	return k, found, err
}

// DeleteShownKeys deletes the keys of a user that were shown to inviters.
func (tx *Tx) DeleteShownKeys(ctx context.Context, user fleet.UserID) error {
	return tx.exec(ctx, "DELETE FROM activation_keys WHERE user_id = $1 AND shown = 1", int64(user))
}

// DeleteActivationKeys deletes all keys of one kind of a user.
func (tx *Tx) DeleteActivationKeys(ctx context.Context, user fleet.UserID, kind KeyKind) error {
	return tx.exec(ctx, "DELETE FROM activation_keys WHERE user_id = $1 AND kind = $2", int64(user), int64(kind))
}

// ActivateUser activates an invited user, with a first password.
func (tx *Tx) ActivateUser(ctx context.Context, user fleet.UserID, name, hash string) error {
	return tx.exec(ctx, "UPDATE users SET status = "+activeUser+", name = $2, password_hash = $3, session_epoch = session_epoch + 1 WHERE id = $1",
		int64(user), name, hash)
}
