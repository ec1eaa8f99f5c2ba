package store

import "context"

// FsckInRuns is Fsck with smaller runs, so that a small database has many of them.
func FsckInRuns(ctx context.Context, tx *Tx, run int) (Report, error) { return tx.fsck(ctx, run) }

// Checksummed finds the id of a checksum.
var Checksummed = checksummed
