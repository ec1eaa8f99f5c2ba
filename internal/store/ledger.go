package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

var insertEntry = insertion("ledger", `uid kind at user_id token_id target_id detach_devices allowed_statuses delta ids_delta sims audited
	undoes restore_status restore_devices reference reason rule_set`, "RETURNING id")

// insertEntry writes the head of a ledger entry. idsDelta is its share of the set of ids.
func (tx *Tx) insertEntry(ctx context.Context, c Change, idsDelta uint64) (id fleet.MigrationID, err error) {
	p := tx.entryParams(c, idsDelta)
	p["sims"], p["audited"] = len(c.Lines), c.audited()
	err = tx.execReturning(ctx, insertEntry, p, &id)
	return id, err
}

// statusText returns how allowed statuses are stored: their ids with commas, NULL for "all".
func statusText(list []fleet.SIMStatus) any {
	if list == nil {
		return nil
	}
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = strconv.Itoa(int(s))
	}
	return strings.Join(ids, ",")
}

func parseStatusText(text *string) []fleet.SIMStatus {
	if text == nil {
		return nil
	}
	list := []fleet.SIMStatus{}
	if *text == "" {
		return list
	}
	for _, id := range strings.Split(*text, ",") {
		n, _ := strconv.ParseInt(id, 10, 8) // written by this program
		list = append(list, fleet.SIMStatus(n))
	}
	return list
}

// EntryByUID finds the ledger entry of a change by its uid.
func (tx *Tx) EntryByUID(ctx context.Context, uid string) (id fleet.MigrationID, found bool, err error) {
	found, err = tx.queryRow(ctx, "SELECT id FROM ledger WHERE uid = $1", []any{uid}, &id)
	return id, found, err
}

var migrationColumns = map[string]string{
	"id": "m.id", "timestamp": "m.at", "from": "m.at", "until": "m.at", "reference": "m.reference", "user": "m.user_id", "target_workspace": "m.target_id",
}

// reader is a reader of the ledger: a user, who sees the Workspaces of their active
// memberships, or an application token, which sees its Workspace.
type reader struct {
	Caller
	token fleet.WorkspaceID
}

// visible limits a query on the ledger m to migrations with a side of the reader.
func (w *where) visible(caller reader) {
	w.and(fmt.Sprintf("m.kind = %d", fleet.LedgerMigration)) // no argument: a partial index is on it
	if !caller.SuperAdmin {
		// LIMIT and OFFSET keep an engine from reading the sides of a migration before the
		// migration.
		w.and("EXISTS (SELECT 1 FROM ledger_sides v WHERE v.ledger_id = m.id AND " + w.ownSide(caller) + " LIMIT 1 OFFSET 0)")
	}
}

// sideOf limits a query on the ledger m to one migration, if it has a side of the reader.
func (w *where) sideOf(caller reader, id fleet.MigrationID) {
	one := w.id(int64(id))
	if caller.SuperAdmin {
		w.and("m.id = " + one)
		return
	}
	w.and("m.id = " + ifSeen(w.ownSideOf("ledger_sides v WHERE v.ledger_id = "+one, caller), one))
}

// id returns an argument that is an id, also where the engine cannot infer its type.
func (w *where) id(value int64) string { return "CAST(" + w.arg(value) + " AS BIGINT)" }

// ownSideOf returns the condition that one of the sides v of a thing is a Workspace of the reader.
// It searches the reader's Workspaces, so that a thing of others takes the same path as one that
// does not exist.
func (w *where) ownSideOf(sides string, caller reader) string {
	in := func(of string) string { // OFFSET 0 keeps the search apart from the conditions around it
		return "EXISTS (SELECT 1 FROM " + sides + " AND v.workspace_id = " + of + " LIMIT 1 OFFSET 0)"
	}
	if caller.User == 0 {
		return in(w.arg(int64(caller.token)))
	}
	return "EXISTS (SELECT 1 FROM memberships b WHERE b.status = " + activeMember + " AND b.user_id = " + w.arg(int64(caller.User)) +
		" AND " + in("b.workspace_id") + " LIMIT 1 OFFSET 0)"
}

// hasPair returns the condition that a table has a row with an owner and an id. Pairs are compared,
// so that the index of the owner's ids is used and not that of all ids.
func hasPair(table, column, owner, id string) string {
	pair := "(" + owner + ", " + id + ")"
	return "EXISTS (SELECT 1 FROM " + table + " p WHERE (p." + column + ", p.id) >= " + pair + " AND (p." + column + ", p.id) <= " + pair + ")"
}

// ifSeen returns the id of a thing if the reader sees it, and NULL otherwise. The engine finds that
// out before it reads the thing.
func ifSeen(condition, id string) string {
	return "(SELECT CASE WHEN " + condition + " THEN " + id + " END)"
}

// ownSide returns the condition that a side v of a migration is one of the reader's Workspaces.
func (w *where) ownSide(caller reader) string {
	switch {
	case caller.SuperAdmin:
		return "1 = 1"
	case caller.User != 0:
		return `EXISTS (SELECT 1 FROM memberships b WHERE b.workspace_id = v.workspace_id AND b.status = ` + activeMember + `
			AND b.user_id = ` + w.arg(int64(caller.User)) + ")"
	}
	return "v.workspace_id = " + w.arg(int64(caller.token))
}

