package store

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
)

// DevicePage reads one page of the devices of a Workspace. Deleted ones are shown only to a
// filter that asks for their status. Errors: BadQuery or BadSort if too many devices would have
// to be read; the message says what to add.
func (tx *Tx) DevicePage(ctx context.Context, ws fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.Device], error) {
	page := fleet.Page[fleet.Device]{PerPage: l.PerPage}
	statuses := []int64{int64(fleet.DeviceDisabled), int64(fleet.DeviceEnabled)}
	for _, f := range l.Filters {
		if f.Field.Name == "status" {
			statuses = f.Numbers // of several such filters, each is a condition
		}
	}
	if len(l.Filters) == 1 && l.Filters[0].Field.Name == "status" {
		l.Filters = nil // the scope has it
	}
	l, err := tx.identify(ctx, l, "sim", "imsi")
	if err != nil {
		return page, err
	}
	p, err := tx.plan(ctx, devicesOf(ws, statuses), l)
	page.Total, page.Page = p.total, p.page
	if err != nil {
		return page, err
	}
	w := &p.w
	text := p.source.with + "SELECT " + deviceColumns + " FROM " + p.source.table + " WHERE " + w.String() +
		" ORDER BY " + w.orderBy(l, deviceFields) + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(p.offset)
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		d, err := scanDevice(r)
		page.Items = append(page.Items, d)
		return err
	})
	return page, err
}

// devicesOf describes the devices of a Workspace with one of the statuses.
func devicesOf(ws fleet.WorkspaceID, statuses []int64) *longList {
	b := &longList{
		kind: listDevices, changes: true,
		alias: "d", id: "d.id", fields: deviceFields,
		things: "devices", advice: fmt.Sprintf("add a filter that few devices match, such as id, name, imei, ip_address, sim, a whole iccid, or at most %d values of imsi", mostSought),
		keys: func(w *where) string {
			return "t.key = " + w.arg(int64(ws)) + " AND " + w.in("t.sub", arrayParam(w.tx, statuses))
		},
		scope: func(w *where) {
			w.and("d.workspace_id = " + w.arg(int64(ws)))
			w.and(w.in("d.status", arrayParam(w.tx, statuses)))
		},
		found: func(w *where, f fleet.Filter) (string, bool) { return foundDevices(w, ws, f) },
	}
	b.rows = func(w *where, ids idText, part *listPart) string {
		of := where{tx: w.tx, args: w.args}
		b.scope(&of)
		w.args = of.args
		return "SELECT d.* FROM devices d WHERE " + of.String() + " AND d.id BETWEEN " + ids.first + " AND " + ids.last + part.order("d.id")
	}
	return b
}

// foundDevices selects the devices that an index finds by a filter. Those of other Workspaces, and
// those with SIMs of others, take the same time as those that do not exist.
func foundDevices(w *where, ws fleet.WorkspaceID, f fleet.Filter) (text string, ok bool) {
	if f.Null {
		return "", false
	}
	var condition string
	switch name := f.Field.Name; {
	case name == "id":
		condition = w.own("devices", "d.id", int64(ws), deviceOwners, w.ids(f))
	case name == "name", name == "imei", name == "ip_address":
		condition = "d.workspace_id = " + w.arg(int64(ws)) + " AND (" + joinOr(w.alternatives(f, deviceFields[name])) + ")"
	case name == "sim": // a SIM is in a device of its own Workspace
		condition = "d.id IN (SELECT x.device_id FROM sims x WHERE " + w.own("sims", "x.id", int64(ws), simOwners[:1], w.ids(f)) + ")"
	case (name == "iccid" || name == "iccid_with_luhn") && wholeICCIDs(f):
		own := "x.workspace_id = " + w.arg(int64(ws)) + " AND x.iccid = j.value"
		condition = "d.id IN (SELECT x.device_id FROM " + w.eachText(f.Texts) + " CROSS JOIN " + w.tx.dialectSQL(
			"sims x INDEXED BY sims_workspace_iccid WHERE "+own, "LATERAL (SELECT x.device_id FROM sims x WHERE "+own+" OFFSET 0) x") + ")"
	default:
		return "", false
	}
	return "SELECT d.* FROM devices d WHERE " + condition, true
}
