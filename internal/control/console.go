package control

import (
	"context"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// ConsoleTTL is how long a session of the console lasts. Nothing extends it.
const ConsoleTTL = 12 * time.Hour

// consolePrefix is hashed in front of a console secret, so that the secret is not a refresh
// token. Refresh refuses texts that begin with it.
const consolePrefix = "console:"

func consoleHash(secret string) []byte { return identity.HashSecret(consolePrefix + secret) }

// OpenConsole returns the secret of a console session: the value of the cookie of a browser that
// has just signed in or switched its Workspace. The session is a row beside the refresh tokens of
// the sign-in: all that ends a session of the API ends it, too.
//
// Errors: InvalidToken if the session has ended meanwhile.
func (c *Control) OpenConsole(ctx context.Context, t Tokens, from identity.Origin) (secret string, err error) {
	claims, err := c.VerifyToken(ctx, t.Bearer)
	if err != nil {
		return "", err
	}
	return c.openConsole(ctx, claims, ConsoleTTL, from)
}

func (c *Control) openConsole(ctx context.Context, claims identity.Claims, lasts time.Duration, from identity.Origin) (string, error) {
	secret, _ := identity.NewSecret()
	err := c.update(ctx, from, func(tx *store.Tx) error {
		s, found, err := tx.BearerSession(ctx, bearerOf(claims))
		if err != nil {
			return err
		}
		if _, err := c.userPrincipal(claims, s, found); err != nil {
			return err
		}
		return tx.SaveRefreshToken(ctx, store.RefreshToken{
			Hash: consoleHash(secret), Family: claims.Session, User: claims.User, Workspace: claims.Workspace, Epoch: claims.Epoch,
			Expires: tx.Now().Add(lasts),
		})
	})
	return secret, err
}

// ConsoleFrame is what every page of the console shows around it.
type ConsoleFrame struct {
	Joined    []fleet.Membership // the Workspaces of the user
	Offers    int                // that wait for an answer of the Workspace; 0 if the user cannot answer
	Approvals int                // jobs that wait for the user's approval
}

// Console returns the Principal of a console session, and what every page shows. It reads the
// database at each request, like Authenticate: the session may have ended on any server.
//
// Errors: InvalidToken; Unavailable.
func (c *Control) Console(ctx context.Context, secret string, from identity.Origin) (caller identity.Principal, frame ConsoleFrame, err error) {
	if err := c.store.ClockWorks(); err != nil {
		return caller, frame, err
	}
	var claims identity.Claims
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		s, found, err := tx.ConsoleSession(ctx, consoleHash(secret))
		if err != nil {
			return err
		}
		if !found || s.Row.Revoked || !tx.Now().Before(s.Row.Expires) {
			return fleet.Errorf(fleet.InvalidToken, "The session has ended: sign in again")
		}
		claims = identity.Claims{User: s.Row.User, Workspace: s.Row.Workspace, Epoch: s.Row.Epoch, Session: s.Row.Family, Expires: s.Row.Expires}
		frame = ConsoleFrame{s.Joined, s.Offers, s.Approvals}
		caller, err = c.userPrincipal(claims, s.Session, s.Valid)
		return err
	})
	if claims.User != 0 {
		c.recordEnded(ctx, claims, from, err)
	}
	caller.Origin = from
	if !caller.May(identity.ManageOffers) {
		frame.Offers = 0
	}
	return caller, frame, err
}

// SwitchConsole switches a console session to another Workspace. It returns the secret of a session
// in the target, which ends when the present one would have ended. The present secret stays valid,
// so that another tab does not lose its work.
//
// Permission: SwitchWorkspace. Errors: those of SwitchWorkspace.
func (c *Control) SwitchConsole(ctx context.Context, caller identity.Principal, target fleet.WorkspaceID) (string, error) {
	if _, err := c.SwitchWorkspace(ctx, caller, target); err != nil {
		return "", err
	}
	claims := ClaimsOf(caller)
	claims.Workspace = target
	return c.openConsole(ctx, claims, caller.Expires.Sub(c.store.Now()), caller.Origin)
}

// ClaimsOf returns the claims of the bearer, or of the console session, of a user.
func ClaimsOf(caller identity.Principal) identity.Claims { return claimsOf(caller) }

// consoleText reports whether a text could have the hash of a console secret.
func consoleText(secret string) bool { return strings.HasPrefix(secret, consolePrefix) }

// Now returns the time of the rules, which tests can set.
func (c *Control) Now() time.Time { return c.store.Now() }
