package control

import (
	"context"

	"github.com/simferry/simferry/internal/store"
)

// What planted bugs need; without their tags nothing of it is in the program.

type updater func(context.Context, func(*store.Tx) error) error

// early has an update return before it commits.
func early(update updater) updater {
	return func(ctx context.Context, fn func(*store.Tx) error) error {
		done := make(chan error, 2)
		go func() {
			done <- update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
				err := fn(tx)
				if err == nil {
					done <- nil
				}
				return err
			})
		}()
		return <-done
	}
}
