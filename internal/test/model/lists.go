package model

import (
	"slices"
	"strings"
)

var simListing = listing{
	fields: map[string]kind{
		"id": whole, "iccid": prefix, "iccid_with_luhn": luhn, "imsi": text, "msisdn": text, "eid": text, "status": whole,
		"endpoint": wholeOrNull, "customer_org": whole, "issuer_org": whole, "reseller_org": wholeOrNull, "production_date": instant, "model": whole,
	},
	perPage: 2000, most: 2500,
}

// ListSIMs models GET /api/v1/sim. Deleted SIMs are shown only if the query names their status.
func (m *Model) ListSIMs(bearer int, q Query) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	byStatus := slices.ContainsFunc(q.Filters, func(f Filter) bool { return strings.EqualFold(f.Field, "status") })
	var rows []row
	for _, s := range m.sims {
		if m.sees(c.workspace, s) && (byStatus || s.now().status != deleted) {
			rows = append(rows, m.simRow(s))
		}
	}
	return simListing.page(rows, q)
}

func (m *Model) simRow(s *sim) row {
	return row{map[string]any{
		"id": s.id, "iccid": s.iccid, "iccid_with_luhn": withLuhn(s.iccid), "imsi": s.imsi, "msisdn": s.msisdn, "eid": "",
		"status": int64(s.now().status), "endpoint": orNone(s.now().device), "customer_org": s.now().workspace,
		"issuer_org": s.issuer, "reseller_org": orNone(s.reseller), "production_date": s.produced, "model": int64(1),
	}, func() object { return m.simBody(s) }}
}

func orNone(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

var eventListing = listing{
	fields: map[string]kind{
		"id": whole, "timestamp": instant, "event_type": whole, "event_source": whole, "event_severity": whole,
		"type": whole, "source": whole, "severity": whole,
		"sim": wholeOrNull, "endpoint": wholeOrNull, "user": wholeOrNull, "organisation": whole, "from": since, "until": before,
	},
	unsorted:   []string{"from", "until"},
	descending: true, perPage: 100, most: 2500,
}

// ListEvents models GET /api/v1/event, or with a SIM GET /api/v1/sim/{id}/event.
func (m *Model) ListEvents(bearer int, ofSIM *int64, q Query) Answer {
	return m.listEvents(bearer, q, func(_ caller, e *event) bool { return ofSIM == nil || *ofSIM > 0 && e.sim == *ofSIM })
}

// ListUserEvents models GET /api/v1/user/{id}/event; nil is the caller.
func (m *Model) ListUserEvents(bearer int, user *int64, q Query) Answer {
	return m.listEvents(bearer, q, func(c caller, e *event) bool {
		wanted := c.id()
		if user != nil {
			wanted = *user
		}
		return wanted > 0 && e.user == wanted
	})
}

func (m *Model) listEvents(bearer int, q Query, of func(caller, *event) bool) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	var rows []row
	for i, e := range m.events {
		if e.workspace == c.workspace && of(c, e) {
			rows = append(rows, row{map[string]any{
				"id": int64(i + 1), "timestamp": e.at, "event_type": int64(e.kind), "event_source": int64(2), "event_severity": int64(e.severity),
				"from": e.at, "until": e.at, "type": int64(e.kind), "source": int64(2), "severity": int64(e.severity),
				"sim": orNone(e.sim), "endpoint": orNone(e.device), "user": orNone(e.user), "organisation": e.workspace,
			}, func() object { return m.eventBody(i+1, e) }})
		}
	}
	return eventListing.page(rows, q)
}

func (m *Model) eventBody(id int, e *event) object {
	body := object{
		"id": id, "timestamp": eventTime(e.at), "alert": false, "description": e.words,
		"event_type":   object{"id": e.kind, "description": eventNames[e.kind]},
		"event_source": object{"id": 2, "description": "API"}, "event_severity": object{"id": e.severity, "description": map[int]string{0: "Info", 2: "Critical"}[e.severity]},
		"organisation": m.workspaceRef(e.workspace),
	}
	if u := m.users[e.user]; u != nil {
		body["user"] = object{"id": u.id, "username": u.username, "name": u.name}
	}
	if s := m.sims[e.sim]; s != nil {
		body["sim"] = object{"id": s.id, "iccid": s.iccid}
	}
	return m.addDevice(body, e.device)
}

var ledgerListing = listing{
	fields: map[string]kind{
		"id": whole, "timestamp": instant, "from": since, "until": before, "user": whole, "target_workspace": whole, "source_workspace": wholes,
		"sim": wholes, "iccid": numbers, "iccid_with_luhn": numbersLuhn, "reference": text,
	},
	unsorted:   []string{"from", "until", "source_workspace", "sim", "iccid", "iccid_with_luhn", "reference"},
	descending: true, perPage: 100, most: 1000,
}

