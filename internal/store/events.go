package store

import (
	"context"
	"strings"

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

// eventNames are the conditions on what an event refers to, by the name or number of that.
var eventNames = map[string]string{
	"organisation": "e.workspace_id IN (SELECT x.id FROM workspaces x WHERE {x.name})",
	"user":         "e.user_id IN (SELECT x.id FROM users x WHERE {x.name} OR {" + usernameOfX + "})",
	"endpoint":     "e.device_id IN (SELECT x.id FROM devices x WHERE {x.name})",
	"tags":         "e.device_id IN (SELECT x.id FROM devices x WHERE {x.tags})",
	"ip_address":   "e.device_id IN (SELECT x.id FROM devices x WHERE {x.ip_address})",
	"imei":         "e.device_id IN (SELECT x.id FROM devices x WHERE {x.imei})",
	"iccid":        "e.sim_id IN (SELECT x.id FROM sims x WHERE {x.iccid})", "iccid_with_luhn": "e.sim_id IN (SELECT x.id FROM sims x WHERE {x.iccid})",
	"imsi": "e.sim_id IN (SELECT x.id FROM sims x WHERE {x.imsi})",
}

// InsertEvent writes one event at the transaction's instant.
func (tx *Tx) InsertEvent(ctx context.Context, e fleet.Event) error {
	return tx.exec(ctx, `
		INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		micros(tx.now), int64(e.Type), int64(fleet.SourceAPI), int64(e.Severity), int64(e.Workspace), orNull(e.User),
		orNull(e.SIM), orNull(e.Device), orNull(e.Migration), e.Description)
}

// EventsOf narrows a list of events to those of one thing; 0 does not narrow.
type EventsOf struct {
	SIM    fleet.SIMID
	Device fleet.DeviceID
	User   fleet.UserID // the user who caused it
	// Username is the e-mail address of the user who caused it, in upper or lower case; "" does
	// not narrow.
	Username string
}

// Events reads one page of the events of a Workspace.
func (tx *Tx) Events(ctx context.Context, ws fleet.WorkspaceID, of EventsOf, l fleet.List) (fleet.Page[EventRecord], error) {
	w := where{tx: tx, within: eventNames}
	w.and("e.workspace_id = " + w.arg(int64(ws)))
	if of.SIM != 0 {
		w.and("e.sim_id = " + w.arg(int64(of.SIM)))
	}
	if of.Device != 0 {
		w.and("e.device_id = " + w.arg(int64(of.Device)))
	}
	if of.User != 0 {
		w.and("e.user_id = " + w.arg(int64(of.User)))
	}
	if of.Username != "" {
		w.and("e.user_id = (SELECT n.id FROM users n WHERE n.username = " + w.arg(clean(strings.ToLower(of.Username))) + ")")
	}
	w.filter(l, eventColumns)
	page := fleet.Page[EventRecord]{PerPage: l.PerPage}
	if _, err := tx.one(ctx, "SELECT count(*) FROM events e WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	if err := tx.sortable(l, page.Total, "events"); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	text := `SELECT e.id, e.at, e.type, e.source, e.severity, e.workspace_id, COALESCE(e.user_id, 0), COALESCE(e.sim_id, 0),
			COALESCE(e.device_id, 0), COALESCE(e.ledger_id, 0), e.description, w.name, ` + shownUsername + `, COALESCE(u.name, ''),
			COALESCE(s.iccid, ''), COALESCE(s.imsi, ''), COALESCE(s.msisdn, ''), COALESCE(d.name, '')
		FROM events e JOIN workspaces w ON w.id = e.workspace_id LEFT JOIN users u ON u.id = e.user_id
			LEFT JOIN sims s ON s.id = e.sim_id LEFT JOIN devices d ON d.id = e.device_id
		WHERE ` + w.String() + " ORDER BY " + w.orderBy(l, eventColumns) + " LIMIT " + w.arg(l.PerPage) + " OFFSET " + w.arg(offset)
	err := tx.each(ctx, text, w.args, func(r rows) error {
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
