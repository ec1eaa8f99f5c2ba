package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

const (
	sqliteNumbered   = `SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND m.sql LIKE '% AUTOINCREMENT%' ORDER BY m.name`
	postgresNumbered = `SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> '' AND NOT a.attisdropped
		WHERE c.relnamespace = current_schema()::regnamespace AND a.attname = 'id' ORDER BY c.relname COLLATE "C"`
)

// numbers returns, for each table whose column id the engine assigns, the last id that it assigned,
// 0 for none.
func (e *copyEnd) numbers(ctx context.Context) (map[string]int64, error) {
	query := sqliteNumbered
	if e.dialect() == Postgres {
		query = postgresNumbered
	}
	rows, err := e.query(ctx, query)
	if err != nil {
		return nil, err
	}
	numbers := make(map[string]int64, len(rows))
	for _, r := range rows {
		table, ok := r[0].(string)
		if !ok {
			return nil, fmt.Errorf("%v is not the name of a table", r[0])
		}
		if numbers[table], err = e.lastNumber(ctx, table); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

func (e *copyEnd) lastNumber(ctx context.Context, table string) (int64, error) {
	if e.dialect() == SQLite {
		return e.number(ctx, "SELECT max(COALESCE((SELECT max(seq) FROM sqlite_sequence WHERE name = $1), 0), COALESCE((SELECT max(id) FROM "+table+"), 0))", table)
	}
	rows, err := e.query(ctx, "SELECT pg_get_serial_sequence($1, 'id')", table)
	if err != nil {
		return 0, err
	}
	return e.number(ctx, fmt.Sprintf("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM %v", rows[0][0]))
}

// unbroken are the tables whose rows are never removed. Fsck compares, on SQLite, how many rows
// they have with the highest id.
var unbroken = []string{"audit", "events", "ledger"}

// copyNumbers makes the target assign ids after the last one of the source.
func (c *copier) copyNumbers(ctx context.Context) error {
	sqlite, postgres := c.source, c.target
	if sqlite.dialect() == Postgres {
		sqlite, postgres = postgres, sqlite
	}
	kept, err := sqlite.numbers(ctx)
	if err != nil {
		return err
	}
	assigned, err := postgres.numbers(ctx)
	if err != nil {
		return err
	}
	for table := range kept {
		if _, ok := assigned[table]; !ok {
			return fmt.Errorf("only SQLite assigns the ids of %s", table)
		}
	}
	want := make(map[string]int64, len(assigned))
	for _, table := range slices.Sorted(maps.Keys(assigned)) {
		if want[table], err = c.source.lastNumber(ctx, table); err != nil {
			return err
		}
		if _, ok := kept[table]; ok || c.target == postgres { // SQLite takes the others from the highest id
			if err := c.target.setNumber(ctx, table, want[table]); err != nil {
				return err
			}
		}
	}
	if c.target.dialect() == Postgres {
		return nil
	}
	for _, table := range unbroken {
		_, err := c.target.db.ExecContext(ctx, "INSERT OR REPLACE INTO copied_rows (name, last_id, copied) SELECT $1, $2, count(*) FROM "+table, table, want[table])
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *copyEnd) setNumber(ctx context.Context, table string, last int64) error {
	texts := []string{"SELECT setval(pg_get_serial_sequence($1, 'id'), GREATEST($2, 1), $2 > 0)"}
	if e.dialect() == SQLite {
		texts = []string{"DELETE FROM sqlite_sequence WHERE name = $1 AND $2 = $2", "INSERT INTO sqlite_sequence (name, seq) SELECT $1, $2 WHERE $2 > 0"}
	}
	for _, text := range texts {
		if e.dialect() == Postgres {
			text = "SELECT setval(pg_get_serial_sequence($1, 'id'), GREATEST($2::bigint, 1), $2::bigint > 0)"
		}
		if _, err := e.db.ExecContext(ctx, text, table, last); err != nil {
			return err
		}
	}
	return nil
}
