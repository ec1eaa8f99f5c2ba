package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// InsertWorkspace creates a Workspace. Unlike PutWorkspace it fails if the id is Taken, because
// two concurrent calls get the same NextID.
func (tx *Tx) InsertWorkspace(ctx context.Context, w fleet.Workspace) error {
	return tx.exec(ctx, `
		INSERT INTO workspaces (id, name, type, status, country, parent_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		int64(w.ID), w.Name, int64(w.Type), int64(w.Status), w.Country, orNull(w.Parent), micros(tx.now))
}

// InsertUser creates a user. Unlike PutUser it fails if the id is Taken.
func (tx *Tx) InsertUser(ctx context.Context, u UserRecord) error {
	return tx.exec(ctx, `
		INSERT INTO users (id, username, name, status, super_admin, default_workspace_id, password_hash, session_epoch, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)`,
		int64(u.ID), u.Username, u.Name, int64(u.Status), flag(u.SuperAdmin), orNull(u.DefaultWorkspace), u.PasswordHash, micros(tx.now))
}
