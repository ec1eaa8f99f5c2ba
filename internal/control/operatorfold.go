package control

import (
	"context"

	"github.com/simferry/simferry/internal/store"
)

// Fold takes the changes of the numbers of SIMs over into the counts, which keeps totals
// cheap to read. The server calls it every second; several servers may.
func (o Operator) Fold(ctx context.Context) error {
	changed := false
	err := o.c.store.Read(ctx, func(tx *store.Tx) (err error) {
		changed, err = tx.TallyChanged(ctx)
		return err
	})
	if err != nil || !changed {
		return err
	}
	return o.c.store.Update(ctx, func(tx *store.Tx) error { return tx.FoldTally(ctx) })
}
