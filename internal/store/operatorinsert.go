package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

var (
	insertWorkspace = insertion("workspaces", workspaceInsertColumns, "")
	insertUser      = insertion("users", userInsertColumns, "")
)

// InsertWorkspace creates a Workspace. Unlike PutWorkspace it fails if the id is Taken, because
// two concurrent calls get the same NextID.
func (tx *Tx) InsertWorkspace(ctx context.Context, w fleet.Workspace) error {
	return tx.execNamed(ctx, insertWorkspace, tx.workspaceParams(w))
}

// InsertUser creates a user. Unlike PutUser it fails if the id is Taken.
func (tx *Tx) InsertUser(ctx context.Context, u UserRecord) error {
	return tx.execNamed(ctx, insertUser, u.insertParams(micros(tx.now)))
}
