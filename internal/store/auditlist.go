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

// The place's own id, so that a page of the default order is found in its index alone.
const auditPlaceID = "p.audit_id"

var auditColumns = map[string]string{
	"id": auditPlaceID, "timestamp": "a.at", "actor": "a.actor", "user": "a.user_id", "application_token": "a.token_id",
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

// AuditEntries reads one page of the audit log of a Workspace.
func (tx *Tx) AuditEntries(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[AuditRecord], error) {
	w := where{tx: tx}
	w.and("p.workspace_id = " + w.arg(int64(ws)))
	w.filter(l, auditColumns)
	order := w.orderBy(l, auditColumns)
	from := "audit_places p"
	if strings.Contains(w.String()+order, "a.") {
		from += " JOIN audit a ON a.id = " + auditPlaceID
	}
	page := fleet.Page[AuditRecord]{PerPage: l.PerPage}
	if _, err := tx.one(ctx, "SELECT count(*) FROM "+from+" WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	if err := tx.sortable(l, page.Total, "audit entries"); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	text := "SELECT " + auditRecordColumns + " FROM (SELECT " + auditPlaceID + " FROM " + from + " WHERE " + w.String() +
		" ORDER BY " + order + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(offset) + `) k
		JOIN audit a ON a.id = k.audit_id LEFT JOIN users u ON u.id = a.user_id ORDER BY ` + strings.ReplaceAll(order, auditPlaceID, "a.id")
	err := tx.each(ctx, text, w.args, func(r rows) error {
		a, err := scanAudit(r)
		page.Items = append(page.Items, a)
		return err
	})
	return page, err
}

// between limits a query on the audit log a to a time; the zero time does not bound.
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
	_, err = tx.one(ctx, "SELECT count(*) FROM audit a WHERE "+w.String(), w.args, &n)
	return n, err
}

// ExportAudit streams the entries, by id, without keeping them in memory.
func (tx *Tx) ExportAudit(ctx context.Context, from, until time.Time, give func(AuditRecord) error) error {
	w := where{tx: tx}
	w.between(from, until)
	text := "SELECT " + auditRecordColumns + " FROM audit a LEFT JOIN users u ON u.id = a.user_id WHERE " + w.String() + " ORDER BY a.id"
	return tx.each(ctx, text, w.args, func(r rows) error {
		a, err := scanAudit(r)
		if err != nil {
			return err
		}
		return give(a)
	})
}
