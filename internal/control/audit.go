package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// audited completes an entry with who does it and from where. Without Workspaces it is filed
// in that of the caller.
func audited(who identity.Principal, e fleet.AuditEntry) fleet.AuditEntry {
	switch {
	case who.Token != 0:
		e.Actor = fleet.ActorToken
	case who.User != 0:
		e.Actor = fleet.ActorUser
	}
	e.User, e.Token = who.User, who.Token
	if len(e.Workspaces) == 0 && who.Workspace != 0 {
		e.Workspaces = []fleet.WorkspaceID{who.Workspace}
	}
	return withOrigin(who.Origin, e)
}

// withOrigin completes an entry with where the request came from.
func withOrigin(o identity.Origin, e fleet.AuditEntry) fleet.AuditEntry {
	if o.Address.IsValid() {
		e.Address = o.Address.String()
	}
	e.RequestID = o.RequestID
	return e
}

// audit writes, in the transaction of what it tells of, that the caller has done something.
// Every rule that changes anything calls it once, as its last statement:
//
//	return audit(ctx, tx, who, fleet.AuditEntry{Action: fleet.AuditTokenMade, Subject: fleet.Subject("application_token", id)})
//
// A rule that moves SIMs gives the entry to store.Change instead, which costs no statement.
// Refusals are not a rule's to write: see Refused.
func audit(ctx context.Context, tx *store.Tx, who identity.Principal, e fleet.AuditEntry) error {
	return tx.InsertAudit(ctx, audited(who, e))
}

// audit writes, in the transaction of what it tells of, that the operator has done something.
// Without Workspaces it is the installation's.
func (o Operator) audit(ctx context.Context, tx *store.Tx, e fleet.AuditEntry) error {
	return tx.InsertAudit(ctx, o.by(e))
}

// by completes an entry with how the operator asks, and from where.
func (o Operator) by(e fleet.AuditEntry) fleet.AuditEntry {
	e.Actor, e.Detail.OperatorToken = o.actor, o.token
	return withOrigin(o.origin, e)
}

// From is the operator's rules as the operator API asks for them: the audit log tells by
// which of the operator's tokens, whose name it is, and from where.
func (o Operator) From(token string, origin identity.Origin) Operator {
	o.actor, o.token, o.origin = fleet.ActorOperatorAPI, token, origin
	return o
}

// byServer writes what the server did by itself.
func byServer(ctx context.Context, tx *store.Tx, e fleet.AuditEntry) error {
	e.Actor = fleet.ActorServer
	return tx.InsertAudit(ctx, e)
}
