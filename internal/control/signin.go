package control

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// RefreshTTL is how long a refresh token can be used.
const RefreshTTL = 30 * 24 * time.Hour

// Tokens are what a sign-in gives. Refresh is empty for an application token.
type Tokens struct{ Bearer, Refresh string }

// refused is the one answer to everything that is wrong with a sign-in, so that nobody can
// find out which user names exist.
func refused() error { return fleet.Errorf(fleet.BadCredentials, "The credentials are not valid") }

// SignIn exchanges a user name and the wire's password digest for tokens.
//
// Errors: BadCredentials for an unknown user, a wrong password, a user who is suspended or
// not yet active, all alike; TooManyRequests while locked out.
func (c *Control) SignIn(ctx context.Context, username, password string, from netip.Addr) (Tokens, error) {
	username = folded(username)
	digest, err := identity.ParseWireDigest(password)
	if err != nil {
		return Tokens{}, err
	}
	if err := c.mayTry(ctx, username, from); err != nil {
		return Tokens{}, err
	}
	user, ok, err := c.checkPassword(ctx, username, digest)
	if err != nil {
		return Tokens{}, err
	}
	if !ok {
		return Tokens{}, c.failed(ctx, username, from)
	}
	return c.openSession(ctx, user, from)
}

// maxUsername is more than the longest e-mail address has, in bytes.
const maxUsername = 320

// folded is the form in which user names are compared and counted. What no user name can
// be, and no database takes as a key, becomes the name of nobody.
func folded(username string) string {
	username = strings.ToLower(strings.TrimSpace(username))
	if len(username) > maxUsername || strings.ContainsRune(username, 0) {
		return "nobody"
	}
	return username
}

// checkPassword does the same work whether the user exists or not. The hash is computed
// outside any transaction: it takes tens of milliseconds.
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

// rehash brings a stored hash up to the present cost, unless the password has changed
// since. Failing to is no reason to refuse the sign-in.
func (c *Control) rehash(ctx context.Context, user store.UserRecord, digest string) {
	hash, err := c.hasher.Hash(ctx, digest)
	if err == nil {
		err = c.store.Update(ctx, func(tx *store.Tx) error { return tx.Rehash(ctx, user.ID, user.PasswordHash, hash) })
	}
	if err != nil {
		c.log.Warn("rehash password", "user", user.ID, "err", err)
	}
}

// openSession starts a new family of refresh tokens, in the user's default Workspace.
func (c *Control) openSession(ctx context.Context, user store.UserRecord, from netip.Addr) (t Tokens, err error) {
	err = c.store.Update(ctx, func(tx *store.Tx) error {
		if err := succeeded(ctx, tx, user.Username, from); err != nil {
			return err
		}
		ws, err := startWorkspace(ctx, tx, user)
		if err != nil {
			return err
		}
		t, err = c.issue(ctx, tx, user, ws, uuid.NewString())
		return err
	})
	return t, err
}

// startWorkspace is where a sign-in leads: the default Workspace while the user is a
// member there, else the first that there is.
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
		return first, refused()
	}
	return first, nil
}
