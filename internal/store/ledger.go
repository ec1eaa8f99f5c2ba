package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// insertEntry writes the head of a ledger entry. idsDelta is its share of the set of ids.
func (tx *Tx) insertEntry(ctx context.Context, c Change, idsDelta uint64) (id fleet.MigrationID, err error) {
	args := append(tx.entryArgs(c), len(c.Lines), c.audited())
	args[9] = int64(idsDelta)
	_, err = tx.one(ctx, `
		INSERT INTO ledger (uid, kind, at, user_id, token_id, target_id, detach_devices, allowed_statuses, delta, ids_delta, sims, audited)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id`, args, &id)
	return id, err
}

// statusText is how allowed statuses are stored: their ids with commas, NULL for "all".
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
		n, _ := strconv.ParseInt(id, 10, 8) // we wrote it
		list = append(list, fleet.SIMStatus(n))
	}
	return list
}

// EntryByUID finds the ledger entry of a change by its uid, to settle whether a commit
// whose answer was lost has happened.
func (tx *Tx) EntryByUID(ctx context.Context, uid string) (id fleet.MigrationID, found bool, err error) {
	found, err = tx.one(ctx, "SELECT id FROM ledger WHERE uid = $1", []any{uid}, &id)
	return id, found, err
}

var migrationColumns = map[string]string{
	"id": "m.id", "timestamp": "m.at", "user": "m.user_id", "target_workspace": "m.target_id",
}

// visible limits a query on the ledger m to migrations that the caller may see: a member
// of the source or of the target. Without a user it is the one Workspace of a token.
func (w *where) visible(who Caller, token fleet.WorkspaceID) {
	w.and("m.kind = " + w.arg(int64(fleet.LedgerMigration)))
	switch {
	case who.SuperAdmin:
	case who.User != 0:
		w.and(`EXISTS (SELECT 1 FROM ledger_sides v JOIN memberships b ON b.workspace_id = v.workspace_id AND b.status = 1
			WHERE v.ledger_id = m.id AND b.user_id = ` + w.arg(int64(who.User)) + ")")
	default:
		w.and("EXISTS (SELECT 1 FROM ledger_sides v WHERE v.ledger_id = m.id AND v.workspace_id = " + w.arg(int64(token)) + ")")
	}
}

// Migrations reads one page of the ledger, without lines.
func (tx *Tx) Migrations(ctx context.Context, who Caller, token fleet.WorkspaceID, l fleet.List) (fleet.Page[fleet.Migration], error) {
	w := where{tx: tx}
	w.visible(who, token)
	w.filter(l, migrationColumns)
	page := fleet.Page[fleet.Migration]{PerPage: l.PerPage}
	if _, err := tx.one(ctx, "SELECT count(*) FROM ledger m WHERE "+w.String(), w.args, &page.Total); err != nil {
		return page, err
	}
	var offset int
	page.Page, offset = l.At(page.Total)
	var err error
	page.Items, err = tx.migrations(ctx, &w, w.orderBy(l, migrationColumns), l.PerPage, offset)
	return page, err
}

// Migration reads one ledger entry with its lines; found is false where it does not exist
// or the caller may not see it.
func (tx *Tx) Migration(ctx context.Context, who Caller, token fleet.WorkspaceID, id fleet.MigrationID) (m fleet.Migration, found bool, err error) {
	w := where{tx: tx}
	w.visible(who, token)
	w.and("m.id = " + w.arg(int64(id)))
	list, err := tx.migrations(ctx, &w, "m.id", 1, 0)
	if err != nil || len(list) == 0 {
		return m, false, err
	}
	list[0].Lines, err = tx.lines(ctx, id)
	return list[0], true, err
}

