package store

import (
	"context"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

// applySQLite writes the lines from one JSON text, and everything else from the lines.
func (tx *Tx) applySQLite(ctx context.Context, c Change) (id fleet.MigrationID, moved int64, err error) {
	if id, err = tx.insertEntry(ctx, c, 0); err != nil {
		return 0, 0, err
	}
	if err := tx.exec(ctx, insertLinesSQLite, int64(id), c.linesJSON()); err != nil {
		return 0, 0, err
	}
	if moved, err = tx.affect(ctx, moveSIMsSQLite, int64(id), micros(tx.now)); err != nil {
		return 0, 0, err
	}
	if err := tx.addTally(ctx, c.tally()); err != nil {
		return 0, 0, err
	}
	for _, s := range c.Sides {
		if err := tx.exec(ctx, "INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) VALUES ($1, $2, $3, $4)",
			int64(s.Workspace), int64(id), flag(s.Target), s.SIMs); err != nil {
			return 0, 0, err
		}
	}
	if err := tx.exec(ctx, insertLineEventsSQLite, int64(id), micros(tx.now), orNull(c.By.User)); err != nil {
		return 0, 0, err
	}
	for _, e := range c.Events {
		e.User, e.Migration = c.By.User, id
		if err := tx.InsertEvent(ctx, e); err != nil {
			return 0, 0, err
		}
	}
	return id, moved, nil
}

const insertLinesSQLite = `
	INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after, device_before, device_after)
	SELECT value ->> 0, value ->> 1, $1, key + 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, NULLIF(value ->> 6, 0), NULLIF(value ->> 7, 0)
	FROM json_each($2)`

// The UPDATE is guarded by the SIM's Workspace and version; the caller compares the count.
const moveSIMsSQLite = `
	UPDATE sims SET workspace_id = l.workspace_after, status = l.status_after, device_id = l.device_after, version = l.version,
		activated_at = CASE WHEN l.status_after = 1 THEN COALESCE(sims.activated_at, $2) ELSE sims.activated_at END
	FROM ledger_lines l
	WHERE l.ledger_id = $1 AND sims.id = l.sim_id AND sims.workspace_id = l.workspace_before AND sims.version = l.version - 1`

var insertLineEventsSQLite = `
	WITH l AS (SELECT * FROM ledger_lines WHERE ledger_id = $1)
	INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
	SELECT $2, type, 2, 0, workspace_id, $3, sim_id, device_id, $1, description
	FROM (` + lineEvents + `) ORDER BY ordinal, step`

// linesJSON is [[sim, version, from, to, was, is, unplugged, plugged], ...].
func (c Change) linesJSON() string {
	b := make([]byte, 0, 64*len(c.Lines)+2)
	b = append(b, '[')
	for i, l := range c.Lines {
		if i > 0 {
			b = append(b, ',')
		}
		for j, v := range [...]int64{
			int64(l.Before.ID), l.After.Version, int64(l.Before.Workspace), int64(l.After.Workspace),
			int64(l.Before.Status), int64(l.After.Status), int64(l.Before.Device), int64(l.After.Device),
		} {
			b = append(b, "[,,,,,,,"[j])
			b = strconv.AppendInt(b, v, 10)
		}
		b = append(b, ']')
	}
	return string(append(b, ']'))
}
