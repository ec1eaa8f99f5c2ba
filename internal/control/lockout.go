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
func lockKey(username string, from netip.Addr) string { return username + " " + from.Unmap().String() }

// CountAttempt counts one authentication of an address, whatever its outcome.
//
// Errors: TooManyRequests with RetryAfter beyond 100 in five minutes.
func (c *Control) CountAttempt(ctx context.Context, from netip.Addr) error {
	var n store.Counter
	var now time.Time
	err := c.store.Update(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		n, err = tx.Count(ctx, attempts, from.Unmap().String(), attemptWindow)
		return err
	})
	if err == nil && n.Count > attemptsPerIP {
		err = tooMany("Too many authentications from this address", n.Expires.Sub(now))
	}
	return err
}

// mayTry refuses an attempt that is not even evaluated.
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

func tooMany(message string, wait time.Duration) error {
	return &fleet.Error{Code: fleet.TooManyRequests, Message: message + "; try again later", RetryAfter: wait}
}

// lockedOut tells the wait of a locked account; the wire answers it with 401.
func lockedOut(wait time.Duration) error {
	return &fleet.Error{Code: fleet.LockedOut, Message: "Too many failed attempts; try again later", RetryAfter: wait}
}