// Migration reads one ledger entry with the lines that concern the caller; found is false if
// it does not exist or the caller may not see it.
func (tx *Tx) Migration(ctx context.Context, caller Caller, token fleet.WorkspaceID, id fleet.MigrationID) (m fleet.Migration, found bool, err error) {
	w, as := where{tx: tx}, reader{caller, token}
	w.and(fmt.Sprintf("m.kind = %d", fleet.LedgerMigration))
	w.sideOf(as, id)
	list, own, err := tx.migrations(ctx, listSource{table: "ledger m"}, &w, as, "m.id", 1, 0)
	if err != nil || len(list) == 0 {
		return m, false, err
	}
	list[0].Lines, err = tx.lines(ctx, list[0], own[id])
	return list[0], true, err
}

// ownSides are the sides of a migration that are Workspaces of the reader.
type ownSides struct {
	target  bool
	sources []fleet.WorkspaceID
}

// listSource is the source of a list: a table, or the rows of the CTE in with.
type listSource struct{ with, table string }

func (tx *Tx) migrations(ctx context.Context, source listSource, w *where, as reader, order string, limit, offset int) ([]fleet.Migration, map[fleet.MigrationID]ownSides, error) {
	var found []fleet.Migration
	var ids []fleet.MigrationID
	jobs := where{tx: tx, args: w.args}
	jobs.and("e.ledger_id = m.id")
	jobs.seesJob(as)
	w.args = jobs.args
	text := source.with + `SELECT m.id, m.at, COALESCE(m.user_id, 0), ` + shownUsername + `, m.target_id, m.sims, m.detach_devices, m.allowed_statuses,
			COALESCE(m.undoes, 0), COALESCE(m.restore_status, 0), COALESCE(m.restore_devices, 0), COALESCE(m.reference, ''), COALESCE(m.reason, ''), COALESCE(m.rule_set, 0),
			COALESCE((SELECT e.job_id FROM job_entries e JOIN jobs j ON j.id = e.job_id WHERE ` + jobs.String() + `), 0)
		FROM ` + source.table + ` LEFT JOIN users u ON u.id = m.user_id
		WHERE ` + w.String() + " ORDER BY " + order + " LIMIT " + w.arg(limit) + " OFFSET " + w.arg(offset)
	err := tx.queryEach(ctx, text, w.args, func(r rows) error {
		var m fleet.Migration
		var at int64
		var detach, status, devices int
		var undoes fleet.MigrationID
		var allowed *string
		err := r.Scan(&m.ID, &at, &m.User, &m.Username, &m.Target.ID, &m.SIMs, &detach, &allowed,
			&undoes, &status, &devices, &m.Note.Reference, &m.Note.Reason, &m.RuleSet, &m.Job)
		if undoes != 0 {
			m.Undo = &fleet.Undo{Migration: undoes, RestoreStatus: status != 0, RestoreDevices: devices != 0}
		}
		m.Time, m.DetachDevices, m.AllowedStatuses = fromMicros(at), detach != 0, parseStatusText(allowed)
		found, ids = append(found, m), append(ids, m.ID)
		return err
	})
	if err != nil || len(found) == 0 {
		return found, nil, err
	}
	own, err := tx.addSides(ctx, as, found, ids)
	if err != nil {
		return nil, nil, err
	}
	return found, own, tx.addUndos(ctx, as, found, ids)
}

// addSides fills in the Workspaces on both sides of migrations. A reader who cannot see the
// target sees only their own sources and the number of SIMs from there.
func (tx *Tx) addSides(ctx context.Context, as reader, migrations []fleet.Migration, ids []fleet.MigrationID) (map[fleet.MigrationID]ownSides, error) {
	at := make(map[fleet.MigrationID]*fleet.Migration, len(migrations))
	for i := range migrations {
		at[migrations[i].ID] = &migrations[i]
	}
	sides := make(map[fleet.MigrationID]ownSides, len(migrations))
	w := where{tx: tx}
	own := w.ownSide(as)
	w.and(w.in("v.ledger_id", arrayParam(tx, ids)))
	err := tx.queryEach(ctx, "SELECT "+workspaceColumns+`, v.ledger_id, v.side, v.sims, v.authority, CASE WHEN `+own+` THEN 1 ELSE 0 END
		FROM ledger_sides v JOIN workspaces w ON w.id = v.workspace_id
		WHERE `+w.String()+" ORDER BY v.ledger_id, v.side, v.workspace_id", w.args, func(r rows) error {
		var ws fleet.Workspace
		var id fleet.MigrationID
		var side, sims, mine int
		var authority fleet.Authority
		if err := scanWorkspace(r, &ws, &id, &side, &sims, &authority, &mine); err != nil {
			return err
		}
		s := sides[id]
		if side == 1 {
			at[id].Target, at[id].TargetAuthority, s.target = ws, authority, mine == 1
		} else {
			at[id].Sources = append(at[id].Sources, fleet.SourceCount{Workspace: ws, SIMs: sims, Authority: authority})
			if mine == 1 {
				s.sources = append(s.sources, ws.ID)
			}
		}
		sides[id] = s
		return nil
	})
	for id, s := range sides {
		s.narrow(at[id])
	}
	return sides, err
}

