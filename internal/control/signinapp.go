package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// SignInApplication exchanges an application token for a bearer token of its Workspace.
//
// Errors: BadCredentials for a token that is malformed, expired, revoked, or used from an
// address that it does not allow.
func (c *Control) SignInApplication(ctx context.Context, raw string, from identity.Origin) (Tokens, error) {
	t, claims, err := c.signInApplication(ctx, raw, from)
	return t, c.signInRefused(ctx, from, byToken, err, program(claims))
}

func (c *Control) signInApplication(ctx context.Context, raw string, from identity.Origin) (t Tokens, claims identity.ApplicationClaims, err error) {
	claims, err = withKeys(ctx, c, func(i *identity.Issuer) (identity.ApplicationClaims, error) {
		return i.VerifyApplicationToken(raw, c.store.Now())
	})
	switch fleet.CodeOf(err) {
	case fleet.InvalidToken, fleet.TokenExpired:
		return t, claims, refused()
	}
	if err != nil {
		return t, claims, err
	}
	err = c.update(ctx, from, func(tx *store.Tx) error {
		caller, err := tokenPrincipal(ctx, tx, claims.Token, claims.Key, from.Address)
		if fleet.CodeOf(err) == fleet.InvalidToken {
			return refused()
		}
		if err != nil {
			return err
		}
		issuer, err := c.currentIssuer(ctx, tx)
		if err != nil {
			return err
		}
		t.Bearer, err = issuer.Sign(identity.Claims{
			AppToken: caller.Token, Workspace: caller.Workspace, WorkspaceName: caller.WorkspaceName,
		}, tx.Now())
		if err != nil {
			return err
		}
		caller.Origin = from
		return audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditTokenSignedIn, Detail: fleet.AuditDetail{Mode: byToken}})
	})
	return t, claims, err
}
