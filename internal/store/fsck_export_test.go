package store

import "context"

// FsckInRuns is Fsck with so few SIMs and entries in memory at once, so that a small
// database has many runs.
func FsckInRuns(ctx context.Context, tx *Tx, run int) (Report, error) { return tx.fsck(ctx, run) }

// Checksummed finds the id of a checksum.
var Checksummed = checksummed
