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
	forgetAfter    = 24 * time.Hour // failures in a row may lie that far apart
	guessesPerHour = 100
	evaluatedIn    = time.Minute // far more than it takes to evaluate a guess
	attemptWindow  = 5 * time.Minute
	attemptsPerIP  = 100
)

// CountAttempt counts one authentication of an address, whatever its outcome.
//
// Errors: TooManyRequests with RetryAfter beyond 100 in five minutes. The first of them is
// in the audit log.
func (c *Control) CountAttempt(ctx context.Context, o identity.Origin) error {
	if err := c.store.ClockWorks(); err != nil { // nothing that has a time in it can be issued
		return err
	}
	address := network(o.Address)
	if wait := c.turnedAway.wait(address, c.store.Now()); wait > 0 {
		return tooMany("Too many authentications from this address", wait)
	}
	var n store.Counter
	var now time.Time
	err := c.store.Update(ctx, func(tx *store.Tx) (err error) {
		now = tx.Now()
		n, err = attemptsFrom(o.Address).add(ctx, tx, attemptWindow)
		if err != nil || n.Count != attemptsPerIP+1 {
			return err
		}
		return tx.InsertAudit(ctx, withOrigin(o, fleet.AuditEntry{Action: fleet.AuditRateLimited, Refusal: fleet.TooManyRequests}))
	})
	if err == nil && n.Count > attemptsPerIP {
		wait := n.Expires.Sub(now)
		if wait <= attemptWindow { // else a clock that was wrong has set it
			c.turnedAway.add(address, n.Expires)
		}
		err = tooMany("Too many authentications from this address", wait)
	}
	return err
}

// guesser is an attempt at the secret of an account, and the counters that bound it.
type guesser struct {
	username string
	from     netip.Addr
	lock     counter // failures in a row
	budget   counter // guesses within an hour
}

// guessAt is an attempt by somebody who is not signed in.
func guessAt(username string, from netip.Addr) guesser {
	return guesser{username, from, failuresAt(username, from), guessesAt(username)}
}

// guessOn is an attempt on a trusted device, which has counters of its own: strangers who
// guess at the account do not lock the owner out.
func guessOn(username string, from netip.Addr, device int64) guesser {
	return guesser{username, from, deviceFailures(device), deviceGuesses(device)}
}

// guessBy is an attempt by a signed-in user. Guesses of strangers do not count.
func guessBy(who identity.Principal, from netip.Addr) guesser {
	return guesser{who.Username, from, failuresAt(who.Username, from), confirmations(who.User)}
}

// mayTry refuses an attempt that is not even evaluated. It counts the attempt as under way, so
// that a burst is counted too, until failed, halfDone or succeeded settles it. An attempt that
// is never settled, because the server crashed or the client hung up, stops counting after a
// minute. mayTry returns the attempt with the budget that it was counted in.
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

// countGuess counts a guess. It returns the attempt with the budget that it was counted in, and
// how long the guesser has to wait instead, 0 if not.
func countGuess(ctx context.Context, tx *store.Tx, g guesser) (counted guesser, wait time.Duration, err error) {
	locked, err := g.lock.read(ctx, tx)
	if err != nil {
		return g, 0, err
	}
	if wait = locked.Expires.Sub(tx.Now()); locked.Count >= lockAfter && wait <= 2*lockFor {
		return g, wait, nil
	}
	// No lock, or one set by a clock that was wrong: it may be years ahead.
	admitted, err := admittedFrom(g.username, g.from).read(ctx, tx)
	if err != nil {
		return g, 0, err
	}
	if g.budget == guessesAt(g.username) && admitted.Count > 0 {
		g.budget = admittedGuesses(g.username, g.from)
	}
	guessed, err := g.budget.read(ctx, tx)
	if err != nil {
		return g, 0, err
	}
	trying, err := g.budget.underWay().add(ctx, tx, evaluatedIn)
	if err != nil || guessed.Count+trying.Count <= guessesPerHour {
		return g, 0, err
	}
	wait = trying.Expires.Sub(tx.Now())
	if guessed.Count >= guessesPerHour {
		wait = guessed.Expires.Sub(tx.Now())
	}
	return g, max(wait, time.Second), g.budget.underWay().takeBack(ctx, tx)
}

// mayConfirm is mayTry for a caller who is signed in, and still is: whoever has an ended session
// learns nothing of the password. ready, if it is not nil, says first whether there is anything
// to confirm. The wire answers with 429, since another sign-in would not help.
func (c *Control) mayConfirm(ctx context.Context, who identity.Principal, g guesser, ready func(*store.Tx) error) (counted guesser, err error) {
	var wait time.Duration
	err = c.write(ctx, who, identity.WriteOwn, nil, func(tx *store.Tx, _ identity.Principal) (err error) {
		if ready != nil {
			if err := ready(tx); err != nil {
				return err
			}
		}
		counted, wait, err = countGuess(ctx, tx, g)
		return err
	})
	if err == nil && wait > 0 {
		err = tooMany("Too many failed attempts", wait)
	}
	return counted, err
}

// failed counts a wrong password or code; the third in a row locks. It returns the refusal.
func (c *Control) failed(ctx context.Context, g guesser, refusal error) error {
	err := c.store.Update(ctx, func(tx *store.Tx) error {
		if err := halfDone(ctx, tx, g); err != nil {
			return err
		}
		n, err := g.lock.add(ctx, tx, forgetAfter)
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

// halfDone makes an attempt that is under way a guess: it was wrong, or a right password whose
// code is still to come.
func halfDone(ctx context.Context, tx *store.Tx, g guesser) error {
	if err := g.budget.underWay().takeBack(ctx, tx); err != nil {
		return err
	}
	_, err := g.budget.add(ctx, tx, time.Hour)
	return err
}

// succeeded forgets the failures before a success. It settles the
// attempt that is under way, and takes back the guesses of the secrets before it, which were
// right as well.
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

func tooMany(message string, wait time.Duration) error {
	return &fleet.Error{Code: fleet.TooManyRequests, Message: message + "; try again later", RetryAfter: wait}
}

// lockedOut tells the wait of a locked account; the wire answers it with 401.
func lockedOut(wait time.Duration) error {
	return &fleet.Error{Code: fleet.LockedOut, Message: "Too many failed attempts; try again later", RetryAfter: wait}
}
