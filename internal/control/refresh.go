package control

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// newSession issues the bearer token and the first refresh token of a new session. All later
// refresh tokens of the session are of the same family.
func (c *Control) newSession(ctx context.Context, tx *store.Tx, user store.UserRecord, ws fleet.Workspace, from identity.Origin) (Tokens, error) {
	family := uuid.NewString()
	bearer, err := c.bearer(ctx, tx, user, ws, family, time.Time{})
	if err != nil {
		return Tokens{}, err
	}
	secret, hash := identity.NewSecret()
	err = tx.SaveRefreshToken(ctx, store.RefreshToken{
		Hash: hash, Family: family, User: user.ID, Workspace: ws.ID, Epoch: user.Epoch, Expires: tx.Now().Add(RefreshTTL), Agent: agent(from),
	})
	return Tokens{Bearer: bearer, Refresh: secret}, err
}

// bearer signs a bearer. Unless notAfter is zero, the bearer ends then at the latest.
func (c *Control) bearer(ctx context.Context, tx *store.Tx, user store.UserRecord, ws fleet.Workspace, family string, latest time.Time) (string, error) {
	issuer, err := c.currentIssuer(ctx, tx)
	if err != nil {
		return "", err
	}
	return issuer.Sign(identity.Claims{
		User: user.ID, Workspace: ws.ID, WorkspaceName: ws.Name, Epoch: user.Epoch, Session: family, Expires: latest,
	}, tx.Now())
}

// Refresh exchanges a refresh token for a new bearer and the next refresh token. A refresh
// token is spent once its successor has been used. Until then it can be used again and
// yields the same successor, so a lost answer, two processes that refresh at the same time
// and a client that keeps its first refresh token do not end the session. The use of a spent
// token means that there is a copy of it: the whole session ends, its bearers too, with
// event 6 in the session's Workspace.
//
// Errors: BadCredentials.
func (c *Control) Refresh(ctx context.Context, secret string, from identity.Origin) (Tokens, error) {
	t, reused, err := c.refresh(ctx, secret, from)
	if err == nil && reused {
		c.log.Warn("a used refresh token was used again: the session has ended")
		return Tokens{}, refused()
	}
	return t, c.signInRefused(ctx, from, byRefresh, err, refreshing(secret))
}

func (c *Control) refresh(ctx context.Context, secret string, from identity.Origin) (t Tokens, reused bool, err error) {
	if consoleText(secret) {
		return t, false, refused()
	}
	err = c.update(ctx, from, func(tx *store.Tx) error {
		old, found, err := tx.RefreshToken(ctx, identity.HashSecret(secret))
		if err != nil || !found {
			return errorOrRefused(err)
		}
		if reused = old.Spent && !old.Revoked; reused {
			return c.endStolen(ctx, tx, old, from)
		}
		if t, err = c.renew(ctx, tx, old, secret); err != nil {
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
	if err := tx.InsertAudit(ctx, WithOrigin(o, theft)); err != nil {
		return err
	}
	return tx.InsertEvent(ctx, fleet.Event{
		Type: fleet.EventUserRefused, Severity: fleet.Critical, Workspace: old.Workspace, User: old.User,
		Description: "A used refresh token of user " + user.Username + " was used again: the session has ended",
	})
}

// renew issues the tokens for the use of a refresh token that is not spent, and marks the
// token before it as spent.
func (c *Control) renew(ctx context.Context, tx *store.Tx, old store.RefreshToken, secret string) (Tokens, error) {
	s, found, err := tx.UserSession(ctx, old.User, old.Workspace)
	if err != nil {
		return Tokens{}, err
	}
	valid := found && !old.Revoked && tx.Now().Before(old.Expires) &&
		s.User.Status == fleet.UserActive && s.User.Epoch == old.Epoch && s.Role != fleet.NoRole
	if !valid {
		return Tokens{}, refused()
	}
	if old.Predecessor != nil {
		if err := tx.SpendRefreshToken(ctx, old.Predecessor); err != nil {
			return Tokens{}, err
		}
	}
	t := Tokens{Enrol: c.demand.missing(s)}
	if t.Refresh, err = successor(ctx, tx, old, secret); err != nil {
		return Tokens{}, err
	}
	t.Bearer, err = c.bearer(ctx, tx, s.User, s.Workspace, old.Family, time.Time{})
	return t, err
}

// successor returns the refresh token that follows old, whose text is secret. The first use
// chooses a random key and derives the successor from both. The key is stored, the texts are
// not: only the holder of old, with the database, can derive the same successor again.
func successor(ctx context.Context, tx *store.Tx, old store.RefreshToken, secret string) (string, error) {
	key := old.SuccessorKey
	if key == nil {
		key = identity.NewSecretKey()
		if err := tx.SetSuccessorKey(ctx, old.Hash, key); err != nil {
			return "", err
		}
	}
	next, hash := identity.DeriveSecret(key, secret)
	return next, tx.SaveRefreshToken(ctx, store.RefreshToken{
		Hash: hash, Family: old.Family, User: old.User, Workspace: old.Workspace, Epoch: old.Epoch,
		Expires: tx.Now().Add(RefreshTTL), Predecessor: old.Hash,
	})
}

func errorOrRefused(err error) error {
	if err != nil {
		return err
	}
	return refused()
}
