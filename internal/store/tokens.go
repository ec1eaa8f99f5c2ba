package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// ApplicationToken is a credential of a program, bound to one Workspace.
type ApplicationToken struct {
	ID          fleet.TokenID
	Workspace   fleet.Workspace
	Description string
	Revoked     bool
	CIDR        string // "" lets it be used from everywhere
	Created     time.Time
	Expires     time.Time // zero: never
}

// InsertApplicationToken stores a new token.
func (tx *Tx) InsertApplicationToken(ctx context.Context, t ApplicationToken) error {
	return tx.exec(ctx, `
		INSERT INTO application_tokens (id, workspace_id, description, status, cidr, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		int64(t.ID), int64(t.Workspace.ID), t.Description, flag(t.Revoked), t.CIDR, micros(tx.now), timeOrNull(t.Expires))
}

// ApplicationToken finds a token with its Workspace; found is false where there is none.
func (tx *Tx) ApplicationToken(ctx context.Context, id fleet.TokenID) (t ApplicationToken, found bool, err error) {
	err = tx.each(ctx, `
		SELECT `+workspaceColumns+`, t.id, t.description, t.status, t.cidr, t.created_at, COALESCE(t.expires_at, 0)
		FROM application_tokens t JOIN workspaces w ON w.id = t.workspace_id WHERE t.id = $1`, []any{int64(id)}, func(r rows) error {
		found = true
		var revoked int
		var created, expires int64
		err := scanWorkspace(r, &t.Workspace, &t.ID, &t.Description, &revoked, &t.CIDR, &created, &expires)
		t.Revoked, t.Created, t.Expires = revoked != 0, fromMicros(created), fromMicros(expires)
		return err
	})
	return t, found, err
}

// SigningKey is a key that signs bearer tokens, as identity has it, in bytes.
type SigningKey struct {
	ID      string
	Private []byte
	Created time.Time
}

// SigningKeys reads all keys, oldest first.
func (tx *Tx) SigningKeys(ctx context.Context) ([]SigningKey, error) {
	var keys []SigningKey
	err := tx.each(ctx, "SELECT id, private_key, created_at FROM signing_keys ORDER BY created_at, id", nil, func(r rows) error {
		var k SigningKey
		var created int64
		err := r.Scan(&k.ID, &k.Private, &created)
		k.Created = fromMicros(created)
		keys = append(keys, k)
		return err
	})
	return keys, err
}

// InsertSigningKey stores a new key.
func (tx *Tx) InsertSigningKey(ctx context.Context, k SigningKey) error {
	return tx.exec(ctx, "INSERT INTO signing_keys (id, private_key, created_at) VALUES ($1, $2, $3)",
		k.ID, k.Private, micros(k.Created))
}

// RefreshToken is one link in a chain of refresh tokens; only its hash is known here.
type RefreshToken struct {
	Hash      []byte
	Family    string
	User      fleet.UserID
	Workspace fleet.WorkspaceID
	Epoch     int64
	Expires   time.Time
	Spent     bool
	Revoked   bool
}

// InsertRefreshToken stores a new link.
func (tx *Tx) InsertRefreshToken(ctx context.Context, t RefreshToken) error {
	return tx.exec(ctx, `
		INSERT INTO refresh_tokens (hash, family, user_id, workspace_id, epoch, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		t.Hash, t.Family, int64(t.User), int64(t.Workspace), t.Epoch, micros(tx.now), micros(t.Expires))
}

// RefreshToken finds a link by its hash and keeps it from being spent by another.
func (tx *Tx) RefreshToken(ctx context.Context, hash []byte) (t RefreshToken, found bool, err error) {
	var expires int64
	text := `SELECT hash, family, user_id, workspace_id, epoch, expires_at, spent_at IS NOT NULL, revoked_at IS NOT NULL
		FROM refresh_tokens WHERE hash = $1` + tx.pick("", " FOR UPDATE")
	found, err = tx.one(ctx, text, []any{hash}, &t.Hash, &t.Family, &t.User, &t.Workspace, &t.Epoch, &expires, &t.Spent, &t.Revoked)
	t.Expires = fromMicros(expires)
	return t, found, err
}

// SpendRefreshToken marks a link as used.
func (tx *Tx) SpendRefreshToken(ctx context.Context, hash []byte) error {
	return tx.exec(ctx, "UPDATE refresh_tokens SET spent_at = $2 WHERE hash = $1", hash, micros(tx.now))
}

// RevokeRefreshFamily ends every link that descends from one sign-in.
func (tx *Tx) RevokeRefreshFamily(ctx context.Context, family string) error {
	return tx.exec(ctx, "UPDATE refresh_tokens SET revoked_at = $2 WHERE family = $1 AND revoked_at IS NULL", family, micros(tx.now))
}
