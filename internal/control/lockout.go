package control

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/netaddr"
	"github.com/simferry/simferry/internal/store"
)

// The kinds of sign-in counters. They are rows, because the next attempt may reach another
// server.
const (
	failures = "failures" // in a row, per account and address
	guesses  = "guesses"  // evaluated at all, per account (or its trusted device) and hour
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

// network is what counts as one address.
func network(from netip.Addr) string { return netaddr.Network(from) }

// CountAttempt counts one authentication of an address, whatever its outcome.
//
// Errors: TooManyRequests with RetryAfter beyond 100 in five minutes. The first of them is
// in the audit log.
func (c *Control) CountAttempt(ctx context.Context, o identity.Origin) error {
	var n store.Counter
	var now time.Time
	err := c.store.Update(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		n, err = tx.Count(ctx, attempts, network(o.Address), attemptWindow)
		if err != nil || n.Count != attemptsPerIP+1 {
			return err
		}
		return tx.InsertAudit(ctx, withOrigin(o, fleet.AuditEntry{Action: fleet.AuditRateLimited, Refusal: fleet.TooManyRequests}))
	})
	if err == nil && n.Count > attemptsPerIP {
		err = tooMany("Too many authentications from this address", n.Expires.Sub(now))
	}
	return err
}

// guesser is whose secret is tried, and from where.
type guesser struct {
	username string
	from     netip.Addr
	budget   string // whose guesses of an hour count together: the account, or a trusted device of it
}

func guessAt(username string, from netip.Addr) guesser { return guesser{username, from, username} }

// mayTry refuses an attempt that is not even evaluated. It counts the guess beforehand, so
// that a burst is counted too; succeeded takes it back where it was none.
func (c *Control) mayTry(ctx context.Context, g guesser) error {
	var wait time.Duration
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		locked, err := tx.Counter(ctx, failures, lockKey(g.username, g.from))
		if err != nil {
			return err
		}
		if wait = locked.Expires.Sub(tx.Now()); locked.Count >= lockAfter && wait <= 2*lockFor {
			return nil
		}
		wait = 0 // no lock, or one that a clock has set which was wrong: it may be years ahead
		n, err := tx.Count(ctx, guesses, g.budget, time.Hour)
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

// mayConfirm is mayTry for somebody who is signed in: the wire answers it with 429, since
// another sign-in would not help.
func (c *Control) mayConfirm(ctx context.Context, g guesser) error {
	err := c.mayTry(ctx, g)
	var locked *fleet.Error
	if errors.As(err, &locked) && locked.Code == fleet.LockedOut {
		return tooMany("Too many failed attempts", locked.RetryAfter)
	}
	return err
}

// failed counts a wrong password or code; the third in a row locks. It answers what is to
// be told.
func (c *Control) failed(ctx context.Context, g guesser, told error) error {
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Count(ctx, failures, lockKey(g.username, g.from), forgetAfter)
		if err != nil || n.Count < lockAfter {
			return err
		}
		return tx.ExpireCounter(ctx, failures, lockKey(g.username, g.from), lockFor)
	})
	if err != nil {
		return err
	}
	return told
}

// succeeded forgets the failures before a success, which was no guess either: it takes back
// one count for each secret that was right.
func succeeded(ctx context.Context, tx *store.Tx, g guesser, secrets int) error {
	for range secrets {
		if err := tx.Uncount(ctx, guesses, g.budget); err != nil {
			return err
		}
	}
	return tx.ClearCounter(ctx, failures, lockKey(g.username, g.from))
}

func tooMany(message string, wait time.Duration) error {
	return &fleet.Error{Code: fleet.TooManyRequests, Message: message + "; try again later", RetryAfter: wait}
}

// lockedOut tells the wait of a locked account; the wire answers it with 401.
func lockedOut(wait time.Duration) error {
	return &fleet.Error{Code: fleet.LockedOut, Message: "Too many failed attempts; try again later", RetryAfter: wait}
}
