package control

import (
	"context"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// The kinds of sign-in counters. They are rows, because the next attempt may reach another
// server.
const (
	failures = "failures" // in a row, per account and address
	guesses  = "guesses"  // evaluated at all, per account and hour
	attempts = "attempts" // per address and five minutes
)

const (
	lockAfter      = 3
	lockFor        = 5 * time.Minute
	forgetAfter    = 24 * time.Hour // failures in a row may lie that far apart
	guessesPerHour = 100
	attemptWindow  = 5 * time.Minute
	attemptsPerIP  = 100
)

// lockKey is per account and address, so that a stranger cannot lock an Administrator out.
func lockKey(username string, from netip.Addr) string { return username + " " + network(from) }

// network is what counts as one address: with IPv6 the /64, which one customer has whole.
func network(from netip.Addr) string {
	from = from.Unmap()
	if !from.Is6() {
		return from.String()
	}
	whole, _ := from.WithZone("").Prefix(64) // 64 bits fit into an IPv6 address
	return whole.String()
}

// CountAttempt counts one authentication of an address, whatever its outcome.
//
// Errors: TooManyRequests with RetryAfter beyond 100 in five minutes.
func (c *Control) CountAttempt(ctx context.Context, from netip.Addr) error {
	var n store.Counter
	var now time.Time
	err := c.store.Update(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		n, err = tx.Count(ctx, attempts, network(from), attemptWindow)
		return err
	})
	if err == nil && n.Count > attemptsPerIP {
		err = tooMany("Too many authentications from this address", n.Expires.Sub(now))
	}
	return err
}

// mayTry refuses an attempt that is not even evaluated. It counts the guess beforehand, so
// that a burst is counted too; openSession takes it back where the password was right.
func (c *Control) mayTry(ctx context.Context, username string, from netip.Addr) error {
	var wait time.Duration
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		locked, err := tx.Counter(ctx, failures, lockKey(username, from))
		if err != nil {
			return err
		}
		if locked.Count >= lockAfter {
			wait = locked.Expires.Sub(tx.Now())
			return nil
		}
		n, err := tx.Count(ctx, guesses, username, time.Hour)
		if n.Count > guessesPerHour {
			wait = n.Expires.Sub(tx.Now())
		}
		return err
	})
	if err == nil && wait > 0 {
		err = lockedOut(wait)
	}
	return err
}

// failed counts a wrong password; the third in a row locks.
func (c *Control) failed(ctx context.Context, username string, from netip.Addr) error {
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Count(ctx, failures, lockKey(username, from), forgetAfter)
		if err != nil || n.Count < lockAfter {
			return err
		}
		return tx.ExpireCounter(ctx, failures, lockKey(username, from), lockFor)
	})
	return orRefused(err)
}

// succeeded forgets the failures before a right password, which was no guess either.
func succeeded(ctx context.Context, tx *store.Tx, username string, from netip.Addr) error {
	if err := tx.Uncount(ctx, guesses, username); err != nil {
		return err
	}
	return tx.ClearCounter(ctx, failures, lockKey(username, from))
}

func tooMany(message string, wait time.Duration) error {
	return &fleet.Error{Code: fleet.TooManyRequests, Message: message + "; try again later", RetryAfter: wait}
}

// lockedOut tells the wait of a locked account; the wire answers it with 401.
func lockedOut(wait time.Duration) error {
	return &fleet.Error{Code: fleet.LockedOut, Message: "Too many failed attempts; try again later", RetryAfter: wait}
}