func (tx *Tx) migrations(ctx context.Context, w *where, order string, limit, offset int) ([]fleet.Migration, error) {
	var found []fleet.Migration
	var ids []fleet.MigrationID
	text := `SELECT m.id, m.at, COALESCE(m.user_id, 0), ` + shownUsername + `, m.target_id, m.sims, m.detach_devices, m.allowed_statuses
		FROM ledger m LEFT JOIN users u ON u.id = m.user_id
		WHERE ` + w.String() + " ORDER BY " + order + " LIMIT " + w.arg(limit) + " OFFSET " + w.arg(offset)
	err := tx.each(ctx, text, w.args, func(r rows) error {
		var m fleet.Migration
		var at int64
		var detach int
		var allowed *string
		err := r.Scan(&m.ID, &at, &m.User, &m.Username, &m.Target.ID, &m.SIMs, &detach, &allowed)
		m.Time, m.DetachDevices, m.AllowedStatuses = fromMicros(at), detach != 0, parseStatusText(allowed)
		found, ids = append(found, m), append(ids, m.ID)
		return err
	})
	if err != nil || len(found) == 0 {
		return found, err
	}
	return found, tx.addSides(ctx, found, ids)
}

// addSides fills in the Workspaces on both sides of migrations.
func (tx *Tx) addSides(ctx context.Context, migrations []fleet.Migration, ids []fleet.MigrationID) error {
	at := make(map[fleet.MigrationID]*fleet.Migration, len(migrations))
	for i := range migrations {
		at[migrations[i].ID] = &migrations[i]
	}
	w := where{tx: tx}
	w.and(w.in("v.ledger_id", list(tx, ids)))
	return tx.each(ctx, "SELECT "+workspaceColumns+`, v.ledger_id, v.side, v.sims
		FROM ledger_sides v JOIN workspaces w ON w.id = v.workspace_id
		WHERE `+w.String()+" ORDER BY v.ledger_id, v.side, v.workspace_id", w.args, func(r rows) error {
		var ws fleet.Workspace
		var id fleet.MigrationID
		var side, sims int
		if err := scanWorkspace(r, &ws, &id, &side, &sims); err != nil {
			return err
		}
		if side == 1 {
			at[id].Target = ws
		} else {
			at[id].Sources = append(at[id].Sources, fleet.SourceCount{Workspace: ws, SIMs: sims})
		}
		return nil
	})
}

const lineColumns = `l.sim_id, s.iccid, l.version, l.workspace_before, l.workspace_after, l.status_before, l.status_after,
	COALESCE(l.device_before, 0), COALESCE(l.device_after, 0),
	COALESCE((SELECT d.name FROM devices d WHERE d.id = l.device_before), ''),
	COALESCE((SELECT d.name FROM devices d WHERE d.id = l.device_after), '')`

func scanLine(r rows) (fleet.LedgerLine, error) {
	var l fleet.LedgerLine
	b, a := &l.Before, &l.After
	err := r.Scan(&l.SIM, &l.ICCID, &a.Version, &b.Workspace, &a.Workspace, &b.Status, &a.Status,
		&b.Device, &a.Device, &b.DeviceName, &a.DeviceName)
	b.ID, a.ID, b.ICCID, a.ICCID, b.Version = l.SIM, l.SIM, l.ICCID, l.ICCID, a.Version-1
	return l, err
}

func (tx *Tx) lines(ctx context.Context, id fleet.MigrationID) ([]fleet.LedgerLine, error) {
	var lines []fleet.LedgerLine
	err := tx.each(ctx, "SELECT "+lineColumns+` FROM ledger_lines l JOIN sims s ON s.id = l.sim_id
		WHERE l.ledger_id = $1 ORDER BY l.ordinal`, []any{int64(id)}, func(r rows) error {
		l, err := scanLine(r)
		lines = append(lines, l)
		return err
	})
	return lines, err
}

// StatesAt reads how SIMs stood at earlier versions, which the change that followed kept.
func (tx *Tx) StatesAt(ctx context.Context, at []fleet.VersionAt) (map[fleet.SIMID]fleet.SIMState, error) {
	wanted := make(map[fleet.SIMID]int64, len(at))
	ids := make([]fleet.SIMID, len(at))
	for i, v := range at {
		wanted[v.SIM], ids[i] = v.Version, v.SIM
	}
	w := where{tx: tx}
	w.and(w.in("l.sim_id", list(tx, ids)))
	states := make(map[fleet.SIMID]fleet.SIMState, len(at))
	err := tx.each(ctx, "SELECT "+lineColumns+" FROM ledger_lines l JOIN sims s ON s.id = l.sim_id WHERE "+w.String(), w.args, func(r rows) error {
		l, err := scanLine(r)
		if err == nil && wanted[l.SIM] == l.Before.Version {
			states[l.SIM] = l.Before
		}
		return err
	})
	return states, err
}
