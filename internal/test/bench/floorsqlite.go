package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

func (f sqliteSQL) move(ctx context.Context, list []int64, from, to int64) error {
	return f.tx(ctx, func(tx *sql.Tx) error {
		_, err := moveSQLite(ctx, tx, jsonArray(list), from, to)
		return err
	})
}

// moveSQLite moves SIMs in one transaction. It returns the ledger entry.
func moveSQLite(ctx context.Context, tx *sql.Tx, ids string, from, to int64) (id int64, err error) {
	now := time.Now().UnixMicro()
	res, err := tx.ExecContext(ctx, `
			INSERT INTO ledger (uid, kind, at, user_id, target_id, sims, detach_devices, delta, ids_delta)
			VALUES ($1, 1, $2, 1, $3, json_array_length($4), 1, 0, 0)`, fmt.Sprint("floor ", now), now, to, ids)
	if err != nil {
		return 0, err
	}
	if id, err = res.LastInsertId(); err != nil {
		return 0, err
	}
	for _, statement := range []string{
		`INSERT INTO ledger_lines (sim_id, version, ledger_id, ordinal, workspace_before, workspace_after, status_before, status_after, device_before)
			SELECT s.id, s.version + 1, $1, j.key + 1, s.workspace_id, $4, s.status, CASE s.status WHEN 1 THEN 2 ELSE s.status END, s.device_id
			FROM json_each($5) j CROSS JOIN sims s ON s.id = j.value WHERE s.workspace_id = $3`,
		`INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
			SELECT $2, 50, 2, 0, $3, 1, sim_id, device_before, $1, 'SIM ' || sim_id || ' released from endpoint ' || device_before
			FROM ledger_lines WHERE ledger_id = $1 AND device_before IS NOT NULL`,
		`INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description)
			SELECT $2, 9, 2, 0, $3, 1, sim_id, device_before, $1, 'Status of SIM changed from ''Activated'' to ''Suspended'''
			FROM ledger_lines WHERE ledger_id = $1 AND status_before = 1`,
		`UPDATE sims SET workspace_id = $4, status = CASE status WHEN 1 THEN 2 ELSE status END, device_id = NULL, version = version + 1
			WHERE id IN (SELECT value FROM json_each($5)) AND workspace_id = $3`,
		`INSERT INTO ledger_sides (workspace_id, ledger_id, side, sims) VALUES ($3, $1, 0, json_array_length($5)), ($4, $1, 1, json_array_length($5))`,
		`INSERT INTO events (at, type, source, severity, workspace_id, user_id, ledger_id, description)
			VALUES ($2, 69, 2, 0, $3, 1, $1, 'SIMs migrated to workspace'), ($2, 69, 2, 0, $4, 1, $1, 'SIMs migrated from workspace')`,
	} {
		if _, err := tx.ExecContext(ctx, statement, id, now, from, to, ids); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// shown is a SIM in the response of a dry run.
type shown struct {
	ID     int64     `json:"id"`
	ICCID  string    `json:"iccid"`
	Luhn   string    `json:"iccid_with_luhn"`
	Status shownRef  `json:"status"`
	Device *shownRef `json:"endpoint,omitempty"`
	Source shownRef  `json:"source_workspace"`
}

type shownRef struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// text encodes a list for json_each.
func jsonArray[T int64 | string](list []T) string {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // numbers and strings
	}
	return string(b)
}

func (f sqliteSQL) read(ctx context.Context, iccids []string) error {
	rows, err := f.db.QueryContext(ctx, `
		SELECT s.id, s.iccid, s.status, w.id, w.name, s.device_id, d.name
		FROM json_each($1) j CROSS JOIN sims s ON s.iccid = j.value AND s.status <> 3 JOIN workspaces w ON w.id = s.workspace_id LEFT JOIN devices d ON d.id = s.device_id`, jsonArray(iccids))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if err := encodeShown(rows); err != nil {
		return err
	}
	return rows.Err()
}

type scanner interface {
	Next() bool
	Scan(...any) error
	Err() error
}

func encodeShown(rows scanner) error {
	list := make([]shown, 0, batch)
	for rows.Next() {
		var s shown
		var device *int64
		var name *string
		if err := rows.Scan(&s.ID, &s.ICCID, &s.Status.ID, &s.Source.ID, &s.Source.Name, &device, &name); err != nil {
			return err
		}
		if device != nil {
			s.Device = &shownRef{*device, *name}
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_, err := json.Marshal(list)
	return err
}

func (f sqliteSQL) reset(ctx context.Context, list []int64, in int64, busy bool) error {
	ids := jsonArray(list)
	err := within(ctx, f.other, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE sims SET workspace_id = $2, status = CASE WHEN $3 THEN 1 ELSE 0 END,
				device_id = CASE WHEN $3 THEN $2 * 10000 + (id - (SELECT MIN(value) FROM json_each($1))) END
			WHERE id IN (SELECT value FROM json_each($1))`, ids, in, busy)
		return err
	})
	if err != nil {
		return err
	}
	return f.checkpoint(ctx) // so that the next turn does not have to write the pages of this reset and of the last turn
}
