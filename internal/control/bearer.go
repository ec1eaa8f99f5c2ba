package control

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/netaddr"
	"github.com/simferry/simferry/internal/store"
)

// Authenticate returns the Principal of a verified bearer token. Signature and expiry are not
// enough: the user may have been suspended, the password changed or the application token
// revoked since, on any server. So each request reads the database. A bearer that was ended in
// this way, not by its age, is recorded in the audit log.
//
// Errors: InvalidToken; Unavailable.
func (c *Control) Authenticate(ctx context.Context, claims identity.Claims, from identity.Origin) (identity.Principal, error) {
	caller, err := c.principal(ctx, claims, from.Address)
	c.recordEnded(ctx, claims, from, err)
	caller.Origin = from
	return caller, err
}

// recordEnded records in the audit log that a bearer was ended, if err says so.
func (c *Control) recordEnded(ctx context.Context, claims identity.Claims, from identity.Origin, err error) {
	if fleet.CodeOf(err) == fleet.InvalidToken {
		was := identity.Principal{User: claims.User, Token: claims.AppToken, Workspace: claims.Workspace, Origin: from}
		c.Refused(ctx, was, fleet.AuditBearerRefused, "", fleet.InvalidToken)
	}
}

func (c *Control) principal(ctx context.Context, claims identity.Claims, from netip.Addr) (caller identity.Principal, err error) {
	err = c.store.Read(ctx, func(tx *store.Tx) error {
		if claims.AppToken != 0 {
			caller, err = tokenPrincipal(ctx, tx, claims.AppToken, claims.Key, from)
			caller.Key = claims.Key
			return err
		}
		session, found, err := tx.BearerSession(ctx, bearerOf(claims))
		if err == nil {
			caller, err = c.userPrincipal(claims, session, found)
		}
		return err
	})
	return caller, err
}

func bearerOf(claims identity.Claims) store.BearerOf {
	return store.BearerOf{User: claims.User, Workspace: claims.Workspace, Key: claims.Key, Family: claims.Session}
}

// BearerParty returns the Party of a bearer token from its signature alone. It is used for
// queues only, never for permissions. ok is false for an invalid token, and for one whose key
// this server does not know yet.
func (c *Control) BearerParty(raw string) (p Party, ok bool) {
	if raw == "" {
		return p, false
	}
	now := c.store.Now()
	claims, known := c.verified.get(raw, now)
	if !known {
		var err error
		if claims, err = c.issuer.Load().Verify(raw, now); err != nil {
			return p, false
		}
		c.verified.put(raw, claims)
	}
	p = Party{Caller: fmt.Sprintf("user %d", claims.User), Workspace: fmt.Sprintf("workspace %d", claims.Workspace)}
	if claims.AppToken != 0 {
		p.Caller = fmt.Sprintf("token %d", claims.AppToken)
	}
	return p, true
}

// Party is a client for fair queuing.
type Party struct {
	Caller    string // a user or an application token
	Workspace string
}

// VerifyToken checks the signature and the expiry of a bearer token. It reads the database only
// if the key is unknown: it may be a new one of another server.
//
// Errors: InvalidToken, TokenExpired; Unavailable, also if the clock is known to be wrong.
func (c *Control) VerifyToken(ctx context.Context, raw string) (identity.Claims, error) {
	if err := c.store.ClockWorks(); err != nil {
		return identity.Claims{}, err
	}
	now := c.store.Now()
	if claims, ok := c.verified.get(raw, now); ok {
		return claims, nil
	}
	claims, err := withKeys(ctx, c, func(i *identity.Issuer) (identity.Claims, error) { return i.Verify(raw, now) })
	if err == nil {
		c.verified.put(raw, claims)
	}
	return claims, err
}

// withKeys verifies a token. An unknown key may be a new one of another server, so the keys are
// read again, once.
func withKeys[T any](ctx context.Context, c *Control, verify func(*identity.Issuer) (T, error)) (T, error) {
	claims, err := verify(c.issuer.Load())
	if errors.Is(err, identity.ErrUnknownKey) {
		if err := c.reloadKeys(ctx); err != nil {
			return claims, err
		}
		claims, err = verify(c.issuer.Load())
	}
	return claims, err
}

// userPrincipal returns the Principal of a user's bearer, if the session has not ended.
func (c *Control) userPrincipal(claims identity.Claims, s store.Session, found bool) (identity.Principal, error) {
	if !found || s.User.Status != fleet.UserActive || s.User.Epoch != claims.Epoch {
		return identity.Principal{}, fleet.Errorf(fleet.InvalidToken, "The token is no longer valid: sign in again")
	}
	return identity.Principal{
		User: s.User.ID, Username: s.User.Username, Workspace: s.Workspace.ID, WorkspaceName: s.Workspace.Name,
		Role: s.Role, SuperAdmin: s.User.SuperAdmin, Session: claims.Session, Epoch: claims.Epoch, Key: claims.Key, Expires: claims.Expires,
		Enrolling: c.demand.missing(s),
	}, nil
}

func tokenPrincipal(ctx context.Context, tx *store.Tx, id fleet.TokenID, key string, from netip.Addr) (identity.Principal, error) {
	t, found, err := tx.ApplicationToken(ctx, id, key)
	if err != nil {
		return identity.Principal{}, err
	}
	return programPrincipal(t, found, tx.Now(), from)
}

// programPrincipal returns the Principal of an application token, if the token is usable.
func programPrincipal(t store.ApplicationToken, found bool, now time.Time, from netip.Addr) (identity.Principal, error) {
	if !found || !usable(t, now, from) {
		return identity.Principal{}, fleet.Errorf(fleet.InvalidToken, "The application token is no longer valid here")
	}
	return identity.Principal{
		Token: t.ID, Workspace: t.Workspace.ID, WorkspaceName: t.Workspace.Name, Role: fleet.Administrator,
	}, nil
}

// usable reports whether an application token may be used now and from the address.
func usable(t store.ApplicationToken, now time.Time, from netip.Addr) bool {
	if t.Revoked || (!t.Expires.IsZero() && !now.Before(t.Expires)) {
		return false
	}
	if t.CIDR == "" {
		return true
	}
	allowed, err := netaddr.ParseNetwork(t.CIDR) // earlier versions stored IPv4-mapped networks unchanged
	return err == nil && allowed.Contains(netaddr.Canonical(from))
}
