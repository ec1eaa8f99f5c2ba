package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// audited sets the actor and origin of an entry. Without Workspaces, the entry belongs to that
// of the caller.
func audited(caller identity.Principal, e fleet.AuditEntry) fleet.AuditEntry {
	switch {
	case caller.Token != 0:
		e.Actor = fleet.ActorToken
	case caller.User != 0:
		e.Actor = fleet.ActorUser
	}
	e.User, e.Token = caller.User, caller.Token
	if len(e.Workspaces) == 0 && caller.Workspace != 0 {
		e.Workspaces = []fleet.WorkspaceID{caller.Workspace}
	}
	return WithOrigin(caller.Origin, e)
}

// WithOrigin sets the origin of the request in an entry.
func WithOrigin(o identity.Origin, e fleet.AuditEntry) fleet.AuditEntry {
	if o.Address.IsValid() {
		e.Address = o.Address.String()
	}
	e.RequestID = o.RequestID
	return e
}

// audit writes an audit entry for a change by the caller, in the same transaction. Every rule
// that changes anything calls it once, as its last statement:
//
//	return audit(ctx, tx, caller, fleet.AuditEntry{Action: fleet.AuditTokenMade, Subject: fleet.Subject("application_token", id)})
//
// A rule that moves SIMs sets the entry in store.Change instead, which needs no extra
// statement. Rules do not record refusals: see Refused.
func audit(ctx context.Context, tx *store.Tx, caller identity.Principal, e fleet.AuditEntry) error {
	return tx.InsertAudit(ctx, audited(caller, e))
}

// ByServer writes an entry for an action of the server itself.
func ByServer(ctx context.Context, tx *store.Tx, e fleet.AuditEntry) error {
	e.Actor = fleet.ActorServer
	return tx.InsertAudit(ctx, e)
}
