package store

import (
	"context"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

const simColumns = `s.id, s.iccid, s.eid, s.imsi, s.msisdn, s.status, s.workspace_id, s.issuer_id, COALESCE(s.reseller_id, 0),
	COALESCE(s.device_id, 0), COALESCE((SELECT d.name FROM devices d WHERE d.id = s.device_id), ''),
	s.produced_at, COALESCE(s.activated_at, 0), s.version, s.model_id, COALESCE(s.offer_id, 0)`

func scanSIM(r rows, more ...any) (fleet.SIM, error) {
	// Plain types: database/sql and pgx are slower with named types.
	var id, status, workspace, issuer, reseller, device, produced, activated, version, model, offer int64
	var iccid, eid, imsi, msisdn, name string
	dest := append([]any{
		&id, &iccid, &eid, &imsi, &msisdn, &status, &workspace, &issuer, &reseller, &device, &name, &produced, &activated, &version, &model, &offer,
	}, more...)
	err := r.Scan(dest...)
	return fleet.SIM{
		ID: fleet.SIMID(id), ICCID: fleet.ICCID(iccid), EID: eid, IMSI: imsi, MSISDN: msisdn, Status: fleet.SIMStatus(status),
		Workspace: fleet.WorkspaceID(workspace), Issuer: fleet.WorkspaceID(issuer), Reseller: fleet.WorkspaceID(reseller),
		Device: fleet.DeviceID(device), DeviceName: name, Produced: fromMicros(produced), Activated: fromMicros(activated), Version: version,
		Model: fleet.ModelID(model), Offer: fleet.OfferID(offer),
	}, err
}

var simFields = map[string]string{
	"id": "s.id", "iccid": "s.iccid", "iccid_with_luhn": "s.iccid", "imsi": "s.imsi", "msisdn": "s.msisdn", "eid": "s.eid",
	"status": "s.status", "endpoint": "s.device_id", "customer_org": "s.workspace_id", "issuer_org": "s.issuer_id",
	"reseller_org": "s.reseller_id", "production_date": "s.produced_at", "model": "s.model_id",
	"satellite_capable": "0",
}

// scope limits a query on sims s to those that a Workspace may see: its own; and, unless
// it is an enterprise, those that it issued or resells.
func (w *where) scope(ws fleet.Workspace) {
	id := w.arg(int64(ws.ID))
	if ws.Type == fleet.Enterprise {
		w.and("s.workspace_id = " + id)
		return
	}
	w.and("s.workspace_id = " + id + " OR s.issuer_id = " + id + " OR s.reseller_id = " + id)
}

// SIMs reads one page of the SIMs that a Workspace may see. Deleted ones are shown only to a
// filter that asks for their status. Errors: BadQuery or BadSort if too many SIMs would have to
// be read; the message says what to add.
func (tx *Tx) SIMs(ctx context.Context, ws fleet.Workspace, l fleet.List) (fleet.Page[fleet.SIM], error) {
	shown := l
	page := fleet.Page[fleet.SIM]{PerPage: l.PerPage}
	l, err := tx.identifySIMs(ctx, ws, l)
	if err != nil {
		return page, err
	}
	from, w, at, err := tx.locate(ctx, ws, l, &page)
	if err != nil {
		return page, err
	}
	page.Items = make([]fleet.SIM, 0, max(min(l.PerPage, page.Total-(page.Page-1)*l.PerPage), 0))
	if from == "" && ws.Type != fleet.Enterprise {
		w, at.skip = tx.seenPage(ws, l, at), 0
	}
	text := from + "SELECT " + simColumns + " FROM " + sourceOf(from) + " WHERE " + w.String() +
		" ORDER BY " + w.orderBy(shown, simFields) + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(at.skip)
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		s, err := scanSIM(r)
		page.Items = append(page.Items, s)
		return err
	})
	return page, err
}

// identifySIMs replaces the filters of a list that are slow by ids.
func (tx *Tx) identifySIMs(ctx context.Context, ws fleet.Workspace, l fleet.List) (fleet.List, error) {
	sought := []string{"imsi", "msisdn", "eid"}
	if ws.Type != fleet.Enterprise { // an enterprise has indexes for the others
		sought = append(sought, "iccid", "iccid_with_luhn", "endpoint")
	}
	return tx.identify(ctx, withoutOwn(ws, l), "id", sought...)
}

// CountSIMs counts the SIMs that SIMs lists. Errors: those of SIMs.
func (tx *Tx) CountSIMs(ctx context.Context, ws fleet.Workspace, l fleet.List) (int, error) {
	l, err := tx.identifySIMs(ctx, ws, l)
	if err != nil {
		return 0, err
	}
	l.Page = 1
	var page fleet.Page[fleet.SIM]
	_, _, _, err = tx.locate(ctx, ws, l, &page)
	return page.Total, err
}

