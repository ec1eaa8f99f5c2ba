package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// applyPostgresSQL is one statement: one round trip, and all its parts see the same lines. The
// UPDATE is guarded by the SIM's Workspace and version, and, if it moves the SIM, by its offer, so
// that an offer which was made since the snapshot counts; the caller compares the count.
var applyPostgresSQL = named(`
	WITH entry AS (
		INSERT INTO ledger (uid, kind, at, user_id, token_id, target_id, sims, detach_devices, allowed_statuses, delta, ids_delta, audited,
			undoes, restore_status, restore_devices, reference, reason, rule_set)
		VALUES (:uid, :kind, :at::bigint, :user_id::bigint, :token_id, :target_id, cardinality(:sim_ids::bigint[]), :detach_devices, :allowed_statuses, :delta, :ids_delta, CASE WHEN :audited::boolean THEN 1 END,
			:undoes, :restore_status, :restore_devices, :reference, :reason, :rule_set)
		RETURNING id
	), l AS (
		SELECT e.id AS ledger_id, t.sim_id, t.version, t.ordinal, t.workspace_before, t.workspace_after,
			t.status_before, t.status_after, NULLIF(t.device_before, 0) AS device_before, NULLIF(t.device_after, 0) AS device_after, CASE WHEN t.device_before <> 0 THEN t.device_name END AS device_name
		FROM entry e, unnest(:sim_ids::bigint[], :versions::bigint[], :workspaces_before::bigint[], :workspaces_after::bigint[], :statuses_before::smallint[], :statuses_after::smallint[], :devices_before::bigint[], :devices_after::bigint[], :device_names::text[])
			WITH ORDINALITY AS t (sim_id, version, workspace_before, workspace_after, status_before, status_after, device_before, device_after, device_name, ordinal)
	), moved AS (
		UPDATE sims s SET workspace_id = l.workspace_after, status = l.status_after, device_id = l.device_after, version = l.version,
			activated_at = CASE WHEN l.status_after = ` + activatedSIM + ` THEN COALESCE(s.activated_at, :at) ELSE s.activated_at END,
			offer_id = ` + offerAfter + `
		FROM l WHERE s.id = l.sim_id AND s.workspace_id = l.workspace_before AND s.version = l.version - 1
			AND (l.workspace_after = l.workspace_before OR COALESCE(s.offer_id, 0) = :offer)
		RETURNING s.id
	), lines AS (
		INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after, device_before, device_after, device_name)
		SELECT sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after, device_before, device_after, device_name FROM l
	), sides AS (
		INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims, authority)
		SELECT t.workspace_id, e.id, t.side, t.sims, t.authority
		FROM entry e, unnest(:side_workspaces::bigint[], :side_kinds::smallint[], :side_sims::bigint[], :side_authorities::smallint[]) AS t (workspace_id, side, sims, authority)
	), tallied AS (
		INSERT INTO sim_tally_changes (workspace_id, status, block, sims)
		SELECT * FROM unnest(:tally_workspaces::bigint[], :tally_statuses::smallint[], :tally_blocks::bigint[], :tally_sims::bigint[])
	), noted AS (
		INSERT INTO audit (at, actor, user_id, token_id, address, request_id, action, code, subject, subject_id, ledger_id, detail, places)
		SELECT :at, :audit_actor::smallint, :audit_user_id::bigint, :audit_token_id::bigint, :audit_address::text, :audit_request_id::text, :audit_action::text, :audit_code::bigint, :audit_subject::text, :audit_subject_id::text, e.id, :audit_detail::text, :audit_places::text
		FROM entry e WHERE :audited
		RETURNING id
	), filed AS (
		INSERT INTO audit_places (workspace_id, audit_id) SELECT p.place, n.id FROM noted n, unnest(:audit_place_ids::bigint[]) AS p (place)
	), written AS (
		INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
		SELECT :at, n.type, ` + apiSource + `, n.severity, n.workspace_id, CASE WHEN :offer::bigint = 0 OR n.workspace_id = :target_id THEN :user_id::bigint END, n.sim_id, n.device_id, e.id, n.description
		FROM entry e, (
			SELECT v.*, 0 AS severity FROM (` + lineEvents + `) v
			UNION ALL
			SELECT 1000000 + t.ordinal, 4, t.type, t.workspace_id, NULLIF(t.sim_id, 0), NULLIF(t.device_id, 0), t.description, t.severity
			FROM unnest(` + eventArrays + `)
				WITH ORDINALITY AS t (type, severity, workspace_id, sim_id, device_id, description, ordinal)
		) n ORDER BY n.ordinal, n.step
	)
	SELECT e.id, (SELECT count(*) FROM moved), EXISTS (SELECT 1 FROM workspaces w WHERE w.id = ANY(:workspaces_before::bigint[] || :workspaces_after::bigint[]) AND w.type <> ` + enterpriseType + `) FROM entry e`)

func (tx *Tx) applyPostgres(ctx context.Context, c Change) (id fleet.MigrationID, moved int64, stock bool, err error) {
	args, err := applyPostgresSQL.args(tx.applyParams(c))
	if err != nil {
		return 0, 0, false, err
	}
	_, err = tx.queryRow(ctx, applyPostgresSQL.text, args, &id, &moved, &stock)
	return id, moved, stock, err
}

func (tx *Tx) applyParams(c Change) params {
	p := tx.entryParams(c, 0)
	p["device_names"], p["side_authorities"], p["offer"] = c.deviceNames(), c.authorities(), int64(c.Offer)
	p.add("sim_ids versions workspaces_before workspaces_after statuses_before statuses_after devices_before devices_after", c.lineColumns()...)
	p.add("side_workspaces side_kinds side_sims", c.sideColumns()...)
	p.add(eventArrayNames, c.eventColumns()...)
	p.add("tally_workspaces tally_statuses tally_blocks tally_sims", tallyColumns(c.tally())...)
	c.addAudit(p)
	return p
}

// entryParams returns the values of the head of a ledger entry.
func (tx *Tx) entryParams(c Change, idsDelta uint64) params {
	p := params{
		"uid": c.UID, "kind": int64(c.Kind), "at": micros(tx.now), "user_id": orNull(c.By.User), "token_id": orNull(c.By.Token),
		"target_id": orNull(c.Target), "detach_devices": flag(c.DetachDevices), "allowed_statuses": statusText(c.AllowedStatuses),
		"delta": c.delta(), "ids_delta": int64(idsDelta), "undoes": nil, "restore_status": nil, "restore_devices": nil,
		"reference": textOrNull(c.Note.Reference), "reason": textOrNull(c.Note.Reason),
		"rule_set": orNull(c.RuleSet),
	}
	if u := c.Undo; u != nil {
		p.add("undoes restore_status restore_devices", int64(u.Migration), flag(u.RestoreStatus), flag(u.RestoreDevices))
	}
	return p
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

// The parameters that eventColumns has values for, in their order.
const (
	eventArrayNames = "event_types event_severities event_workspaces event_sims event_devices event_descriptions"
	eventArrays     = ":event_types::smallint[], :event_severities::smallint[], :event_workspaces::bigint[], :event_sims::bigint[], " +
		":event_devices::bigint[], :event_descriptions::text[]"
)

// eventColumns transposes the events into one array per column.
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
