package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/simferry/simferry/internal/store"
)

// keepReplies is how long a stored response is repeated under its idempotency key. Those of
// migrations are kept with the ledger.
const keepReplies = 30 * 24 * time.Hour

// Sweep removes expired data. The server calls it every hour; several servers may. If the
// server's clock is probably wrong, it removes nothing and returns an error.
func (o Operator) Sweep(ctx context.Context) error {
	if err := o.store.ClockTrusted(ctx); err != nil {
		return fmt.Errorf("expired data was not removed: %w", err)
	}
	return o.store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Sweep(ctx, keepReplies); err != nil {
			return err
		}
		return retireKeys(ctx, tx)
	})
}

// CheckClock compares the server's clock with the database's, and logs a difference of more
// than a minute. The server calls it every minute.
func (o Operator) CheckClock(ctx context.Context) error {
	skew, err := o.store.CheckClock(ctx)
	switch {
	case err != nil:
		return err
	case skew.Abs() > store.ClockLimit:
		o.c.Log().Error("the server's clock is wrong: sign-ins and tokens are refused", "ahead", skew.String(), "err", errors.Unwrap(o.store.ClockWorks()))
	case skew.Abs() > store.ClockWarning:
		o.c.Log().Warn("the server's clock differs from the database's: set it", "ahead", skew.String())
	}
	return nil
}
