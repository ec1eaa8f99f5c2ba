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

// rehash brings a stored hash up to the present cost. Failing to is no reason to refuse
// the sign-in.
func (c *Control) rehash(ctx context.Context, user store.UserRecord, digest string) {
	hash, err := c.hasher.Hash(ctx, digest)
	if err == nil {
		err = c.store.Update(ctx, func(tx *store.Tx) error { return tx.SetPassword(ctx, user.ID, hash, false) })
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

// issue makes a bearer token and the next refresh token of a family.
func (c *Control) issue(ctx context.Context, tx *store.Tx, user store.UserRecord, ws fleet.Workspace, family string) (Tokens, error) {
	bearer, err := c.bearer(tx, user, ws)
	if err != nil {
		return Tokens{}, err
	}
	secret, hash := identity.NewSecret()
	err = tx.InsertRefreshToken(ctx, store.RefreshToken{
		Hash: hash, Family: family, User: user.ID, Workspace: ws.ID, Epoch: user.Epoch, Expires: tx.Now().Add(RefreshTTL),
	})
	return Tokens{bearer, secret}, err
}

func (c *Control) bearer(tx *store.Tx, user store.UserRecord, ws fleet.Workspace) (string, error) {
	return c.issuer.Load().Sign(identity.Claims{
		User: user.ID, Workspace: ws.ID, WorkspaceName: ws.Name, Epoch: user.Epoch,
	}, tx.Now())
}

// Refresh exchanges a refresh token for new tokens. Each is good for one use: a second use
// means that somebody else has a copy, and ends the whole family.
//
// Errors: BadCredentials.
func (c *Control) Refresh(ctx context.Context, secret string) (t Tokens, err error) {
	reused := false
	err = c.store.Update(ctx, func(tx *store.Tx) error {
		old, found, err := tx.RefreshToken(ctx, identity.HashSecret(secret))
		if err != nil || !found {
			return orRefused(err)
		}
		if reused = old.Spent && !old.Revoked; reused {
			return tx.RevokeRefreshFamily(ctx, old.Family)
		}
		t, err = c.renew(ctx, tx, old)
		return err
	})
	if err == nil && reused {
		c.log.Warn("a spent refresh token was used again: its family is revoked")
		return Tokens{}, refused()
	}
	return t, err
}

func (c *Control) renew(ctx context.Context, tx *store.Tx, old store.RefreshToken) (Tokens, error) {
	s, found, err := tx.UserSession(ctx, old.User, old.Workspace)
	if err != nil {
		return Tokens{}, err
	}
	valid := found && !old.Revoked && tx.Now().Before(old.Expires) &&
		s.User.Status == fleet.UserActive && s.User.Epoch == old.Epoch && s.Role != fleet.NoRole
	if !valid {
		return Tokens{}, refused()
	}
	if err := tx.SpendRefreshToken(ctx, old.Hash); err != nil {
		return Tokens{}, err
	}
	return c.issue(ctx, tx, s.User, s.Workspace, old.Family)
}

func orRefused(err error) error {
	if err != nil {
		return err
	}
	return refused()
}

// SignInApplication exchanges an application token for a bearer token of its Workspace.
//
// Errors: BadCredentials for a token that is garbled, expired, revoked, or used from an
// address that it is not for.
func (c *Control) SignInApplication(ctx context.Context, raw string, from netip.Addr) (t Tokens, err error) {
	claims, err := withKeys(ctx, c, func(i *identity.Issuer) (identity.ApplicationClaims, error) {
		return i.VerifyApplicationToken(raw, c.store.Now())
	})
	switch fleet.CodeOf(err) {
	case fleet.InvalidToken, fleet.TokenExpired:
		return Tokens{}, refused()
	}
	if err != nil {
		return Tokens{}, err
	}
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		who, err := tokenPrincipal(ctx, tx, claims.Token, from)
		if fleet.CodeOf(err) == fleet.InvalidToken {
			return refused()
		}
		if err != nil {
			return err
		}
		t.Bearer, err = c.issuer.Load().Sign(identity.Claims{
			AppToken: who.Token, Workspace: who.Workspace, WorkspaceName: who.WorkspaceName,
		}, tx.Now())
		return err
	})
	return t, err
}

// SwitchWorkspace gives a bearer token for another Workspace that the user is a member of;
// the old one stays valid. It leaves event 67 in the target.
//
// Permission: SwitchWorkspace. Errors: InvalidToken where the user is no member there, the
// Workspace is unknown, or an application token asks.
func (c *Control) SwitchWorkspace(ctx context.Context, who identity.Principal, target fleet.WorkspaceID) (t Tokens, err error) {
	if who.Require(identity.SwitchWorkspace) != nil {
		return t, noSwitch()
	}
	err = c.store.Update(ctx, func(tx *store.Tx) error {
		s, found, err := tx.UserSession(ctx, who.User, target)
		if err != nil {
			return err
		}
		if !found || s.Role == fleet.NoRole {
			return noSwitch()
		}
		if t.Bearer, err = c.bearer(tx, s.User, s.Workspace); err != nil {
			return err
		}
		return tx.InsertEvent(ctx, fleet.Event{
			Type: fleet.EventSwitched, Workspace: target, User: who.User,
			Description: "User " + s.User.Username + " switched to workspace " + s.Workspace.Name,
		})
	})
	return t, err
}

func noSwitch() error {
	return fleet.Errorf(fleet.InvalidToken, "There is no such Workspace to switch to")
}
