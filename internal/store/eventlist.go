package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// simplifyEvents removes filters that match all events of a Workspace, replaces names of devices
// by ids, makes a filter by users part of the scope, and reports whether nothing matches.
func (tx *Tx) simplifyEvents(ctx context.Context, ws fleet.WorkspaceID, of EventsOf, l fleet.List) (fleet.List, eventUsers, bool, error) {
	users := eventUsers{id: of.User, username: clean(strings.ToLower(of.Username))}
	var kept []fleet.Filter
	for _, f := range l.Filters {
		f, does, err := tx.simplifyEventFilter(ctx, ws, f)
		switch {
		case err != nil || does == matchesNone:
			return l, users, true, err
		case does == matchesAll:
		case f.Field.Name == "user" && !f.Null && users.any():
			users.filter = &f
		default:
			kept = append(kept, f)
		}
	}
	l.Filters = kept
	return l, users, false, nil
}

// eventUsers are the users who caused the events of a list: one by id or user name, or those of
// a filter, by their ids. The statements find the one by name themselves, so that a user of another
// Workspace takes the path of an unknown one.
type eventUsers struct {
	id       fleet.UserID
	username string
	filter   *fleet.Filter
}

// any reports whether the users are not limited.
func (u eventUsers) any() bool { return u.id == 0 && u.username == "" && u.filter == nil }

// condition returns the SQL condition that a column is one of the users.
func (u eventUsers) condition(w *where, column string) string {
	switch {
	case u.id != 0:
		return column + " = " + w.arg(int64(u.id))
	case u.username != "":
		return column + " = COALESCE((SELECT x.id FROM users x WHERE x.username = " + w.arg(u.username) + "), -1)"
	}
	return w.in(column, arrayParam(w.tx, u.filter.Numbers))
}

// causedBy returns the condition of a filter by users on an event e.
func causedBy(w *where, f fleet.Filter) string {
	var terms []string
	if f.Null {
		terms = append(terms, "e.user_id IS NULL")
	}
	if len(f.Numbers) > 0 {
		terms = append(terms, eventUsers{filter: &f}.condition(w, "e.user_id"))
	}
	return "(" + joinOr(terms) + ")"
}

// What a filter does, as far as it is known without reading events.
const (
	matchesSome = iota
	matchesAll
	matchesNone
)

// simplifyEventFilter replaces names in a filter by ids, and returns what the filter does.
func (tx *Tx) simplifyEventFilter(ctx context.Context, ws fleet.WorkspaceID, f fleet.Filter) (_ fleet.Filter, does int, err error) {
	switch f.Field.Name {
	case "network", "rat", "country":
		return f, matchesNone, nil
	case "alert": // no event is one
		if slices.Contains(f.Numbers, 0) {
			return f, matchesAll, nil
		}
		return f, matchesNone, nil
	case "organisation":
		own, err := tx.namesWorkspace(ctx, ws, f)
		if own {
			return f, matchesAll, err
		}
		return f, matchesNone, err
	case "user":
		f, err = tx.usersNamed(ctx, f)
	case "endpoint", "imei", "ip_address":
		f, err = tx.devicesNamed(ctx, ws, f)
	}
	if len(f.Numbers)+len(f.Texts)+len(f.Times) == 0 && !f.Null {
		does = matchesNone
	}
	return f, does, err
}

// namesWorkspace reports whether a filter has the id or the name of a Workspace among its values.
func (tx *Tx) namesWorkspace(ctx context.Context, ws fleet.WorkspaceID, f fleet.Filter) (bool, error) {
	if slices.Contains(f.Numbers, int64(ws)) || len(f.Texts) == 0 {
		return slices.Contains(f.Numbers, int64(ws)), nil
	}
	w := where{tx: tx}
	own, err := tx.ids(ctx, "SELECT w.id FROM workspaces w WHERE w.id = "+w.arg(int64(ws))+" AND "+w.in("w.name", arrayParam(tx, f.Texts)), w.args)
	return len(own) > 0, err
}

// usersNamed replaces the names of a filter by the ids of the users who have them, as user name or
// as name. For each name that no user has there is an id that does not exist: then what follows
// takes as long as for a user of another Workspace.
func (tx *Tx) usersNamed(ctx context.Context, f fleet.Filter) (fleet.Filter, error) {
	if len(f.Texts) == 0 {
		return f, nil
	}
	var names, usernames []string
	for _, text := range f.Texts {
		names, usernames = append(names, clean(text)), append(usernames, clean(strings.ToLower(text)))
	}
	w := where{tx: tx}
	text := w.namedUsers(usernameOfX, usernames, -1) + " UNION ALL " + w.namedUsers("x.name", names, -1-len(usernames))
	ids, err := tx.ids(ctx, text, w.args)
	f.Numbers, f.Texts = append(slices.Clone(f.Numbers), ids...), nil
	return f, err
}

// namedUsers selects the ids of the users whose column has one of the names, and, for each name
// that no user has, another id that does not exist: none or below.
func (w *where) namedUsers(column string, names []string, none int) string {
	return "SELECT " + foundOr(none) + " AS id FROM " + w.eachText(names) + w.tx.dialectSQL(
		" LEFT JOIN users x ON "+column+" = j.value",
		" LEFT JOIN LATERAL (SELECT x.id FROM users x WHERE "+column+" = j.value OFFSET 0) x ON TRUE")
}

