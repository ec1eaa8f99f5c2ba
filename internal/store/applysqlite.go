package store

import (
	"context"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// applySQLite writes the lines, and everything else from the lines.
func (tx *Tx) applySQLite(ctx context.Context, c Change) (id fleet.MigrationID, moved int64, stock bool, err error) {
	if id, err = tx.insertEntry(ctx, c, 0); err != nil {
		return 0, 0, false, err
	}
	if err := tx.insertLinesSQLite(ctx, id, c.Lines); err != nil {
		return 0, 0, false, err
	}
	if moved, err = tx.execRows(ctx, moveSIMsSQLite, int64(id), micros(tx.now), int64(c.Offer)); err != nil {
		return 0, 0, false, err
	}
	if err := tx.addTally(ctx, c.tally()); err != nil {
		return 0, 0, false, err
	}
	for _, s := range c.Sides {
		if err := tx.exec(ctx, "INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims, authority) VALUES ($1, $2, $3, $4, $5)",
			int64(s.Workspace), int64(id), flag(s.Target), s.SIMs, int64(s.Authority)); err != nil {
			return 0, 0, false, err
		}
	}
	if err := tx.insertLineEvents(ctx, id, c); err != nil {
		return 0, 0, false, err
	}
	for _, e := range c.Events {
		e.Migration = id
		if c.namesUser(e.Workspace) {
			e.User = c.By.User
		}
		if err := tx.InsertEvent(ctx, e); err != nil {
			return 0, 0, false, err
		}
	}
	if _, err := tx.queryRow(ctx, stockMovedSQLite, []any{arrayParam(tx, c.homes())}, &stock); err != nil {
		return 0, 0, false, err
	}
	return id, moved, stock, tx.insertOwnAudit(ctx, id, c)
}

// namesUser reports whether the events in a Workspace name the user who made the change. Users who
// accept an offer are strangers to the Workspace that gave the SIMs.
func (c *Change) namesUser(ws fleet.WorkspaceID) bool { return c.Offer == 0 || ws == c.Target }

// homes returns the Workspaces that SIMs are in before the change or after it.
func (c *Change) homes() []fleet.WorkspaceID {
	var homes []fleet.WorkspaceID // few, so that a search costs less than a map
	for _, l := range c.Lines {
		for _, ws := range []fleet.WorkspaceID{l.Before.Workspace, l.After.Workspace} {
			if !slices.Contains(homes, ws) {
				homes = append(homes, ws)
			}
		}
	}
	return homes
}

// insertOwnAudit writes the change's own audit entry, if it has one.
func (tx *Tx) insertOwnAudit(ctx context.Context, id fleet.MigrationID, c Change) error {
	if c.Audit == nil {
		return nil
	}
	e := *c.Audit
	e.Migration = id
	return tx.InsertAudit(ctx, e)
}

var insertLinesSQLite = valuesText(`
	INSERT INTO ledger_lines (ledger_id, sim_id, version, ordinal, workspace_before, workspace_after, status_before, status_after, device_before, device_after, device_name)
	VALUES %s`, "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")

func (tx *Tx) insertLinesSQLite(ctx context.Context, id fleet.MigrationID, lines []Line) error {
	return inChunks(len(lines), func(first, size int) error {
		args := make([]any, 0, 11*size)
		for i, l := range lines[first : first+size] {
			b, a := l.Before, l.After
			args = append(args, int64(id), int64(b.ID), a.Version, first+i+1, int64(b.Workspace), int64(a.Workspace),
				int64(b.Status), int64(a.Status), orNull(b.Device), orNull(a.Device), deviceName(b))
		}
		return tx.exec(ctx, insertLinesSQLite[size], args...)
	})
}

// deviceName returns the name of the previous device that a line stores; NULL for no device.
func deviceName(before fleet.SIMState) any {
	if before.Device == 0 {
		return nil
	}
	return before.DeviceName
}

// The UPDATE is guarded by the SIM's Workspace and version, and, if it moves the SIM, by its offer;
// the caller compares the count.
const moveSIMsSQLite = `
	UPDATE sims SET workspace_id = l.workspace_after, status = l.status_after, device_id = l.device_after, version = l.version,
		activated_at = CASE WHEN l.status_after = ` + activatedSIM + ` THEN COALESCE(sims.activated_at, $2) ELSE sims.activated_at END,
		offer_id = ` + offerAfter + `
	FROM ledger_lines l
	WHERE l.ledger_id = $1 AND sims.id = l.sim_id AND sims.workspace_id = l.workspace_before AND sims.version = l.version - 1
		AND (l.workspace_after = l.workspace_before OR COALESCE(sims.offer_id, 0) = $3)`

// insertLineEvents inserts the events of the lines, with one statement per kind of event.
func (tx *Tx) insertLineEvents(ctx context.Context, id fleet.MigrationID, c Change) error {
	texts := c.eventKinds()
	if len(texts) == 0 {
		return nil
	}
	return tx.exec(ctx, `
		WITH l AS (SELECT * FROM ledger_lines WHERE ledger_id = $1)
		INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
		SELECT $2, type, 2, 0, workspace_id, CASE WHEN $4 = 0 OR workspace_id = $5 THEN $3 END, sim_id, device_id, $1, description
		FROM (`+strings.Join(texts, " UNION ALL ")+`) ORDER BY ordinal, step`,
		int64(id), micros(tx.now), orNull(c.By.User), int64(c.Offer), int64(c.Target))
}
