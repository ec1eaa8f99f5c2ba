package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

const auditInsertColumns = "at ledger_id actor user_id token_id address request_id action code subject subject_id detail places"

var (
	insertAuditSQLite = insertion("audit", auditInsertColumns, "RETURNING id")

	// One round trip, whatever the number of places.
	insertAuditPostgres = named(`
	WITH inserted AS (` + insertionText("audit", auditInsertColumns, "RETURNING id") + `)
	INSERT INTO audit_places (workspace_id, audit_id) SELECT p.place, i.id FROM inserted i, unnest(:place_ids::bigint[]) AS p (place)`)
)

// auditParams returns the values of an entry that do not depend on the transaction.
func auditParams(e *fleet.AuditEntry) params {
	return params{
		"actor": int16(e.Actor), "user_id": orNull(e.User), "token_id": orNull(e.Token), "address": e.Address,
		"request_id": e.RequestID, "action": string(e.Action), "code": int64(e.Refusal), "subject": e.Subject.Kind,
		"subject_id": e.Subject.ID, "detail": e.Detail.Text(), "places": e.Places(),
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
	p := auditParams(e)
	p["at"], p["ledger_id"] = micros(tx.now), orNull(e.Migration)
	if tx.d == Postgres {
		p["place_ids"] = e.PlaceIDs()
		return tx.execNamed(ctx, insertAuditPostgres, p)
	}
	var id int64
	if err := tx.execReturning(ctx, insertAuditSQLite, p, &id); err != nil {
		return err
	}
	for _, place := range e.PlaceIDs() {
		if err := tx.exec(ctx, "INSERT INTO audit_places (workspace_id, audit_id) VALUES ($1, $2)", place, id); err != nil {
			return err
		}
	}
	return tx.markBehind(ctx)
}

// markBehind moves the mark of the last linking back on SQLite if the clock is earlier. Entries
// that are written meanwhile are then linked even if the clock is set right before the next
// linking. On PostgreSQL tooOldToLink is longer than a server works with a wrong clock.
func (tx *Tx) markBehind(ctx context.Context) error {
	return tx.exec(ctx, "UPDATE audit_head SET at = $1 WHERE id = 1 AND at > $2", micros(tx.now), micros(tx.now.Add(LinkSlack)))
}

// addAudit adds the values of a change's own entry, for PostgreSQL.
func (c Change) addAudit(p params) {
	e := c.Audit
	if e == nil {
		e = &fleet.AuditEntry{}
	}
	p["audited"], p["audit_place_ids"] = c.Audit != nil, e.PlaceIDs()
	for column, value := range auditParams(e) {
		p["audit_"+column] = value
	}
}

// audited returns what the ledger stores about a change's own audit entry; NULL if it has none.
func (c Change) audited() any {
	if c.Audit == nil {
		return nil
	}
	return 1
}