// addUndos fills in the undos of migrations that the reader may see.
func (tx *Tx) addUndos(ctx context.Context, as reader, migrations []fleet.Migration, ids []fleet.MigrationID) error {
	w := where{tx: tx}
	w.and(w.in("m.undoes", arrayParam(tx, ids)))
	w.visible(as)
	return tx.queryEach(ctx, "SELECT m.undoes, m.id, m.sims FROM ledger m WHERE "+w.String()+" ORDER BY m.id", w.args, func(r rows) error {
		var of fleet.MigrationID
		var u fleet.UndoCount
		err := r.Scan(&of, &u.Migration, &u.SIMs)
		for i := range migrations {
			if migrations[i].ID == of {
				migrations[i].UndoneBy = append(migrations[i].UndoneBy, u)
			}
		}
		return err
	})
}

// narrow removes from a migration what does not concern the reader.
func (s ownSides) narrow(m *fleet.Migration) {
	if s.target {
		return
	}
	m.Sources = slices.DeleteFunc(m.Sources, func(c fleet.SourceCount) bool { return !slices.Contains(s.sources, c.Workspace.ID) })
	m.SIMs = 0
	for _, c := range m.Sources {
		m.SIMs += c.SIMs
		if c.Authority == fleet.AuthorityOffer { // the user who accepted it is a stranger to the giver
			m.User, m.Username = 0, ""
		}
	}
}

// The device name is that at the time of the change. An older version did not store it: it is
// then the current name, and current is 1.
const lineColumns = `l.sim_id, s.iccid, l.version, l.workspace_before, l.workspace_after, l.status_before, l.status_after,
	COALESCE(l.device_before, 0), COALESCE(l.device_after, 0),
	COALESCE(l.device_name, (SELECT d.name FROM devices d WHERE d.id = l.device_before), ''),
	COALESCE((SELECT d.name FROM devices d WHERE d.id = l.device_after), ''),
	CASE WHEN l.device_name IS NULL THEN 1 ELSE 0 END`

func scanLine(r rows) (l fleet.LedgerLine, current int, err error) {
	b, a := &l.Before, &l.After
	err = r.Scan(&l.SIM, &l.ICCID, &a.Version, &b.Workspace, &a.Workspace, &b.Status, &a.Status,
		&b.Device, &a.Device, &b.DeviceName, &a.DeviceName, &current)
	b.ID, a.ID, b.ICCID, a.ICCID, b.Version = l.SIM, l.SIM, l.ICCID, l.ICCID, a.Version-1
	return l, current, err
}

// lines reads the lines of a migration that concern the reader: those into their Workspace, or
// out of it. A device may have been renamed since; the target must not see the new name. The
// receiver of an offer does not see the giver's devices at all.
func (tx *Tx) lines(ctx context.Context, m fleet.Migration, own ownSides) ([]fleet.LedgerLine, error) {
	w := where{tx: tx}
	w.and("l.ledger_id = " + w.arg(int64(m.ID)))
	if !own.target {
		w.and(w.in("l.workspace_before", arrayParam(tx, own.sources)))
	}
	var lines []fleet.LedgerLine
	err := tx.queryEach(ctx, "SELECT "+lineColumns+" FROM ledger_lines l JOIN sims s ON s.id = l.sim_id WHERE "+w.String()+" ORDER BY l.ordinal", w.args, func(r rows) error {
		l, current, err := scanLine(r)
		if !slices.Contains(own.sources, l.Before.Workspace) {
			if current == 1 {
				l.Before.DeviceName = ""
			}
			if m.ByOffer() {
				l.Before.Device, l.Before.DeviceName = 0, ""
			}
		}
		lines = append(lines, l)
		return err
	})
	return lines, err
}

// StatesAt reads the states of SIMs at earlier versions, from the lines of the next change.
func (tx *Tx) StatesAt(ctx context.Context, at []fleet.VersionAt) (map[fleet.SIMID]fleet.SIMState, error) {
	wanted := make(map[fleet.SIMID]int64, len(at))
	ids := make([]fleet.SIMID, len(at))
	for i, v := range at {
		wanted[v.SIM], ids[i] = v.Version, v.SIM
	}
	w := where{tx: tx}
	w.and(w.in("l.sim_id", arrayParam(tx, ids)))
	states := make(map[fleet.SIMID]fleet.SIMState, len(at))
	err := tx.queryEach(ctx, "SELECT "+lineColumns+" FROM ledger_lines l JOIN sims s ON s.id = l.sim_id WHERE "+w.String(), w.args, func(r rows) error {
		l, _, err := scanLine(r)
		if err == nil && wanted[l.SIM] == l.Before.Version {
			states[l.SIM] = l.Before
		}
		return err
	})
	return states, err
}
