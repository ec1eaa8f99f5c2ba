package fsck

import (
	"context"

	"github.com/simferry/simferry/internal/store"
)

// RunIn is Run with smaller runs, so that a small database has many of them.
func RunIn(ctx context.Context, tx *store.Tx, run int) (Report, error) { return runIn(ctx, tx, run) }

// Checksummed finds the id of a checksum.
var Checksummed = checksummed
