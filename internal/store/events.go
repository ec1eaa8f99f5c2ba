package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// EventRecord is an event with the names that the API shows.
type EventRecord struct {
	fleet.Event
	WorkspaceName string
	Username      string
	UserName      string
	ICCID         fleet.ICCID
	IMSI          string
	MSISDN        string
	DeviceName    string
}

var eventColumns = map[string]string{
	"id": "e.id", "timestamp": "e.at", "event_type": "e.type", "event_source": "e.source", "event_severity": "e.severity",
	"sim": "e.sim_id", "endpoint": "e.device_id", "user": "e.user_id", "organisation": "e.workspace_id",
	"type": "e.type", "source": "e.source", "severity": "e.severity", "from": "e.at", "until": "e.at", "description": "e.description",
	"alert": "(e.id * 0)", // no event is an alert; ORDER BY would read a constant as a column number
	"tags":  ofEventDevice("tags"), "ip_address": ofEventDevice("ip_address"), "imei": ofEventDevice("imei"),
	"iccid": ofEventSIM("iccid"), "iccid_with_luhn": ofEventSIM("iccid"), "imsi": ofEventSIM("imsi"),
}

func ofEventDevice(column string) string {
	return "COALESCE((SELECT x." + column + " FROM devices x WHERE x.id = e.device_id), '')"
}

func ofEventSIM(column string) string {
	return "COALESCE((SELECT x." + column + " FROM sims x WHERE x.id = e.sim_id), '')"
}

// usernameOfX is shownUsername for a user x.
const usernameOfX = "COALESCE(x.former_username, x.username)"

// eventNames has, by field, the condition on the device that an event refers to. LIMIT
// and OFFSET keep PostgreSQL from reading the whole other table instead of one row per event.
var eventNames = map[string]string{
	"endpoint":   ofDeviceWith("name"),
	"tags":       ofDeviceWith("tags"),
	"ip_address": ofDeviceWith("ip_address"),
	"imei":       ofDeviceWith("imei"),
}

func ofDeviceWith(column string) string {
	return "EXISTS (SELECT 1 FROM devices x WHERE x.id = e.device_id AND x.workspace_id = e.workspace_id AND {x." + column + "} LIMIT 1 OFFSET 0)"
}

var insertEvent = insertion("events",
	"at type source severity workspace_id user_id sim_id device_id ledger_id description", "")

// InsertEvent writes one event at the transaction's instant.
func (tx *Tx) InsertEvent(ctx context.Context, e fleet.Event) error {
	return tx.execNamed(ctx, insertEvent, params{
		"at": micros(tx.now), "type": int64(e.Type), "source": int64(fleet.SourceAPI), "severity": int64(e.Severity),
		"workspace_id": int64(e.Workspace), "user_id": orNull(e.User), "sim_id": orNull(e.SIM), "device_id": orNull(e.Device),
		"ledger_id": orNull(e.Migration), "description": e.Description,
	})
}

// EventsOf narrows a list of events to those of a SIM, a device or a user; 0 does not narrow.
type EventsOf struct {
	SIM    fleet.SIMID
	Device fleet.DeviceID
	User   fleet.UserID // the user who caused it
	// Username is the e-mail address of the user who caused it, in upper or lower case; "" does
	// not narrow.
	Username string
}

// Events reads one page of the events of a Workspace. Errors: BadQuery or BadSort if too many
// events would have to be read; the message says what to add.
func (tx *Tx) Events(ctx context.Context, ws fleet.WorkspaceID, of EventsOf, l fleet.List) (fleet.Page[EventRecord], error) {
	page := fleet.Page[EventRecord]{PerPage: l.PerPage}
	l, users, nothing, err := tx.simplifyEvents(ctx, ws, of, l)
	if err != nil {
		return page, err
	}
	if nothing {
		page.Page, _ = l.At(0)
		return page, nil
	}
	if of.SIM == 0 && of.Device == 0 { // else the numbers of few events are compared
		l, err = tx.identify(ctx, l, "sim", "imsi", "iccid", "iccid_with_luhn")
		if err != nil {
			return page, err
		}
	}
	p, err := tx.planEvents(ctx, ws, of, users, l)
	page.Total, page.Page = p.total, p.page
	if err != nil {
		return page, err
	}
	w := &p.w
	text := p.source.with + `SELECT e.id, e.at, e.type, e.source, e.severity, e.workspace_id, COALESCE(e.user_id, 0), COALESCE(e.sim_id, 0),
			COALESCE(e.device_id, 0), COALESCE(e.ledger_id, 0), e.description, w.name, ` + shownUsername + `, COALESCE(u.name, ''),
			COALESCE(s.iccid, ''), COALESCE(s.imsi, ''), COALESCE(s.msisdn, ''), COALESCE(d.name, '')
		FROM (SELECT * FROM ` + p.source.table + " WHERE " + w.String() + " ORDER BY " + w.orderBy(l, eventColumns) +
		" LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(p.offset) + `) e
			JOIN workspaces w ON w.id = e.workspace_id LEFT JOIN users u ON u.id = e.user_id
			LEFT JOIN sims s ON s.id = e.sim_id LEFT JOIN devices d ON d.id = e.device_id
		ORDER BY ` + w.orderBy(l, eventColumns)
	err = tx.queryEach(ctx, text, w.args, func(r rows) error {
		var e EventRecord
		var at int64
		err := r.Scan(&e.ID, &at, &e.Type, &e.Source, &e.Severity, &e.Workspace, &e.User, &e.SIM, &e.Device, &e.Migration,
			&e.Description, &e.WorkspaceName, &e.Username, &e.UserName, &e.ICCID, &e.IMSI, &e.MSISDN, &e.DeviceName)
		e.Time = fromMicros(at)
		page.Items = append(page.Items, e)
		return err
	})
	return page, err
}
