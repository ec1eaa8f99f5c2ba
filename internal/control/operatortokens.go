package control

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/netaddr"
	"github.com/simferry/simferry/internal/store"
)

// NewToken is an application token to be created.
type NewToken struct {
	Workspace   fleet.WorkspaceID
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

// CreateApplicationToken makes a credential for a program, bound to one Workspace.
//
// Errors: NotFound for the Workspace; BadRequest that names the field.
func (o Operator) CreateApplicationToken(ctx context.Context, n NewToken) (CreatedToken, error) {
	cidr, err := parseCIDR("cidr", n.CIDR)
	if err == nil && n.Description != "" {
		err = checkName("description", n.Description)
	}
	if err != nil {
		return CreatedToken{}, err
	}
	var created CreatedToken
	err = o.update(ctx, func(tx *store.Tx) error {
		if err := checkExpiry(tx, "expires", n.Expires); err != nil {
			return err
		}
		found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{n.Workspace})
		if err != nil {
			return err
		}
		ws, exists := found[n.Workspace]
		if !exists {
			return fleet.Missing("workspace", n.Workspace)
		}
		created, err = o.c.insertToken(ctx, tx, store.ApplicationToken{
			Workspace: ws, Description: n.Description, CIDR: cidr, Expires: n.Expires,
		})
		if err != nil {
			return err
		}
		return o.audit(ctx, tx, fleet.AuditEntry{
			Action: fleet.AuditTokenMade, Subject: fleet.Subject("application_token", created.ID), Workspaces: []fleet.WorkspaceID{ws.ID},
		})
	})
	return created, err
}

func checkExpiry(tx *store.Tx, field string, expires time.Time) error {
	if expires.IsZero() || expires.After(tx.Now()) {
		return nil
	}
	return fleet.Invalid(field, "%s is in the past: choose a future time", expires.Format(time.RFC3339))
}

func (c *Control) insertToken(ctx context.Context, tx *store.Tx, t store.ApplicationToken) (CreatedToken, error) {
	id, err := tx.NextID(ctx, store.ApplicationTokens)
	if err != nil {
		return CreatedToken{}, err
	}
	issuer, err := c.current(ctx, tx)
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

// parseCIDR parses a network or a single address, and returns its canonical form.
func parseCIDR(field, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	p, err := netaddr.ParseNetwork(s)
	if err != nil {
		return "", fleet.Invalid(field, "%s", err)
	}
	return p.Masked().String(), nil
}
