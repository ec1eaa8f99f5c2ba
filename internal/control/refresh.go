package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// issue makes a bearer token and the next refresh token of a family, which is one session.
func (c *Control) issue(ctx context.Context, tx *store.Tx, user store.UserRecord, ws fleet.Workspace, family string) (Tokens, error) {
	bearer, err := c.bearer(ctx, tx, user, ws, family)
	if err != nil {
		return Tokens{}, err
	}
	secret, hash := identity.NewSecret()
	err = tx.InsertRefreshToken(ctx, store.RefreshToken{
		Hash: hash, Family: family, User: user.ID, Workspace: ws.ID, Epoch: user.Epoch, Expires: tx.Now().Add(RefreshTTL),
	})
	return Tokens{Bearer: bearer, Refresh: secret}, err
}

func (c *Control) bearer(ctx context.Context, tx *store.Tx, user store.UserRecord, ws fleet.Workspace, family string) (string, error) {
	issuer, err := c.current(ctx, tx)
	if err != nil {
		return "", err
	}
	return issuer.Sign(identity.Claims{
		User: user.ID, Workspace: ws.ID, WorkspaceName: ws.Name, Epoch: user.Epoch, Session: family,
	}, tx.Now())
}

// Refresh exchanges a refresh token for new tokens. Each is good for one use: a second use
// means that somebody else has a copy, and ends the whole session, its bearers too. It
// leaves event 6 in the session's Workspace.
//
// Errors: BadCredentials.
func (c *Control) Refresh(ctx context.Context, secret string, from identity.Origin) (Tokens, error) {
	t, reused, err := c.refresh(ctx, secret, from)
	if err == nil && reused {
		c.log.Warn("a spent refresh token was used again: its family is revoked")
		return Tokens{}, refused()
	}
	return t, c.signInRefused(ctx, from, byRefresh, err, refreshing(secret))
}

func (c *Control) refresh(ctx context.Context, secret string, from identity.Origin) (t Tokens, reused bool, err error) {
	err = c.store.Update(ctx, func(tx *store.Tx) error {
		old, found, err := tx.RefreshToken(ctx, identity.HashSecret(secret))
		if err != nil || !found {
			return orRefused(err)
		}
		if reused = old.Spent && !old.Revoked; reused {
			return c.endStolen(ctx, tx, old, from)
		}
		if t, err = c.renew(ctx, tx, old); err != nil {
			return err
		}
		return signedIn(ctx, tx, from, fleet.AuditRefreshed, byRefresh, old.User, old.Workspace)
	})
	return t, reused, err
}

func (c *Control) endStolen(ctx context.Context, tx *store.Tx, old store.RefreshToken, o identity.Origin) error {
	if err := c.endSession(ctx, tx, old.Family); err != nil {
		return err
	}
	user, _, err := tx.UserByID(ctx, old.User)
	if err != nil {
		return err
	}
	theft := fleet.AuditEntry{
		Action: fleet.AuditReused, Refusal: fleet.BadCredentials, Subject: fleet.Subject("user", old.User),
		Workspaces: []fleet.WorkspaceID{old.Workspace}, Detail: fleet.AuditDetail{Mode: byRefresh},
	}
	if err := tx.InsertAudit(ctx, withOrigin(o, theft)); err != nil {
		return err
	}
	return tx.InsertEvent(ctx, fleet.Event{
		Type: fleet.EventUserRefused, Severity: fleet.Critical, Workspace: old.Workspace, User: old.User,
		Description: "A used refresh token of user " + user.Username + " was used again: the session has ended",
	})
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
	t, err := c.issue(ctx, tx, s.User, s.Workspace, old.Family)
	t.Enrol = c.demand.missing(s)
	return t, err
}

func orRefused(err error) error {
	if err != nil {
		return err
	}
	return refused()
}
