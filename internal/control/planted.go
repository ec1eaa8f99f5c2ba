package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/store"
)

// What planted bugs need; without their tags nothing of it is in the program.

// putOff is how much later a commit comes that somebody put off to save work.
const putOff = 10 * time.Millisecond

type updater func(context.Context, func(*store.Tx) error) error

// early has an update return before it commits.
func early(update updater) updater {
	return func(ctx context.Context, fn func(*store.Tx) error) error {
		done := make(chan error, 1)
		tell := func(err error) {
			select {
			case done <- err:
			default: // the client has been told already: this is another attempt
			}
		}
		go func() {
			tell(update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
				err := fn(tx)
				if err == nil {
					tell(nil)
					<-time.After(putOff)
				}
				return err
			}))
		}()
		return <-done
	}
}
