package control

import (
	"context"
	"crypto/rand"
	"math/big"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// How a terminal signs in without a password (RFC 8628): it gets a secret and a short code, and
// shows the code. A user types the code in the console and approves. Meanwhile the terminal sends
// the secret again and again until it gets the tokens of a session.
const (
	terminalWithin = 10 * time.Minute // from the start to the tokens
	// TerminalInterval is how long a terminal waits between two requests. At this rate, one address
	// can have two waiting terminals within the limit of CountAttempt.
	TerminalInterval = 6 * time.Second

	terminalCodesPerHour = 20 // wrong ones of a user
)

// userCodeLetters are the letters of user codes: no vowels, so that no code is a word, and none
// that looks like another.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

const userCodeLength = 8

// TerminalStart is what a terminal needs to sign in.
type TerminalStart struct {
	Secret   string        // the terminal keeps it
	UserCode string        // the person types it, as in WDJB-MJHT
	Page     string        // of the console, on which the code is typed: a URL or a path
	Lasts    time.Duration // until both expire
}

// TerminalSignIn is a sign-in of a terminal that waits.
type TerminalSignIn = store.TerminalSignIn

// StartTerminal starts the sign-in of a terminal.
//
// Permission: none. CountAttempt bounds how many an address can start. Errors: NotAllowed without a
// console.
func (c *Control) StartTerminal(ctx context.Context, from identity.Origin) (TerminalStart, error) {
	if c.terminalPage == "" {
		return TerminalStart{}, fleet.Errorf(fleet.NotAllowed, "This server has no console in which a terminal could be approved: sign in with a password")
	}
	secret, hash := identity.NewSecret()
	s := TerminalStart{Secret: secret, Page: c.terminalPage, Lasts: terminalWithin}
	err := c.update(ctx, from, func(tx *store.Tx) error {
		s.UserCode = newUserCode()
		err := tx.InsertTerminalSignIn(ctx, store.TerminalSignIn{
			Hash: hash, UserCode: s.UserCode, Agent: agent(from), Address: from.Address.String(), Expires: tx.Now().Add(terminalWithin),
		})
		if err != nil {
			return err
		}
		return tx.InsertAudit(ctx, WithOrigin(from, fleet.AuditEntry{Action: fleet.AuditTerminalStarted}))
	})
	return s, err
}

func newUserCode() string {
	code := make([]byte, 0, userCodeLength+1)
	for i := range userCodeLength {
		if i == userCodeLength/2 {
			code = append(code, '-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			panic(err) // there is always randomness, or the process has crashed
		}
		code = append(code, userCodeLetters[n.Int64()])
	}
	return string(code)
}

// userCode returns the form in which user codes are stored, whatever separators and case a person
// typed; "" if it cannot be one.
func userCode(typed string) string {
	letters := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	if len(letters) != userCodeLength || strings.Trim(letters, userCodeLetters) != "" {
		return ""
	}
	return letters[:userCodeLength/2] + "-" + letters[userCodeLength/2:]
}

var errNoTerminal = fleet.Errorf(fleet.NotFound, "No terminal waits with this code: check the letters, or start again in the terminal")

// Terminal returns the sign-in that waits with a user code.
//
// Permission: WriteOwn. Errors: NotFound; TooManyRequests after 20
// wrong codes in an hour.
func (c *Control) Terminal(ctx context.Context, caller identity.Principal, typed string) (s TerminalSignIn, err error) {
	found := false
	err = c.write(ctx, caller, identity.WriteOwn, lockingUser(caller), func(tx *store.Tx, caller identity.Principal) error {
		s, found, err = waitingTerminal(ctx, tx, caller, typed)
		return err
	})
	if err == nil && !found {
		err = errNoTerminal
	}
	return s, err
}

// waitingTerminal finds a sign-in that waits, and counts a wrong code, which must be committed.
func waitingTerminal(ctx context.Context, tx *store.Tx, caller identity.Principal, typed string) (s TerminalSignIn, found bool, err error) {
	wrong := terminalCodesOf(caller.User)
	n, err := wrong.Read(ctx, tx)
	if err != nil {
		return s, false, err
	}
	if n.Count >= terminalCodesPerHour {
		return s, false, TooMany("Too many wrong codes of terminals", n.Expires.Sub(tx.Now()))
	}
	if code := userCode(typed); code != "" {
		s, found, err = tx.TerminalSignInByCode(ctx, code)
	}
	if err == nil && !found {
		_, err = wrong.Add(ctx, tx, time.Hour)
	}
	return s, found, err
}

// DecideTerminal approves or refuses the sign-in that waits with a user code. An approved terminal
// gets a session of the caller, which is listed with the others. It ends before it begins if the
// caller signs out everywhere or changes the password meanwhile.
//
// Permission: WriteOwn. Errors: those of Terminal.
func (c *Control) DecideTerminal(ctx context.Context, caller identity.Principal, typed string, approve bool) error {
	found := false
	err := c.write(ctx, caller, identity.WriteOwn, lockingUser(caller), func(tx *store.Tx, caller identity.Principal) (err error) {
		found, err = decideTerminal(ctx, tx, caller, typed, approve)
		return err
	})
	if err == nil && !found {
		err = errNoTerminal
	}
	return err
}

func decideTerminal(ctx context.Context, tx *store.Tx, caller identity.Principal, typed string, approve bool) (found bool, err error) {
	s, found, err := waitingTerminal(ctx, tx, caller, typed)
	if err != nil || !found {
		return false, err
	}
	user, _, err := tx.UserByID(ctx, caller.User)
	if err != nil {
		return false, err
	}
	by, status := store.TerminalSignIn{Decision: store.TerminalRefused, User: user.ID, Epoch: user.Epoch}, "refused"
	if approve {
		by.Decision, status = store.TerminalApproved, "approved"
	}
	if found, err = tx.DecideTerminalSignIn(ctx, s.Hash, by); err != nil || !found {
		return found, err
	}
	return true, audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditTerminalDecided, Detail: fleet.AuditDetail{Status: status}})
}

