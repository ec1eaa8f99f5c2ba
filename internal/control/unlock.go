package control

import (
	"context"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// admittedFor is how long an address has its own counters at an account.
const admittedFor = 24 * time.Hour

// unlock forgets the wrong guesses at an account. Guesses from the address, if it is valid, are
// counted separately for a day, so that others who keep guessing do not lock the owner out
// again.
func unlock(ctx context.Context, tx *store.Tx, username string, from netip.Addr) error {
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
	for _, c := range []counter{admittedFrom(username, from), admittedGuesses(username, from)} {
		if err := c.clear(ctx, tx); err != nil {
			return err
		}
	}
	_, err := admittedFrom(username, from).add(ctx, tx, admittedFor)
	return err
}

// UnlockUser forgets the wrong guesses at the password and codes of a user, by ID or e-mail
// address. Guesses from the address, if it is valid, are counted separately for 24 hours.
//
// Errors: NotFound.
func (o Operator) UnlockUser(ctx context.Context, ref string, from netip.Addr) error {
	return o.update(ctx, func(tx *store.Tx) error {
		user, err := userListing(ctx, tx, ref)
		if err != nil {
			return err
		}
		if err := unlock(ctx, tx, user.Username, from); err != nil {
			return err
		}
		return o.audit(ctx, tx, userEntry(fleet.AuditUserUnlocked, user))
	})
}
