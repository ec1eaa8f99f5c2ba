package control

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// RefreshTTL is how long a refresh token can be used.
const RefreshTTL = 30 * 24 * time.Hour

// Tokens is the result of a sign-in.
type Tokens struct {
	Bearer  string
	Refresh string // "" for an application token
	Pending string // set alone if a code is needed: SignInCode takes it
	Enrol   bool   // the bearer can only be used to add a second factor
}

// Credentials is what a user sends to sign in.
type Credentials struct {
	Username    string
	Password    string // SHA-1 digest, as sent by the client
	Fingerprint string // of the device, "" for none
}

// refused returns the same error for every failed sign-in, so that it does not reveal which
// user names exist.
func refused() error { return fleet.Errorf(fleet.BadCredentials, "The credentials are not valid") }

// SignIn exchanges a user name and the client's password digest for tokens. If the user has a
// second factor and the device is not trusted, it returns Pending for SignInCode.
//
// Errors: BadCredentials for an unknown user, a wrong password, or a user who is suspended or
// not yet active, all with the same message; LockedOut.
func (c *Control) SignIn(ctx context.Context, sent Credentials, from identity.Origin) (Tokens, error) {
	t, err := c.signIn(ctx, sent, from)
	return t, c.signInRefused(ctx, from, byPassword, err, named(folded(sent.Username)))
}

func (c *Control) signIn(ctx context.Context, sent Credentials, from identity.Origin) (Tokens, error) {
	digest, err := identity.ParseWireDigest(sent.Password)
	if err != nil {
		return Tokens{}, err
	}
	g := guessAt(folded(sent.Username), from.Address)
	device, err := c.trustedDevice(ctx, g.username, sent.Fingerprint)
	if err != nil {
		return Tokens{}, err
	}
	if device != 0 {
		g = guessOn(g.username, from.Address, device)
	}
	if g, err = c.mayTry(ctx, g); err != nil {
		return Tokens{}, err
	}
	user, ok, err := c.checkPassword(ctx, g.username, digest)
	if err != nil {
		return Tokens{}, err
	}
	if !ok {
		return Tokens{}, c.failed(ctx, g, refused())
	}
	t, err := c.passwordWasRight(ctx, user, g, device != 0, from)
	if errors.Is(err, errNoWorkspace) {
		err = c.failed(ctx, g, err)
	}
	return t, err
}

// errNoWorkspace refuses valid credentials of a user without a Workspace. The attempt counts as
// failed, like that of a suspended user: otherwise the counters would show that the password is
// right.
var errNoWorkspace = refused()

// maxUsername is longer than any e-mail address, in bytes.
const maxUsername = 320

// folded returns the form in which user names are compared and counted. An impossible user
// name, which a database may not accept as a key, becomes one that no user has.
func folded(username string) string {
	username = strings.ToLower(strings.TrimSpace(username))
	if len(username) > maxUsername || strings.ContainsRune(username, 0) {
		return "nobody"
	}
	return username
}

// checkPassword does the same work whether or not the user exists. It hashes outside any
// transaction, because that takes tens of milliseconds.
func (c *Control) checkPassword(ctx context.Context, username, digest string) (user store.UserRecord, ok bool, err error) {
	var found bool
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		user, found, err = tx.UserByName(ctx, username)
		return err
	})
	if err != nil {
		return user, false, err
	}
	if !found || user.PasswordHash == "" {
		return user, false, c.hasher.VerifyNothing(ctx, digest)
	}
	ok, rehash, err := c.hasher.Verify(ctx, user.PasswordHash, digest)
	if err != nil || !ok {
		return user, false, err
	}
	if rehash {
		c.rehash(ctx, user, digest)
	}
	return user, user.Status == fleet.UserActive, nil
}

// rehash replaces a stored hash by one of the present cost, unless the password has changed
// since. Its failure does not fail the sign-in.
func (c *Control) rehash(ctx context.Context, user store.UserRecord, digest string) {
	hash, err := c.hasher.Hash(ctx, digest)
	if err == nil {
		err = c.store.Update(ctx, func(tx *store.Tx) error { return tx.Rehash(ctx, user.ID, user.PasswordHash, hash) })
	}
	if err != nil {
		c.log.Warn("rehash password", "user", user.ID, "err", err)
	}
}

// passwordWasRight opens the session, or waits for the code. Until the code comes, the password
// counts as a guess, so that knowing the password gives no extra tries at codes.
func (c *Control) passwordWasRight(ctx context.Context, user store.UserRecord, g guesser, trusted bool, from identity.Origin) (t Tokens, err error) {
	err = c.update(ctx, from, func(tx *store.Tx) error {
		factor, _, err := tx.SecondFactor(ctx, user.ID)
		if err != nil {
			return err
		}
		if factor.Active && !trusted {
			if t, err = awaitCode(ctx, tx, user); err != nil {
				return err
			}
			if err := halfDone(ctx, tx, g); err != nil {
				return err
			}
			return signedIn(ctx, tx, from, fleet.AuditCodeAwaited, byPassword, user.ID, user.DefaultWorkspace)
		}
		if err := succeeded(ctx, tx, g, 1); err != nil {
			return err
		}
		t, err = c.openSession(ctx, tx, user, factor.Active, byPassword, from)
		return err
	})
	return t, err
}

// openSession starts a new family of refresh tokens, in the user's default Workspace.
func (c *Control) openSession(ctx context.Context, tx *store.Tx, user store.UserRecord, factor bool, mode string, from identity.Origin) (Tokens, error) {
	ws, err := startWorkspace(ctx, tx, user)
	if err != nil {
		return Tokens{}, err
	}
	if err := tx.Enter(ctx, user.ID, ws.ID); err != nil {
		return Tokens{}, err
	}
	if err := signedIn(ctx, tx, from, fleet.AuditSignedIn, mode, user.ID, ws.ID); err != nil {
		return Tokens{}, err
	}
	t, err := c.newSession(ctx, tx, user, ws, from)
	if err != nil || factor || c.demand == "" {
		return t, err
	}
	s, _, err := tx.UserSession(ctx, user.ID, ws.ID)
	t.Enrol = c.demand.missing(s)
	return t, err
}

// startWorkspace returns the Workspace of a new session: the default Workspace if the user is
// still a member there, else the first one.
func startWorkspace(ctx context.Context, tx *store.Tx, user store.UserRecord) (fleet.Workspace, error) {
	memberships, err := tx.Memberships(ctx, user.ID)
	if err != nil {
		return fleet.Workspace{}, err
	}
	var first fleet.Workspace
	for _, m := range memberships {
		if m.Status != fleet.UserActive {
			continue
		}
		if m.Workspace.ID == user.DefaultWorkspace {
			return m.Workspace, nil
		}
		if first.ID == 0 {
			first = m.Workspace
		}
	}
	if first.ID == 0 && user.SuperAdmin && user.DefaultWorkspace != 0 {
		found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{user.DefaultWorkspace})
		return found[user.DefaultWorkspace], err
	}
	if first.ID == 0 {
		return first, errNoWorkspace
	}
	return first, nil
}
