package store

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// AuditRecord is an entry of the audit log with the names to display.
type AuditRecord struct {
	fleet.AuditEntry
	Username string // of the actor
	Details  string // as stored: a later version may have more fields
}

var auditColumns = map[string]string{
	"id": "a.id", "timestamp": "a.at", "actor": "a.actor", "user": "a.user_id", "application_token": "a.token_id",
	"address": "a.address", "request_id": "a.request_id", "action": "a.action", "error_code": "a.code",
	"outcome": "CASE WHEN a.code = 0 THEN '" + fleet.AuditDone + "' ELSE '" + fleet.AuditRefused + "' END",
	"subject": "a.subject_id", "subject_type": "a.subject", "migration": "a.ledger_id",
}

const auditRecordColumns = `a.id, a.at, a.actor, COALESCE(a.user_id, 0), COALESCE(a.token_id, 0), a.address, a.request_id, a.action, a.code,
	a.subject, a.subject_id, COALESCE(a.ledger_id, 0), a.detail, a.places, COALESCE(a.seq, 0), a.hash, ` + shownUsername

func scanAudit(r rows) (a AuditRecord, err error) {
	var at, code int64
	var places string
	var hash []byte
	err = r.Scan(&a.ID, &at, &a.Actor, &a.User, &a.Token, &a.Address, &a.RequestID, &a.Action, &code,
		&a.Subject.Kind, &a.Subject.ID, &a.Migration, &a.Details, &places, &a.Seq, &hash, &a.Username)
	a.Time, a.Refusal, a.Hash = fromMicros(at), fleet.Code(code), bytes.Clone(hash)
	for _, id := range strings.Split(places, ",") {
		if n, _ := strconv.ParseInt(id, 10, 64); n != 0 { // written by this program
			a.Workspaces = append(a.Workspaces, fleet.WorkspaceID(n))
		}
	}
	return a, err
}

// AuditEntries reads one page of the audit log of a Workspace. Errors: BadQuery or BadSort if too
// many entries would have to be read; the message says what to add.
func (tx *Tx) AuditEntries(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[AuditRecord], error) {
	page := fleet.Page[AuditRecord]{PerPage: l.PerPage}
	p, err := tx.plan(ctx, auditOf(ws), l)
	page.Total, page.Page = p.total, p.page
	if err != nil {
		return page, err
	}
	w := &p.w
	text := p.source.with + "SELECT " + auditRecordColumns + " FROM " + p.source.table + ` LEFT JOIN users u ON u.id = a.user_id
		WHERE ` + w.String() + " ORDER BY " + w.orderBy(l, auditColumns) + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(p.offset)
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		a, err := scanAudit(r)
		page.Items = append(page.Items, a)
		return err
	})
	return page, err
}

// auditOf describes the audit entries that a Workspace can see (table audit_places).
func auditOf(ws fleet.WorkspaceID) *longList {
	return &longList{
		kind: listAudit, upto: listAudit,
		alias: "a", id: "a.id", at: "a.at", fields: auditColumns,
		things: "audit entries", advice: "add a filter that few entries match, such as a day by timestamp",
		keys: func(w *where) string { return "t.key = " + w.arg(int64(ws)) },
		rows: func(w *where, ids idText, part *listPart) string {
			return "SELECT a.* FROM audit_places p JOIN audit a ON a.id = p.audit_id WHERE p.workspace_id = " + w.arg(int64(ws)) +
				" AND p.audit_id BETWEEN " + ids.first + " AND " + ids.last + part.order("p.audit_id")
		},
		found: func(w *where, f fleet.Filter) (string, bool) { return foundAudit(w, ws, f) },
		scope: func(w *where) {
			w.and("EXISTS (SELECT 1 FROM audit_places p WHERE p.workspace_id = " + w.arg(int64(ws)) + " AND p.audit_id = a.id)")
		},
	}
}

// foundAudit selects the audit entries of a Workspace that an index finds by a filter. Entries of
// other Workspaces take the same time as those that do not exist.
func foundAudit(w *where, ws fleet.WorkspaceID, f fleet.Filter) (text string, ok bool) {
	if f.Null {
		return "", false
	}
	var ids string
	switch f.Field.Name {
	case "id":
		ids = "SELECT value AS id FROM " + w.each(f.Numbers)
	case "migration":
		if len(distinct(f.Numbers)) > mostSought {
			return "", false
		}
		ids = "SELECT " + foundOr(-1) + " AS id FROM " + w.each(f.Numbers) + " LEFT JOIN audit x ON x.ledger_id = j.value"
	default:
		return "", false
	}
	filed := w.tx.dialectSQL("SELECT p.audit_id FROM ("+ids+") i CROSS JOIN audit_places p WHERE p.workspace_id = %[1]s AND p.audit_id = i.id",
		"SELECT p.audit_id FROM ("+ids+") i CROSS JOIN LATERAL (SELECT q.audit_id FROM audit_places q WHERE q.workspace_id = %[1]s AND q.audit_id = i.id OFFSET 0) p",
		w.arg(int64(ws)))
	return "SELECT a.* FROM audit a WHERE a.id " + w.tx.dialectSQL("IN ("+filed+")", "= ANY (ARRAY("+filed+"))"), true
}

// between limits a query on the audit log (alias a) to a period; a zero time does not limit.
func (w *where) between(from, until time.Time) {
	if !from.IsZero() {
		w.and("a.at >= " + w.arg(micros(from)))
	}
	if !until.IsZero() {
		w.and("a.at < " + w.arg(micros(until)))
	}
}

// CountAudit counts the entries that ExportAudit returns.
func (tx *Tx) CountAudit(ctx context.Context, from, until time.Time) (n int, err error) {
	w := where{tx: tx}
	w.between(from, until)
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM audit a WHERE "+w.String(), w.args, &n)
	return n, err
}

// ExportAudit streams the entries, by id, without keeping them in memory.
func (tx *Tx) ExportAudit(ctx context.Context, from, until time.Time, give func(AuditRecord) error) error {
	w := where{tx: tx}
	w.between(from, until)
	text := "SELECT " + auditRecordColumns + " FROM audit a LEFT JOIN users u ON u.id = a.user_id WHERE " + w.String() + " ORDER BY a.id"
	return tx.queryEach(ctx, text, w.args, func(r rows) error {
		a, err := scanAudit(r)
		if err != nil {
			return err
		}
		return give(a)
	})
}
