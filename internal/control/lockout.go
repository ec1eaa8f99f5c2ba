package control

import (
	"context"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

const (
	lockAfter      = 3
	lockFor        = 5 * time.Minute
	forgetAfter    = 24 * time.Hour // longest time between two failures in a row
	guessesPerHour = 100
	evaluatedIn    = time.Minute // much longer than the check of a password
	attemptWindow  = 5 * time.Minute
	attemptsPerIP  = 100
)

// CountAttempt counts one authentication from an address, whatever its outcome.
//
// Errors: TooManyRequests with RetryAfter beyond 100 in five minutes. The audit log has the
// first of them.
func (c *Control) CountAttempt(ctx context.Context, o identity.Origin) error {
	if err := c.store.ClockWorks(); err != nil { // no token can be issued with a wrong clock
		return err
	}
	address := network(o.Address)
	if wait := c.refusedAddresses.wait(address, c.store.Now()); wait > 0 {
		return TooMany("Too many authentications from this address", wait)
	}
	var n store.Counter
	var now time.Time
	err := c.store.Update(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		n, err = attemptsFrom(o.Address).Add(ctx, tx, attemptWindow)
		if err != nil || n.Count != attemptsPerIP+1 {
			return err
		}
		return tx.InsertAudit(ctx, WithOrigin(o, fleet.AuditEntry{Action: fleet.AuditRateLimited, Refusal: fleet.TooManyRequests}))
	})
	if err == nil && n.Count > attemptsPerIP {
		wait := n.Expires.Sub(now)
		if wait <= attemptWindow { // else it was set while the clock was wrong
			c.refusedAddresses.add(address, n.Expires)
		}
		err = TooMany("Too many authentications from this address", wait)
	}
	return err
}

// guesser describes an attempt to guess an account's password or code, and the counters that
// limit it.
type guesser struct {
	username string
	from     netip.Addr
	lock     Counter // failures in a row
	budget   Counter // guesses within an hour
}

// guessAt returns the guesser for a client that is not signed in.
func guessAt(username string, from netip.Addr) guesser {
	return guesser{username, from, failuresAt(username, from), guessesAt(username)}
}

// guessOn returns the guesser for a trusted device, which has its own counters: other clients
// that guess at the account do not lock its owner out.
func guessOn(username string, from netip.Addr, device int64) guesser {
	return guesser{username, from, deviceFailures(device), deviceGuesses(device)}
}

// guessBy returns the guesser for a signed-in user. Guesses of other clients do not count.
func guessBy(caller identity.Principal, from netip.Addr) guesser {
	return guesser{caller.Username, from, failuresAt(caller.Username, from), confirmations(caller.User)}
}

// mayTry refuses an attempt before its password or code is checked, if the limit is reached.
// Otherwise it counts the attempt as running, so that a burst is counted too, until failed,
// halfDone or succeeded ends it. An attempt that never ends, because the server crashed or the
// client disconnected, stops counting after a minute. mayTry returns the guesser with the
// budget that counts the attempt.
func (c *Control) mayTry(ctx context.Context, g guesser) (counted guesser, err error) {
	var wait time.Duration
	err = c.store.Update(ctx, func(tx *store.Tx) (err error) {
		counted, wait, err = countGuess(ctx, tx, g)
		return err
	})
	if err == nil && wait > 0 {
		err = lockedOut(wait)
	}
	return counted, err
}

// countGuess counts a guess. It returns the guesser with the budget that counts it, or how long
// the client must wait instead.
func countGuess(ctx context.Context, tx *store.Tx, g guesser) (counted guesser, wait time.Duration, err error) {
	locked, err := g.lock.Read(ctx, tx)
	if err != nil {
		return g, 0, err
	}
	if wait = locked.Expires.Sub(tx.Now()); locked.Count >= lockAfter && wait <= 2*lockFor {
		return g, wait, nil
	}
	// Not locked, or locked while the clock was wrong: the lock may end years from now.
	admitted, err := admittedFrom(g.username, g.from).Read(ctx, tx)
	if err != nil {
		return g, 0, err
	}
	if g.budget == guessesAt(g.username) && admitted.Count > 0 {
		g.budget = admittedGuesses(g.username, g.from)
	}
	guessed, err := g.budget.Read(ctx, tx)
	if err != nil {
		return g, 0, err
	}
	trying, err := g.budget.underWay().Add(ctx, tx, evaluatedIn)
	if err != nil || guessed.Count+trying.Count <= guessesPerHour {
		return g, 0, err
	}
	wait = trying.Expires.Sub(tx.Now())
	if guessed.Count >= guessesPerHour {
		wait = guessed.Expires.Sub(tx.Now())
	}
	return g, max(wait, time.Second), g.budget.underWay().takeBack(ctx, tx)
}

// mayConfirm calls mayTry and requires that the caller is still signed in: a caller whose session
// has ended learns nothing about the password. ready, if not nil, first checks whether there is
// anything to confirm. The API responds with 429, because another sign-in would not help.
func (c *Control) mayConfirm(ctx context.Context, caller identity.Principal, g guesser, ready func(*store.Tx) error) (counted guesser, err error) {
	var wait time.Duration
	err = c.write(ctx, caller, identity.WriteOwn, nil, func(tx *store.Tx, _ identity.Principal) (err error) {
		if ready != nil {
			if err := ready(tx); err != nil {
				return err
			}
		}
		counted, wait, err = countGuess(ctx, tx, g)
		return err
	})
	if err == nil && wait > 0 {
		err = TooMany("Too many failed attempts", wait)
	}
	return counted, err
}

// failed counts a wrong password or code; the third in a row locks the account for the address.
// It returns the refusal.
func (c *Control) failed(ctx context.Context, g guesser, refusal error) error {
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		if err := halfDone(ctx, tx, g); err != nil {
			return err
		}
		n, err := g.lock.Add(ctx, tx, forgetAfter)
		if err != nil || n.Count < lockAfter {
			return err
		}
		return g.lock.expire(ctx, tx, lockFor)
	})
	if err != nil {
		return err
	}
	return refusal
}

// halfDone turns a running attempt into a guess: it was wrong, or the password was right and
// the code is still missing.
func halfDone(ctx context.Context, tx *store.Tx, g guesser) error {
	if err := g.budget.underWay().takeBack(ctx, tx); err != nil {
		return err
	}
	_, err := g.budget.Add(ctx, tx, time.Hour)
	return err
}

// succeeded resets the failures in a row. It ends the running attempt, and subtracts the
// guesses for the secrets before it, which were right as well.
func succeeded(ctx context.Context, tx *store.Tx, g guesser, secrets int) error {
	if err := g.budget.underWay().takeBack(ctx, tx); err != nil {
		return err
	}
	for range secrets - 1 {
		if err := g.budget.takeBack(ctx, tx); err != nil {
			return err
		}
	}
	return g.lock.clear(ctx, tx)
}

// TooMany returns a TooManyRequests error.
func TooMany(message string, wait time.Duration) error {
	return &fleet.Error{Code: fleet.TooManyRequests, Message: message + "; try again later", RetryAfter: wait}
}

// lockedOut returns the error of a locked account, with the wait. The API responds with 401.
func lockedOut(wait time.Duration) error {
	return &fleet.Error{Code: fleet.LockedOut, Message: "Too many failed attempts; try again later", RetryAfter: wait}
}
