package model

import (
	"cmp"
	"fmt"
	"slices"
)

// undoing names the migration that an entry reverses, and says what is restored.
type undoing struct {
	of              int64
	status, devices bool
}

// Undo models POST /api/v1/migration/{id}/undo. Its body has Go's own types.
type Undo struct {
	Migration int64
	Body      object
}

// wayBack is the request for an undo, and the lines that it selects.
type wayBack struct {
	undoing
	entry  *entry
	detach bool
	lines  []line
	note   note
	homes  []int64 // ascending
}

// UndoMigration returns the response to an undo, and carries it out unless it is a dry run.
func (m *Model) UndoMigration(bearer int, a Undo) Answer {
	c, refused := m.admit(bearer, members)
	if refused != nil {
		return *refused
	}
	if sims, given := a.Body["sims"].([]object); given && len(sims) == 0 {
		return badRequest()
	}
	if _, fine := noteOf(a.Body); !fine {
		return badRequest()
	}
	if a.Migration < 1 || a.Migration > int64(len(m.ledger)) || !m.mayRead(c, m.ledger[a.Migration-1]) {
		return notFound("migration with id " + number(a.Migration) + " not found")
	}
	w, missing := m.back(c, a)
	if len(missing) > 0 {
		return allMissing(missing)
	}
	if missing := m.unseen(c, w); len(missing) > 0 {
		return allMissing(missing)
	}
	if groups := m.against(c.user, w, ruleAsk{request: m.stillThere(w)}); len(groups) > 0 {
		return against(groups)
	}
	dry := a.Body["dry_run"] != false
	answer := ok(m.undoBody(w, dry))
	if !dry {
		first := len(m.ledger) + 1
		m.moveBack(c, w, answer.Body.(object)) //nolint:errcheck,forcetypeassert // undoBody made it
		answer = answer.with("Location", fmt.Sprintf("/api/v1/migration/%d", first))
	}
	return answer
}

// unseen names the Workspaces and SIMs of an undo that the caller does not see.
func (m *Model) unseen(c caller, w wayBack) (missing []string) {
	for _, ws := range w.homes {
		if !m.administers(c.user, ws) {
			missing = append(missing, "workspace with id "+number(ws)+" not found")
		}
	}
	if m.role(c.user, w.entry.target) == 0 {
		for _, l := range w.lines {
			missing = append(missing, "sim with id "+number(l.sim.id)+" not found")
		}
	}
	return missing
}

