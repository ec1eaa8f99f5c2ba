package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// ApplicationToken describes the credential of a program, without its text.
type ApplicationToken = store.ApplicationToken

// NewToken is an application token to be created.
type NewToken struct {
	Workspace   fleet.WorkspaceID // for the operator's rule only
	Description string
	Expires     time.Time // zero: never
	CIDR        string    // the network or address that may use it; "" for any
}

// CreatedToken is a new application token. Text is the credential itself: it is not stored and
// cannot be shown again.
type CreatedToken struct {
	ID   fleet.TokenID
	Text string
}

// ListApplicationTokens reads one page of the tokens of the caller's Workspace.
//
// Permission: ManageTokens.
func (c *Control) ListApplicationTokens(ctx context.Context, caller identity.Principal, l fleet.List) (page fleet.Page[ApplicationToken], err error) {
	if err := caller.Require(identity.ManageTokens); err != nil {
		return page, err
	}
	err = c.store.View(ctx, func(tx *store.Tx) error {
		page, err = tx.ApplicationTokens(ctx, caller.Workspace, l)
		return err
	})
	return page, err
}

// MakeApplicationToken makes a credential for a program, bound to the caller's Workspace, whatever
// n.Workspace is. Repetitions under the same key are refused, because the text of a token is
// not stored.
//
// Permission: ManageTokens. Errors: BadRequest that names the field; those of once.
func (c *Control) MakeApplicationToken(ctx context.Context, caller identity.Principal, n NewToken, w Write[CreatedToken]) (Reply, error) {
	if err := caller.Require(identity.ManageTokens); err != nil {
		return Reply{}, err
	}
	cidr, err := ParseCIDR("ip", n.CIDR)
	if err == nil {
		err = checkDescription(n.Description)
	}
	if err != nil {
		return Reply{}, err
	}
	return once(ctx, c, caller, guard{need: identity.ManageTokens}, w, func(tx *store.Tx, caller identity.Principal) (done result[CreatedToken], err error) {
		if err := CheckExpiry(tx, "expiry_date", n.Expires); err != nil {
			return done, err
		}
		ws, err := callerWorkspace(ctx, tx, caller)
		if err != nil {
			return done, err
		}
		made, err := c.InsertToken(ctx, tx, store.ApplicationToken{
			Workspace: ws, Description: n.Description, CIDR: cidr, Expires: n.Expires, Creator: caller.User,
		})
		if err != nil {
			return done, err
		}
		done.value = made
		done.again = fleet.Errorf(fleet.Duplicated,
			"The application token %d was already created with this Idempotency-Key; its text was shown then and is not stored; if you do not have it, revoke this token and create another one", made.ID)
		return done, audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditTokenMade, Subject: fleet.Subject("application_token", made.ID)})
	})
}

// TokenPatch holds the changes to an application token; nil leaves a field unchanged.
type TokenPatch struct {
	Token       fleet.TokenID
	Description *string
	Revoked     *bool
}

// PatchApplicationToken changes a token of the caller's Workspace. A revoked token is refused from
// then on, and so is every bearer token that it was exchanged for.
//
// Permission: ManageTokens. Errors: NotFound; BadRequest; those of once.
func (c *Control) PatchApplicationToken(ctx context.Context, caller identity.Principal, p TokenPatch, w Write[None]) (Reply, error) {
	if err := caller.Require(identity.ManageTokens); err != nil {
		return Reply{}, err
	}
	if p.Description != nil {
		if err := checkDescription(*p.Description); err != nil {
			return Reply{}, err
		}
	}
	return once(ctx, c, caller, guard{need: identity.ManageTokens}, w, func(tx *store.Tx, caller identity.Principal) (done result[None], err error) {
		t, found, err := tx.ApplicationTokenOf(ctx, caller.Workspace, p.Token)
		if err != nil || !found {
			return done, firstError(err, fleet.Missing("application token", int64(p.Token)))
		}
		if p.Description != nil {
			t.Description = *p.Description
		}
		if p.Revoked != nil {
			t.Revoked = *p.Revoked
		}
		if err := tx.SetApplicationToken(ctx, t.ID, t.Description, t.Revoked); err != nil {
			return done, err
		}
		e := fleet.AuditEntry{Action: fleet.AuditTokenChanged, Subject: fleet.Subject("application_token", t.ID)}
		if p.Revoked != nil && t.Revoked {
			e.Action = fleet.AuditTokenRevoked
		}
		return done, audit(ctx, tx, caller, e)
	})
}

// maxDescription is the longest description, in bytes.
const maxDescription = 1000

func checkDescription(s string) error {
	if len(s) > maxDescription {
		return fleet.Invalid("description", "it has more than %d bytes", maxDescription)
	}
	if s == "" {
		return nil
	}
	return CheckName("description", s)
}

// InsertToken stores a new application token and signs its text.
func (c *Control) InsertToken(ctx context.Context, tx *store.Tx, t store.ApplicationToken) (CreatedToken, error) {
	id, err := tx.NextID(ctx, store.ApplicationTokens)
	if err != nil {
		return CreatedToken{}, err
	}
	issuer, err := c.currentIssuer(ctx, tx)
	if err != nil {
		return CreatedToken{}, err
	}
	t.ID, t.Key = fleet.TokenID(id), issuer.Keyring.Signer()
	if err := tx.InsertApplicationToken(ctx, t); err != nil {
		return CreatedToken{}, err
	}
	text, err := issuer.SignApplicationToken(identity.ApplicationClaims{
		Token: t.ID, Workspace: t.Workspace.ID, WorkspaceName: t.Workspace.Name, Expires: t.Expires,
	}, tx.Now())
	return CreatedToken{t.ID, text}, err
}