// seenPage returns the condition of one page, by id, of all SIMs that an issuer or a reseller
// sees: the first SIMs for each of the three reasons to see a SIM, merged. With one OR
// condition the engine would sort all of them.
func (tx *Tx) seenPage(ws fleet.Workspace, l fleet.List, at place) *where {
	w := &where{tx: tx}
	id, most := w.arg(int64(ws.ID)), w.arg(at.skip+int64(l.PerPage))
	descending, _ := l.ByID()
	direction := ""
	if descending {
		direction = " DESC"
	}
	bounds := where{tx: tx, args: w.args}
	bounds.from(at, descending)
	if l.After != nil {
		bounds.and("s.id" + beyond(l) + bounds.arg(*l.After))
	}
	w.args = bounds.args
	var parts []string
	for _, column := range []string{"workspace_id", "issuer_id", "reseller_id"} {
		parts = append(parts, "SELECT * FROM (SELECT s.id FROM sims s WHERE s."+column+" = "+id+" AND s.status <> "+deletedSIM+" AND "+bounds.String()+
			" ORDER BY s.id"+direction+" LIMIT "+most+") p")
	}
	w.and("s.id IN (SELECT u.id FROM (" + strings.Join(parts, " UNION ") + ") u ORDER BY u.id" + direction +
		" LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(at.skip) + ")")
	return w
}

// sourceOf returns the table that a list reads: the SIMs that were narrowed down to, or all.
func sourceOf(from string) string {
	if from != "" {
		return "s"
	}
	return "sims s"
}

// conditions adds the conditions of a list.
func (w *where) conditions(ws fleet.Workspace, l fleet.List) {
	w.scope(ws)
	if !filtersBy(l, "status") {
		w.and("s.status <> " + deletedSIM)
	}
	w.filter(l, simFields)
}

// locate finds the total of a list and the start of the page: from the tally if possible, else
// by counting and skipping among the few SIMs that an index finds. from precedes the statement
// that reads the page.
func (tx *Tx) locate(ctx context.Context, ws fleet.Workspace, l fleet.List, page *fleet.Page[fleet.SIM]) (from string, w *where, at place, err error) {
	w = &where{tx: tx}
	c, ok := tallied(ws, l)
	if !ok && !inIndexOrder(ws, l) {
		return tx.locateAmongFew(ctx, ws, l, page)
	}
	w.conditions(ws, l)
	if l.After != nil {
		page.Total, err = tx.tallyBeyond(ctx, w, c, l)
		page.Page = 1
		return "", w, place{noBlock, 0}, err
	}
	if !ok {
		c = counted{ws.ID, liveStatuses}
	}
	top, err := tx.blocks(ctx, c, 2, 0, 1<<62)
	if err != nil {
		return "", w, at, err
	}
	var offset int
	page.Total = int(total(top))
	page.Page, offset = l.At(page.Total)
	if !ok {
		if w.beyondKey(l); l.Beyond != nil {
			page.Page, offset = 1, 0
		}
		if offset > tx.most {
			err = tx.tooManySIMs(ws, l)
		}
		return "", w, place{noBlock, int64(offset)}, err
	}
	at, err = tx.seek(ctx, c, top, offset, l.Sort[0].Descending)
	w.from(at, l.Sort[0].Descending)
	return "", w, at, err
}

// locateAmongFew is locate for lists that the tally does not count.
func (tx *Tx) locateAmongFew(ctx context.Context, ws fleet.Workspace, l fleet.List, page *fleet.Page[fleet.SIM]) (from string, w *where, at place, err error) {
	n, err := tx.narrow(ctx, ws, l)
	if err != nil {
		return "", nil, at, err
	}
	// An engine that saw both conditions might take the index of the Workspace anyway.
	w = &where{tx: tx, args: n.args}
	from = "WITH s AS MATERIALIZED (" + n.text("s.*") + ") "
	w.conditions(ws, l)
	var offset int
	_, err = tx.queryRow(ctx, from+"SELECT count(*) FROM "+sourceOf(from)+" WHERE "+w.String(), w.args, &page.Total)
	page.Page, offset = l.At(page.Total)
	if w.beyondKey(l); l.Beyond != nil {
		page.Page, offset = 1, 0
	}
	return from, w, place{noBlock, int64(offset)}, err
}

// simKeys are the orders that have a key, with the expression that a key is compared with.
var simKeys = map[string]string{"iccid": "s.iccid", "status": "s.status", "endpoint": "COALESCE(s.device_id, 0)"}

// beyondKey adds the condition that a SIM s comes after the key of a list.
func (w *where) beyondKey(l fleet.List) {
	column := simKeys[l.Sort[0].Field]
	if l.Beyond == nil || column == "" {
		return
	}
	direction := " > "
	if l.Sort[0].Descending {
		direction = " < "
	}
	w.and("(" + column + ", s.id)" + direction + "(" + w.arg(l.Beyond.Value) + ", " + w.arg(l.Beyond.ID) + ")")
}

func filtersBy(l fleet.List, field string) bool {
	for _, f := range l.Filters {
		if f.Field.Name == field {
			return true
		}
	}
	return false
}

// SIM reads one SIM that a Workspace may see; found is false if there is none. lock locks it
// until the transaction ends.
func (tx *Tx) SIM(ctx context.Context, ws fleet.Workspace, id fleet.SIMID, lock bool) (s fleet.SIM, found bool, err error) {
	w := where{tx: tx}
	w.scope(ws)
	w.and("s.status <> " + deletedSIM)
	w.and("s.id = " + w.arg(int64(id)))
	text := "SELECT " + simColumns + " FROM sims s WHERE " + w.String()
	if lock {
		text += tx.dialectSQL("", " FOR NO KEY UPDATE OF s")
	}
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		found = true
		s, err = scanSIM(r)
		return err
	})
	return s, found, err
}
