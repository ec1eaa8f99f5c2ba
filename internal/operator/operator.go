// Package operator implements the rules for the operator of the installation, one file per
// capability. They take no Principal, and build on package control.
package operator

import (
	"context"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// Operator implements the rules for the operator of the installation. They take no Principal:
// the commands may use them because they can open the database, and the operator API because
// its caller has sent one of the operator's tokens (Admit). Nothing else may use them.
type Operator struct {
	c      *control.Control
	store  *store.Store
	tx     *store.Tx   // the transaction of Once; nil if each rule has its own
	actor  fleet.Actor // for the audit log, with token and origin
	token  string
	origin identity.Origin
}

// New returns the operator's rules over the same store, as used by the commands.
func New(c *control.Control) Operator {
	return Operator{c: c, store: c.Store(), actor: fleet.ActorCommand}
}

// update runs a rule in one transaction. It translates the database's constraint errors. A rule
// must set its results again on each call, because the store calls it again after a conflict
// with another transaction.
func (o Operator) update(ctx context.Context, rule func(*store.Tx) error) error {
	if o.tx != nil {
		return constraintError(rule(o.tx))
	}
	return o.store.UpdateOnce(ctx, store.Opening{}, func(tx *store.Tx, _ store.Opened) error { return constraintError(rule(tx)) })
}

// read runs a read-only rule on one snapshot of the database.
func (o Operator) read(ctx context.Context, rule func(*store.Tx) error) error {
	if o.tx != nil {
		return rule(o.tx)
	}
	return o.store.View(ctx, rule)
}

// Once runs a write of the operator in one transaction. Unless k is zero, it has an idempotency
// key: the writes of the Operator that do gets, and the response, are stored together and once.
// do may run again. All tokens of the operator share the keys, so that a client can change
// tokens between attempts.
//
// Errors: those of do; KeyReused; KeyBusy with RetryAfter.
func (o Operator) Once(ctx context.Context, k control.Once, do func(Operator) (control.Reply, error)) (control.Reply, error) {
	return o.c.Idempotent(ctx, k, func(tx *store.Tx) (control.Reply, error) {
		o.tx = tx
		return do(o)
	})
}

// constraintError replaces the database's text for a constraint that a rule did not check.
func constraintError(err error) error {
	switch store.Violated(err) {
	case store.NoViolation, store.Taken: // the store sets the text after reading again
		return err
	}
	return &fleet.Error{Code: fleet.Failed, Message: "The change refers to something that does not exist in the database", Err: err}
}

// audit writes an audit entry for a change by the operator, in the same transaction. Without
// Workspaces, the entry belongs to the installation.
func (o Operator) audit(ctx context.Context, tx *store.Tx, e fleet.AuditEntry) error {
	return tx.InsertAudit(ctx, o.by(e))
}

// by sets the operator's actor and origin in an entry.
func (o Operator) by(e fleet.AuditEntry) fleet.AuditEntry {
	e.Actor, e.Detail.OperatorToken = o.actor, o.token
	return control.WithOrigin(o.origin, e)
}

// From returns the operator's rules for a request of the operator API. The audit log records
// the name of the operator's token and the origin.
func (o Operator) From(token string, origin identity.Origin) Operator {
	o.actor, o.token, o.origin = fleet.ActorOperatorAPI, token, origin
	return o
}
