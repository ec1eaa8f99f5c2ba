package control

import (
	"context"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/store"
)

// admittedFor is how long an address has its own counters at an account.
const admittedFor = 24 * time.Hour

// Unlock forgets the wrong guesses at an account. Guesses from the address, if it is valid, are
// counted separately for a day, so that others who keep guessing do not lock the owner out
// again.
func Unlock(ctx context.Context, tx *store.Tx, username string, from netip.Addr) error {
	username = folded(username)
	if err := guessesAt(username).clear(ctx, tx); err != nil {
		return err
	}
	if err := tx.ClearCountersOf(ctx, failuresAt(username, from).kind, username+" "); err != nil {
		return err
	}
	if !from.IsValid() {
		return nil
	}
	for _, c := range []Counter{admittedFrom(username, from), admittedGuesses(username, from)} {
		if err := c.clear(ctx, tx); err != nil {
			return err
		}
	}
	_, err := admittedFrom(username, from).Add(ctx, tx, admittedFor)
	return err
}
