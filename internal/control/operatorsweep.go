package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/store"
)

// keepReplies is how long a repetition under an idempotency key gets the first answer.
// Those of migrations are kept with the ledger.
const keepReplies = 30 * 24 * time.Hour

// Sweep removes what has expired. The server calls it every hour; several servers may.
func (o Operator) Sweep(ctx context.Context) error {
	return o.c.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Sweep(ctx, keepReplies); err != nil {
			return err
		}
		return retireKeys(ctx, tx)
	})
}