// maxNamed is how many devices of one name, address or IMEI are replaced by their ids.
const maxNamed = 1000

// devicesNamed replaces the names, IMEIs or addresses of a filter by the ids of the devices of
// the Workspace that have them, unless they are many.
func (tx *Tx) devicesNamed(ctx context.Context, ws fleet.WorkspaceID, f fleet.Filter) (fleet.Filter, error) {
	if len(f.Texts) == 0 {
		return f, nil
	}
	column := map[string]string{"endpoint": "d.name", "imei": "d.imei", "ip_address": "d.ip_address"}[f.Field.Name]
	named := fleet.Filter{Field: fleet.ListField{Kind: f.Field.Kind}, Texts: f.Texts}
	w := where{tx: tx}
	text := "SELECT d.id FROM devices d WHERE d.workspace_id = " + w.arg(int64(ws)) + " AND (" + joinOr(w.alternatives(named, column)) + ")"
	ids, err := tx.ids(ctx, fmt.Sprintf("%s LIMIT %d", text, maxNamed+1), w.args)
	if err != nil || len(ids) > maxNamed {
		return f, err
	}
	f.Field = fleet.ListField{Name: "endpoint", Nullable: f.Field.Nullable}
	f.Numbers, f.Texts = append(slices.Clone(f.Numbers), ids...), nil
	return f, nil
}

// ids reads the ids that a statement selects.
func (tx *Tx) ids(ctx context.Context, text string, args []any) (ids []int64, err error) {
	err = tx.queryEach(ctx, text, args, func(r rows) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// planEvents finds the total and the page of a list of events. Those of one SIM or device are
// few, and found by an index.
func (tx *Tx) planEvents(ctx context.Context, ws fleet.WorkspaceID, of EventsOf, users eventUsers, l fleet.List) (planned, error) {
	b := eventsOf(ws, users)
	if of.SIM == 0 && of.Device == 0 {
		return tx.plan(ctx, b, l)
	}
	w := where{tx: tx}
	if of.SIM != 0 {
		w.and("e.sim_id = " + w.arg(int64(of.SIM)))
	}
	if of.Device != 0 {
		w.and("e.device_id = " + w.arg(int64(of.Device)))
	}
	w.and("e.workspace_id = " + w.arg(int64(ws)))
	text := "SELECT e.* FROM events e WHERE " + w.String()
	w = where{tx: tx, within: b.within, special: b.special, args: w.args}
	b.scope(&w)
	return tx.counted(ctx, b, l, text, w, nil)
}

// eventsOf describes the events of a Workspace, all or those that users caused.
func eventsOf(ws fleet.WorkspaceID, users eventUsers) *longList {
	b := &longList{
		kind: listEvents, upto: listEvents,
		alias: "e", id: "e.id", at: "e.at", fields: eventColumns, within: eventNames, special: map[string]specialFilter{"user": causedBy},
		things: "events", advice: fmt.Sprintf("add from and until, or a filter by user, sim, endpoint, imei, ip_address, a whole iccid, or at most %d values of imsi", mostSought),
		keys: func(w *where) string { return "t.key = " + w.arg(int64(ws)) + " AND t.sub = 0" },
		scope: func(w *where) {
			w.and("e.workspace_id = " + w.arg(int64(ws)))
			if !users.any() {
				w.and(users.condition(w, "e.user_id"))
			}
		},
		found: func(w *where, f fleet.Filter) (string, bool) { return foundEvents(w, ws, f) },
	}
	if !users.any() {
		b.kind = listUserEvents
		b.keys = func(w *where) string { return "t.key = " + w.arg(int64(ws)) + " AND " + users.condition(w, "t.sub") }
	}
	b.rows = func(w *where, ids idText, part *listPart) string {
		of := where{tx: w.tx, args: w.args}
		b.scope(&of)
		w.args = of.args
		return "SELECT e.* FROM events e WHERE " + of.String() + " AND e.id BETWEEN " + ids.first + " AND " + ids.last + part.order("e.id")
	}
	return b
}

// foundEvents selects the events of what a filter names, if an index finds that and its events
// in the Workspace. Events in other Workspaces are not read.
func foundEvents(w *where, ws fleet.WorkspaceID, f fleet.Filter) (text string, ok bool) {
	if f.Null || len(f.Numbers)+len(f.Texts) == 0 {
		return "", false
	}
	name, column, index := f.Field.Name, "sim_id", "events_sim"
	switch {
	case name == "id":
		return "SELECT e.* FROM events e WHERE " + w.own("events", "e.id", int64(ws), eventOwners, w.ids(f)), true
	case name == "endpoint" && len(f.Texts) == 0:
		column, index = "device_id", "events_device"
	case name == "sim": // or a number of it: see identify
	default:
		return "", false
	}
	of := w.arg(int64(ws))
	all := w.ids(f)
	return w.tx.dialectSQL(
		"SELECT e.* FROM events e INDEXED BY "+index+" WHERE e.workspace_id = "+of+" AND e."+column+" IN ("+all+")",
		"SELECT e.* FROM ("+all+") i CROSS JOIN LATERAL (SELECT q.* FROM events q WHERE q."+column+" = i.id AND q.workspace_id = "+of+" OFFSET 0) e"), true
}
