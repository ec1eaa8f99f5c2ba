package fsck

import (
	"context"

	"github.com/simferry/simferry/internal/store"
)

// RunIn does what Run does in smaller runs, so that a small database has many of them.
func RunIn(ctx context.Context, tx *store.Tx, run int) (Report, error) { return runIn(ctx, tx, run) }

// InOrder returns the checks of a report that has these and those of every report.
func InOrder(asked ...Check) []Check {
	f := newChecker(store.Reader{}, 1)
	f.done = asked
	return f.inOrder()
}

// InvariantOrder is the order of a report.
var InvariantOrder = invariantOrder

// Checksummed finds the id of a checksum.
var Checksummed = checksummed

// NotCoveredList is what no check covers on either engine.
func NotCoveredList() []NotCovered { return notCovered }
