package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// auditValues returns the values of an entry in the order of the columns.
func auditValues(e *fleet.AuditEntry) []any {
	return []any{
		int16(e.Actor), orNull(e.User), orNull(e.Token), e.Address, e.RequestID, string(e.Action), int64(e.Refusal),
		e.Subject.Kind, e.Subject.ID, e.Detail.Text(), e.Places(),
	}
}

// InsertAudit writes entries of the audit log at the transaction's instant, each with a row for
// every Workspace of the entry. The number of statements does not depend on the content.
// LinkAudit links them into the chain later, so that writers do not wait for each other.
func (tx *Tx) InsertAudit(ctx context.Context, entries ...fleet.AuditEntry) error {
	for i := range entries {
		if err := tx.insertAudit(ctx, &entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) insertAudit(ctx context.Context, e *fleet.AuditEntry) error {
	args := append([]any{micros(tx.now), orNull(e.Migration)}, auditValues(e)...)
	if tx.d == Postgres {
		return tx.exec(ctx, insertAuditPostgres, append(args, e.PlaceIDs())...)
	}
	var id int64
	if _, err := tx.one(ctx, auditInsert+"RETURNING id", args, &id); err != nil {
		return err
	}
	for _, place := range e.PlaceIDs() {
		if err := tx.exec(ctx, "INSERT INTO audit_places (workspace_id, audit_id) VALUES ($1, $2)", place, id); err != nil {
			return err
		}
	}
	return nil
}

const auditInsert = `
	INSERT INTO audit (at, ledger_id, actor, user_id, token_id, address, request_id, action, code, subject, subject_id, detail, places)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) `

// One round trip, whatever the number of places.
const insertAuditPostgres = `
	WITH noted AS (` + auditInsert + `RETURNING id)
	INSERT INTO audit_places (workspace_id, audit_id) SELECT p.place, n.id FROM noted n, unnest($14::bigint[]) AS p (place)`

// auditColumns returns the arguments of a change's own entry, for PostgreSQL.
func (c Change) auditColumns() []any {
	e := c.Audit
	if e == nil {
		e = &fleet.AuditEntry{}
	}
	args := append([]any{c.Audit != nil}, auditValues(e)...)
	return append(args, e.PlaceIDs())
}

// audited returns what the ledger stores about a change's own audit entry; NULL if it has none.
func (c Change) audited() any {
	if c.Audit == nil {
		return nil
	}
	return 1
}