// back finds the lines of an undo, and the SIMs that are not in the entry.
func (m *Model) back(c caller, a Undo) (w wayBack, missing []string) {
	said := func(name string, usual bool) bool {
		if v, is := a.Body[name].(bool); is {
			return v
		}
		return usual
	}
	w = wayBack{
		undoing: undoing{a.Migration, said("restore_status", true), said("restore_devices", true)},
		entry:   m.ledger[a.Migration-1], detach: said("auto_detach_devices", false),
	}
	w.note, _ = noteOf(a.Body)
	var ids []int64
	sims, given := a.Body["sims"].([]object)
	for _, ref := range sims {
		id, _ := refID(ref)
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	found := map[int64]bool{}
	for _, l := range w.entry.lines {
		mine := m.belongs(c, w.entry.target) || m.belongs(c, l.before().workspace)
		if mine && (!given || slices.Contains(ids, l.sim.id)) {
			w.lines = append(w.lines, l)
			w.homes = append(w.homes, l.before().workspace)
			found[l.sim.id] = true
		}
	}
	slices.Sort(w.homes)
	w.homes = slices.Compact(w.homes)
	for _, id := range ids {
		if !found[id] {
			missing = append(missing, "sim with id "+number(id)+" not found")
		}
	}
	return w, missing
}

// undoneBy returns the id of the undo that has moved a SIM back, 0 for none.
func (m *Model) undoneBy(of int64, s *sim) int64 {
	for i, e := range m.ledger {
		if e.undo != nil && e.undo.of == of && slices.ContainsFunc(e.lines, func(l line) bool { return l.sim == s }) {
			return int64(i + 1)
		}
	}
	return 0
}

// undoConflicts collects the SIMs that prevent an undo, and what is said of each, by code.
type undoConflicts struct{ sims, details map[int][]any }

func (conflicts undoConflicts) add(code int, s, detail object) {
	conflicts.sims[code] = append(conflicts.sims[code], s)
	if detail != nil {
		conflicts.details[code] = append(conflicts.details[code], detail)
	}
}

// against returns everything that prevents an undo.
func (m *Model) against(u *user, w wayBack, a ruleAsk) []any {
	conflicts := undoConflicts{map[int][]any{}, map[int][]any{}}
	for _, l := range w.lines {
		shown, still := m.drifted(u, w, l, conflicts)
		if !still || l.sim.now().workspace != l.after().workspace {
			continue
		}
		m.checkWayBack(u, w, l, shown, conflicts)
	}
	for _, ws := range w.homes {
		if m.workspaces[ws].suspended && conflicts.sims[1509] == nil {
			conflicts.sims[1509] = []any{}
		}
	}
	return byCode(append(undoGroups(conflicts.sims, conflicts.details), m.undoRules(w, a)...))
}

// moving returns the lines of an undo whose SIMs are where the migration left them.
func (m *Model) moving(w wayBack) (lines []line) {
	for _, l := range w.lines {
		now := l.sim.now()
		if m.undoneBy(w.of, l.sim) == 0 && now.status != deleted && now.workspace == l.after().workspace {
			lines = append(lines, l)
		}
	}
	return lines
}

func (m *Model) stillThere(w wayBack) int { return len(m.moving(w)) }

// undoRules returns the reasons of rules for which SIMs may not move back, each once over all
// Workspaces that get SIMs back, with its SIMs in the order of the entry.
func (m *Model) undoRules(w wayBack, a ruleAsk) (groups []any) {
	type reason struct {
		rule *rule
		code int
	}
	var order []reason
	found, sims := map[reason]object{}, map[reason][]*sim{}
	for _, home := range w.homes {
		var back []*sim
		for _, l := range m.moving(w) {
			if l.before().workspace == home {
				back = append(back, l.sim)
			}
		}
		for _, h := range m.hits(home, back, a) {
			code, message := h.refusal(a)
			if code == 0 {
				continue
			}
			why := reason{h.rule, code}
			if found[why] == nil {
				order = append(order, why)
				found[why] = object{"error_code": code, "message": message, "rule": h.rule.ref(code)}
			}
			sims[why] = append(sims[why], h.sims...)
		}
	}
	slices.SortStableFunc(order, func(a, b reason) int {
		return cmp.Compare(found[a]["message"].(string), found[b]["message"].(string)) //nolint:errcheck,forcetypeassert // it was put there
	})
	for _, why := range order {
		lines := []any{}
		for _, l := range w.lines {
			if slices.Contains(sims[why], l.sim) {
				lines = append(lines, m.simLine(l.sim))
			}
		}
		found[why]["sims"] = lines
		groups = append(groups, found[why])
	}
	return groups
}

// drifted adds what has happened to a SIM since the entry. It returns the SIM as the caller is
// shown it, and whether other rules can apply to it.
func (m *Model) drifted(u *user, w wayBack, l line, conflicts undoConflicts) (shown object, still bool) {
	s, now := l.sim, l.sim.now()
	visible := now.status != deleted && m.role(u, now.workspace) != 0
	shown = m.simLine(s)
	if !visible {
		shown = m.addDevice(object{
			"id": s.id, "iccid": s.iccid, "iccid_with_luhn": withLuhn(s.iccid), "status": statusRef(l.after().status),
			"source_workspace": m.workspaceRef(l.after().workspace),
		}, l.after().device)
	}
	switch by := m.undoneBy(w.of, s); {
	case by != 0:
		conflicts.add(1512, shown, object{"id": s.id, "undone_by": object{"id": by}})
		return shown, false
	case !visible:
		conflicts.add(1510, shown, object{"id": s.id, "changes": []any{object{"property": "sim", "was": presence(1), "now": presence(0)}}})
		return shown, false
	}
	if changes := m.since(w, l); len(changes) > 0 {
		conflicts.add(1510, shown, object{"id": s.id, "changes": changes})
	}
	return shown, true
}

// checkWayBack adds the rules that a SIM's way back breaks.
func (m *Model) checkWayBack(u *user, w wayBack, l line, shown object, conflicts undoConflicts) {
	now, home := l.sim.now(), m.workspaces[l.before().workspace]
	for code, broken := range map[int]bool{
		1502: now.device != 0 && !w.detach,
		1504: !m.administers(u, now.workspace),
		1505: (m.workspaces[now.workspace].country == "BR") != (home.country == "BR"),
		1509: home.suspended,
		1513: l.sim.offer != 0,
	} {
		if broken {
			conflicts.add(code, shown, nil)
		}
	}
	if device := l.before().device; w.devices && device != 0 && !m.free(device, l.before().workspace) {
		conflicts.add(1511, shown, object{"id": l.sim.id, "endpoint": object{"id": device, "name": l.deviceName()}})
	}
}

var undoReasons = []struct {
	code int
	text string
}{
	{1502, "SIM(s) attached to devices"}, {1504, "No admin access on source workspace"},
	{1505, "Migration between Brazilian and non-Brazilian workspaces is not allowed"}, {1509, "Target Workspace is suspended"},
	{1510, "SIM(s) changed since the migration"}, {1511, "The previous device is gone, taken or in another Workspace"}, {1512, "Already undone"},
	{1513, "SIM(s) are part of a pending offer: the giver can cancel it"},
}

func undoGroups(sims, details map[int][]any) (groups []any) {
	for _, r := range undoReasons {
		if sims[r.code] == nil {
			continue
		}
		group := object{"error_code": r.code, "message": r.text, "sims": sims[r.code]}
		if details[r.code] != nil {
			group["details"] = details[r.code]
		}
		groups = append(groups, group)
	}
	return groups
}

// since returns what has happened to a SIM since a migration, as far as it prevents the undo.
func (m *Model) since(w wayBack, l line) []any {
	was, is := l.after(), l.sim.now()
	if was.workspace != is.workspace {
		return []any{object{"property": "workspace", "was": m.workspaceRef(was.workspace), "now": m.workspaceRef(is.workspace)}}
	}
	var changes []any
	if was.status != is.status && w.status {
		changes = append(changes, object{"property": "status", "was": statusRef(was.status), "now": statusRef(is.status)})
	}
	if was.device != is.device && !w.detach {
		changes = append(changes, object{"property": "device", "was": deviceOrNull(was.device, m.nameOf(was.device)), "now": deviceOrNull(is.device, m.nameOf(is.device))})
	}
	return changes
}

// free reports whether a device can take a SIM of a Workspace back.
func (m *Model) free(device, ws int64) bool {
	d := m.devices[device]
	return d != nil && d.status != gone && d.workspace == ws && m.holds(device) == nil
}

// after returns a SIM after an undo.
func (w wayBack) after(l line) state {
	next := state{workspace: l.before().workspace, status: l.sim.now().status}
	if next.status == activated {
		next.status = suspended
	}
	if w.status {
		next.status = l.before().status
	}
	if w.devices {
		next.device = l.before().device
	}
	return next
}

func (m *Model) undoBody(w wayBack, dry bool) object {
	moves, sims := []any{}, []any{}
	for _, ws := range w.homes {
		n := 0
		for _, l := range w.lines {
			if l.before().workspace == ws {
				n++
			}
		}
		moves = append(moves, object{"target_workspace": m.workspaceRef(ws), "sim_count": n})
	}
	for _, l := range w.lines {
		s, next := m.simLine(l.sim), w.after(l)
		s["after"] = m.lineState(next, m.nameOf(next.device))
		sims = append(sims, s)
	}
	return object{
		"undoes": object{"id": w.of}, "sim_count": len(w.lines), "dry_run": dry, "restore_status": w.status, "restore_devices": w.devices,
		"auto_detach_devices": w.detach, "migrations": moves, "sims": sims,
	}
}

// moveBack does what an undo says: an entry for each Workspace that gets SIMs back.
func (m *Model) moveBack(c caller, w wayBack, body object) {
	for i, ws := range w.homes {
		u := w.undoing
		e := &entry{kind: 1, user: c.id(), target: ws, detach: w.detach, by: "role", undo: &u, note: w.note}
		for _, l := range w.lines {
			if l.before().workspace == ws {
				m.change(l.sim, w.after(l))
				e.lines = append(e.lines, line{sim: l.sim, version: l.sim.version()})
			}
		}
		e.sources = []source{{w.entry.target, len(e.lines)}}
		m.plugged(c, e)
		m.moveEvents(e, int64(len(m.ledger)))
		body["migrations"].([]any)[i].(object)["id"] = len(m.ledger) //nolint:errcheck,forcetypeassert // undoBody put it there
	}
}

// Undoable returns the newest migrations that a caller reads, the newest several times.
func (m *Model) Undoable(bearer int) (ids []int64) {
	c, refused := m.authenticate(bearer)
	if refused != nil {
		return nil
	}
	const few = 6
	for i := len(m.ledger) - 1; i >= 0 && len(ids) < few; i-- {
		if m.mayRead(c, m.ledger[i]) {
			ids = append(ids, int64(i+1))
		}
	}
	if len(ids) > 0 {
		ids = append(ids, ids[0], ids[0])
	}
	return ids
}

// MovedBy returns the first SIMs of a ledger entry.
func (m *Model) MovedBy(id int64) (ids []int64) {
	if id < 1 || id > int64(len(m.ledger)) {
		return nil
	}
	lines := m.ledger[id-1].lines
	for _, l := range lines[:min(len(lines), 6)] {
		ids = append(ids, l.sim.id)
	}
	return ids
}
