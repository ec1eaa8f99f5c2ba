package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Authentication modes in the audit log.
const (
	byPassword = "password"
	byCode     = "code"
	byRefresh  = "refresh_token"
	byToken    = "application_token"
	byTerminal = "terminal"
)

// signedIn records a step of a user's sign-in, in the Workspace of the new session.
func signedIn(ctx context.Context, tx *store.Tx, o identity.Origin, action fleet.AuditAction, mode string, user fleet.UserID, ws fleet.WorkspaceID) error {
	caller := identity.Principal{User: user, Workspace: ws, Origin: o}
	return audit(ctx, tx, caller, fleet.AuditEntry{Action: action, Detail: fleet.AuditDetail{Mode: mode}})
}

// suspect returns the target of a refused sign-in: the account or the application token, and
// its Workspace. It returns zero values if there is none.
type suspect func(context.Context, *store.Tx) (fleet.AuditSubject, fleet.WorkspaceID, error)

// signInRefused records a refused sign-in and its reason. It does the same work whether or not
// the account exists. The user name in the request is not written, because it may be a
// password. CountAttempt bounds how many such entries a client can cause.
func (c *Control) signInRefused(ctx context.Context, o identity.Origin, mode string, why error, suspectOf suspect) error {
	code := fleet.CodeOf(why)
	if code != fleet.BadCredentials && code != fleet.LockedOut {
		return why
	}
	e := WithOrigin(o, fleet.AuditEntry{Action: fleet.AuditSignedIn, Refusal: code, Detail: fleet.AuditDetail{Mode: mode}})
	c.writeAuditOf(ctx, func(tx *store.Tx) ([]fleet.AuditEntry, error) {
		subject, ws, err := suspectOf(ctx, tx)
		e.Subject, e.Workspaces = subject, nil
		if ws != 0 {
			e.Workspaces = []fleet.WorkspaceID{ws}
		}
		return []fleet.AuditEntry{e}, err
	})
	return why
}

func ofUser(user store.UserRecord, found bool, err error) (fleet.AuditSubject, fleet.WorkspaceID, error) {
	if err != nil || !found {
		return fleet.AuditSubject{}, 0, err
	}
	return fleet.Subject("user", user.ID), user.DefaultWorkspace, nil
}

func named(username string) suspect {
	return func(ctx context.Context, tx *store.Tx) (fleet.AuditSubject, fleet.WorkspaceID, error) {
		return ofUser(tx.UserByName(ctx, username))
	}
}

func pendingSignIn(secret string) suspect {
	return func(ctx context.Context, tx *store.Tx) (fleet.AuditSubject, fleet.WorkspaceID, error) {
		p, found, err := tx.PendingSignIn(ctx, identity.HashSecret(secret))
		if err != nil || !found {
			return fleet.AuditSubject{}, 0, err
		}
		return ofUser(tx.UserByID(ctx, p.User))
	}
}

func refreshing(secret string) suspect {
	return func(ctx context.Context, tx *store.Tx) (fleet.AuditSubject, fleet.WorkspaceID, error) {
		t, found, err := tx.RefreshToken(ctx, identity.HashSecret(secret))
		if err != nil || !found {
			return fleet.AuditSubject{}, 0, err
		}
		return fleet.Subject("user", t.User), t.Workspace, nil
	}
}

// noSuspect is for credentials that belong to no account.
func noSuspect(context.Context, *store.Tx) (fleet.AuditSubject, fleet.WorkspaceID, error) {
	return fleet.AuditSubject{}, 0, nil
}

// program returns the suspect for an application token with a valid signature.
func program(claims identity.ApplicationClaims) suspect {
	return func(context.Context, *store.Tx) (fleet.AuditSubject, fleet.WorkspaceID, error) {
		if claims.Token == 0 {
			return fleet.AuditSubject{}, 0, nil
		}
		return fleet.Subject("application_token", claims.Token), claims.Workspace, nil
	}
}
