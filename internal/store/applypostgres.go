package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// applyPostgresSQL is one statement: one round trip, and all its parts see the same lines. The
// UPDATE is guarded by the SIM's Workspace and version; the caller compares the count.
var applyPostgresSQL = `
	WITH entry AS (
		INSERT INTO ledger (uid, kind, at, user_id, token_id, target_id, sims, detach_devices, allowed_statuses, delta, ids_delta, audited,
			undoes, restore_status, restore_devices, reference, reason)
		VALUES ($1, $2, $3::bigint, $4::bigint, $5, $6, cardinality($11::bigint[]), $7, $8, $9, $10, CASE WHEN $32::boolean THEN 1 END,
			$46, $47, $48, $49, $50)
		RETURNING id
	), l AS (
		SELECT e.id AS ledger_id, t.sim_id, t.version, t.ordinal, t.workspace_before, t.workspace_after,
			t.status_before, t.status_after, NULLIF(t.device_before, 0) AS device_before, NULLIF(t.device_after, 0) AS device_after, CASE WHEN t.device_before <> 0 THEN t.device_name END AS device_name
		FROM entry e, unnest($11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::smallint[], $16::smallint[], $17::bigint[], $18::bigint[], $45::text[])
			WITH ORDINALITY AS t (sim_id, version, workspace_before, workspace_after, status_before, status_after, device_before, device_after, device_name, ordinal)
	), moved AS (
		UPDATE sims s SET workspace_id = l.workspace_after, status = l.status_after, device_id = l.device_after, version = l.version,
			activated_at = CASE WHEN l.status_after = 1 THEN COALESCE(s.activated_at, $3) ELSE s.activated_at END
		FROM l WHERE s.id = l.sim_id AND s.workspace_id = l.workspace_before AND s.version = l.version - 1
		RETURNING s.id
	), lines AS (
		INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after, device_before, device_after, device_name)
		SELECT sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after, device_before, device_after, device_name FROM l
	), sides AS (
		INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims, authority)
		SELECT t.workspace_id, e.id, t.side, t.sims, t.authority
		FROM entry e, unnest($19::bigint[], $20::smallint[], $21::bigint[], $51::smallint[]) AS t (workspace_id, side, sims, authority)
	), tallied AS (
		INSERT INTO sim_tally_changes (workspace_id, status, block, sims)
		SELECT * FROM unnest($28::bigint[], $29::smallint[], $30::bigint[], $31::bigint[])
	), noted AS (
		INSERT INTO audit (at, actor, user_id, token_id, address, request_id, action, code, subject, subject_id, ledger_id, detail, places)
		SELECT $3, $33::smallint, $34::bigint, $35::bigint, $36::text, $37::text, $38::text, $39::bigint, $40::text, $41::text, e.id, $42::text, $43::text
		FROM entry e WHERE $32
		RETURNING id
	), filed AS (
		INSERT INTO audit_places (workspace_id, audit_id) SELECT p.place, n.id FROM noted n, unnest($44::bigint[]) AS p (place)
	), written AS (
		INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
		SELECT $3, n.type, 2, n.severity, n.workspace_id, $4, n.sim_id, n.device_id, e.id, n.description
		FROM entry e, (
			SELECT v.*, 0 AS severity FROM (` + lineEvents + `) v
			UNION ALL
			SELECT 1000000 + t.ordinal, 4, t.type, t.workspace_id, NULLIF(t.sim_id, 0), NULLIF(t.device_id, 0), t.description, t.severity
			FROM unnest($22::smallint[], $23::smallint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::text[])
				WITH ORDINALITY AS t (type, severity, workspace_id, sim_id, device_id, description, ordinal)
		) n ORDER BY n.ordinal, n.step
	)
	SELECT e.id, (SELECT count(*) FROM moved), EXISTS (SELECT 1 FROM workspaces w WHERE w.id = ANY($13::bigint[] || $14::bigint[]) AND w.type <> 4) FROM entry e`

func (tx *Tx) applyPostgres(ctx context.Context, c Change) (id fleet.MigrationID, moved int64, stock bool, err error) {
	args := append(tx.entryArgs(c), c.lineColumns()...)
	args = append(args, c.sideColumns()...)
	args = append(args, c.eventColumns()...)
	args = append(args, tallyColumns(c.tally())...)
	args = append(args, c.auditColumns()...)
	args = append(args, c.deviceNames())
	args = append(append(args, c.undoArgs()...), c.authorities())
	_, err = tx.one(ctx, applyPostgresSQL, args, &id, &moved, &stock)
	return id, moved, stock, err
}

func (tx *Tx) entryArgs(c Change) []any {
	return []any{
		c.UID, int64(c.Kind), micros(tx.now), orNull(c.By.User), orNull(c.By.Token), orNull(c.Target),
		flag(c.DetachDevices), statusText(c.AllowedStatuses), c.delta(), int64(0),
	}
}

// undoArgs returns the columns of an undo, and the note.
func (c Change) undoArgs() []any {
	var undoes, status, devices any
	if c.Undo != nil {
		undoes, status, devices = int64(c.Undo.Migration), flag(c.Undo.RestoreStatus), flag(c.Undo.RestoreDevices)
	}
	return []any{undoes, status, devices, textOrNull(c.Note.Reference), textOrNull(c.Note.Reason)}
}

// lineColumns transposes the lines into one array per column.
func (c Change) lineColumns() []any {
	n := len(c.Lines)
	numbers := make([]int64, 6*n)
	column := func(i int) []int64 { return numbers[i*n : (i+1)*n] }
	sim, version, from, to, unplugged, plugged := column(0), column(1), column(2), column(3), column(4), column(5)
	was, is := make([]int16, n), make([]int16, n)
	for i, l := range c.Lines {
		sim[i], version[i] = int64(l.Before.ID), l.After.Version
		from[i], to[i] = int64(l.Before.Workspace), int64(l.After.Workspace)
		was[i], is[i] = int16(l.Before.Status), int16(l.After.Status)
		unplugged[i], plugged[i] = int64(l.Before.Device), int64(l.After.Device)
	}
	return []any{sim, version, from, to, was, is, unplugged, plugged}
}

// deviceNames returns the names of the devices that the SIMs of the lines were in.
func (c Change) deviceNames() []string {
	names := make([]string, len(c.Lines))
	for i, l := range c.Lines {
		names[i] = clean(l.Before.DeviceName)
	}
	return names
}

func (c Change) sideColumns() []any {
	workspaces, sides, sims := make([]int64, len(c.Sides)), make([]int16, len(c.Sides)), make([]int64, len(c.Sides))
	for i, s := range c.Sides {
		workspaces[i], sides[i], sims[i] = int64(s.Workspace), int16(flag(s.Target)), int64(s.SIMs)
	}
	return []any{workspaces, sides, sims}
}

// authorities returns the authority of each side.
func (c Change) authorities() []int16 {
	list := make([]int16, len(c.Sides))
	for i, s := range c.Sides {
		list[i] = int16(s.Authority)
	}
	return list
}

func (c Change) eventColumns() []any {
	n := len(c.Events)
	types, severities, words := make([]int16, n), make([]int16, n), make([]string, n)
	workspaces, sims, devices := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, e := range c.Events {
		severities[i] = int16(e.Severity)
		types[i], workspaces[i], sims[i], devices[i], words[i] = int16(e.Type), int64(e.Workspace), int64(e.SIM), int64(e.Device), e.Description
	}
	return []any{types, severities, workspaces, sims, devices, words}
}
