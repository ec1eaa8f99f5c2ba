package operator

import (
	"context"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// CreateApplicationToken makes a credential for a program, bound to one Workspace.
//
// Errors: NotFound for the Workspace; BadRequest that names the field.
func (o Operator) CreateApplicationToken(ctx context.Context, n control.NewToken) (control.CreatedToken, error) {
	cidr, err := control.ParseCIDR("cidr", n.CIDR)
	if err == nil && n.Description != "" {
		err = control.CheckName("description", n.Description)
	}
	if err != nil {
		return control.CreatedToken{}, err
	}
	var created control.CreatedToken
	err = o.update(ctx, func(tx *store.Tx) error {
		if err := control.CheckExpiry(tx, "expires", n.Expires); err != nil {
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
		created, err = o.c.InsertToken(ctx, tx, store.ApplicationToken{
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