// SignInTerminal returns the tokens of a terminal whose sign-in a person has approved, once.
// pending is true while it waits.
//
// Errors: BadCredentials if the secret is unknown or has expired, if the person has refused, or may
// not sign in any more.
func (c *Control) SignInTerminal(ctx context.Context, secret string, from identity.Origin) (t Tokens, pending bool, err error) {
	hash := identity.HashSecret(secret)
	err = c.store.View(ctx, func(tx *store.Tx) error {
		s, found, err := tx.TerminalSignIn(ctx, hash)
		if err == nil && (!found || s.Decision == store.TerminalRefused) {
			err = refused()
		}
		pending = s.Decision == store.TerminalWaits
		return err
	})
	if err != nil || pending {
		return t, pending, c.signInRefused(ctx, from, byTerminal, err, noSuspect)
	}
	err = c.update(ctx, from, func(tx *store.Tx) error {
		t, err = c.openTerminal(ctx, tx, hash, from)
		return err
	})
	return t, false, c.signInRefused(ctx, from, byTerminal, err, noSuspect)
}

// openTerminal exchanges an approved sign-in for a session.
func (c *Control) openTerminal(ctx context.Context, tx *store.Tx, hash []byte, from identity.Origin) (t Tokens, err error) {
	s, found, err := tx.TerminalSignIn(ctx, hash)
	if err != nil || !found || s.Decision != store.TerminalApproved {
		return t, errorOrRefused(err)
	}
	user, found, err := tx.UserByID(ctx, s.User)
	if err != nil || !found || user.Status != fleet.UserActive || user.Epoch != s.Epoch {
		return t, errorOrRefused(err)
	}
	if taken, err := tx.DeleteTerminalSignIn(ctx, hash); err != nil || !taken {
		return t, errorOrRefused(err)
	}
	factor, _, err := tx.SecondFactor(ctx, user.ID)
	if err != nil {
		return t, err
	}
	return c.openSession(ctx, tx, user, factor.Active, byTerminal, from)
}