// ListMigrations models GET /api/v1/migration.
func (m *Model) ListMigrations(bearer int, q Query) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	var rows []row
	for i, e := range m.ledger {
		if m.mayRead(c, e) {
			sources, ids, iccids := m.shownOf(c, e)
			user := orNone(e.user)
			if m.hidesUser(c, e) {
				user = nil
			}
			rows = append(rows, row{map[string]any{
				"id": int64(i + 1), "timestamp": e.at, "from": e.at, "until": e.at, "user": user, "target_workspace": e.target,
				"source_workspace": sources, "sim": ids, "iccid": iccids, "iccid_with_luhn": iccids, "reference": e.note.reference,
			}, func() object { return m.entryBody(c, i+1, e) }})
		}
	}
	return ledgerListing.page(rows, q)
}

// shownOf returns what a caller sees of an entry: its sources and SIMs.
func (m *Model) shownOf(c caller, e *entry) (sources, ids []int64, iccids []string) {
	for _, s := range e.sources {
		if m.belongs(c, e.target) || m.belongs(c, s.workspace) {
			sources = append(sources, s.workspace)
		}
	}
	for _, l := range e.lines {
		if m.belongs(c, e.target) || m.belongs(c, l.before().workspace) {
			ids, iccids = append(ids, l.sim.id), append(iccids, l.sim.iccid)
		}
	}
	return sources, ids, iccids
}

// mayRead reports whether the caller is a member of a side. A program has one Workspace.
func (m *Model) mayRead(c caller, e *entry) bool {
	if e.kind != 1 {
		return false
	}
	sides := []int64{e.target}
	for _, s := range e.sources {
		sides = append(sides, s.workspace)
	}
	return slices.ContainsFunc(sides, func(ws int64) bool { return m.belongs(c, ws) })
}

// belongs reports whether a Workspace is one of the caller's.
func (m *Model) belongs(c caller, ws int64) bool {
	return c.user == nil && ws == c.workspace || c.user != nil && m.role(c.user, ws) != 0
}

// GetMigration models GET /api/v1/migration/{id}.
func (m *Model) GetMigration(bearer int, id int64) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	if id < 1 || id > int64(len(m.ledger)) || !m.mayRead(c, m.ledger[id-1]) {
		return notFound("migration with id " + number(id) + " not found")
	}
	e := m.ledger[id-1]
	body := m.entryBody(c, int(id), e)
	lines := []any{}
	for _, l := range e.lines {
		if !m.belongs(c, e.target) && !m.belongs(c, l.before().workspace) {
			continue
		}
		lines = append(lines, object{
			"id": l.sim.id, "iccid": l.sim.iccid, "iccid_with_luhn": withLuhn(l.sim.iccid),
			"before": m.lineState(m.shownBefore(c, e, l), l.deviceName()), "after": m.lineState(l.after(), ""),
		})
	}
	body["sims"] = lines
	return ok(body)
}

// hidesUser reports whether a caller must not see who made a change: the giver of an offer does not
// see who accepted it.
func (m *Model) hidesUser(c caller, e *entry) bool { return e.offer != 0 && !m.belongs(c, e.target) }

// shownBefore returns a SIM before a move. The receiver of an offer does not see its device.
func (m *Model) shownBefore(c caller, e *entry, l line) state {
	was := l.before()
	if e.offer != 0 && !m.belongs(c, was.workspace) {
		was.device = 0
	}
	return was
}

func (m *Model) lineState(s state, deviceName string) object {
	body := object{"workspace": m.workspaceRef(s.workspace), "status": statusRef(s.status)}
	if s.device != 0 {
		body["endpoint"] = object{"id": s.device, "name": deviceName}
	}
	return body
}

// entryBody returns an entry as the caller sees it: a caller without access to the target sees its
// own sources and their SIMs.
func (m *Model) entryBody(c caller, id int, e *entry) object {
	sources, count := []any{}, 0
	for _, s := range e.sources {
		if !m.belongs(c, e.target) && !m.belongs(c, s.workspace) {
			continue
		}
		count += s.count
		sources = append(sources, object{"id": s.workspace, "name": m.workspaces[s.workspace].name, "sim_count": s.count, "authority": e.by})
	}
	body := object{
		"id": id, "timestamp": resourceTime(e.at),
		"auto_detach_devices": e.detach, "allowed_sim_statuses": allowedRefs(e.allowed), "source_workspaces": sources,
		"target_workspace": m.workspaceRef(e.target), "sim_count": count, "target_authority": e.by,
		"rule_set": e.ruleSet,
	}
	if e.undo != nil {
		body["undoes"], body["restore_status"], body["restore_devices"] = object{"id": e.undo.of}, e.undo.status, e.undo.devices
	}
	e.note.show(body)
	if e.job != nil && m.seesJob(c, e.job) {
		body["job"] = object{"id": e.job.id}
	}
	var undone []any
	for i, u := range m.ledger {
		if u.undo != nil && u.undo.of == int64(id) && m.mayRead(c, u) {
			undone = append(undone, object{"id": i + 1, "sim_count": u.count})
		}
	}
	if undone != nil {
		body["undone_by"] = undone
	}
	if u := m.users[e.user]; u != nil && !m.hidesUser(c, e) {
		body["user"] = object{"id": u.id, "name": u.username}
	}
	return body
}
