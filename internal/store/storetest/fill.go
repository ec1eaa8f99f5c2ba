package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// unfilled are the tables that Fill leaves as they are.
var unfilled = []string{"goose_db_version", "schema_lock", "copied_rows", "sqlite_sequence", "sqlite_stat1", "sqlite_stat4"}

// Fill gives an empty database rows in every table, and gaps between ids where the engine leaves
// them. It passes fsck. A table that Fill does not know gets rows that are made from its columns.
func Fill(t *testing.T, open Open, db *sql.DB) {
	t.Helper()
	e := newEnv(t, open)
	e.past()
	e.owned()
	e.jobs()
	e.foldLists()
	e.update(func(ctx context.Context, tx *store.Tx) error { // a change that is not counted yet
		return tx.PutDevice(ctx, fleet.Device{ID: 9100, Workspace: FleetDE, Name: "später, 'anders'"})
	})
	e.offers(db)
	byTable := make(map[string][]tableColumn)
	for _, c := range columnsOf(t, db) {
		byTable[c.table] = append(byTable[c.table], c)
	}
	for _, table := range slices.Sorted(maps.Keys(byTable)) {
		if !slices.Contains(unfilled, table) {
			fillTable(t, db, table, byTable[table])
		}
	}
	if isPostgres(t, db) {
		skipNumbers(t, db)
		MoveFixture(t, e.s, "after a gap")
		skipNumbers(t, db)
	}
}

// skipNumbers leaves a gap, like a transaction that was rolled back.
func skipNumbers(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, table := range []string{"audit", "events", "ledger"} {
		if _, err := db.ExecContext(t.Context(), "SELECT nextval(pg_get_serial_sequence($1, 'id'))", table); err != nil {
			t.Fatal(err)
		}
	}
}

// fillTable adds two rows to an empty table: one without optional values, and one with all.
func fillTable(t *testing.T, db *sql.DB, table string, columns []tableColumn) {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	for row := range 2 {
		if n > 0 {
			return
		}
		var names, values []string
		for _, c := range columns {
			if c.numbered || c.nullable && row == 0 {
				continue
			}
			names = append(names, c.name)
			values = append(values, madeValue(c, row, isPostgres(t, db)))
		}
		text := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(names, ", "), strings.Join(values, ", ")) //nolint:gosec // names of the schema
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func madeValue(c tableColumn, row int, postgres bool) string {
	switch kind := strings.ToLower(c.kind); {
	case kind == "text":
		return fmt.Sprintf("'%s ü %d'", c.name, row)
	case kind == "blob" || kind == "bytea":
		if postgres {
			return fmt.Sprintf(`'\x00ff%02x'`, row)
		}
		return fmt.Sprintf("x'00ff%02x'", row)
	case c.name == "type":
		return "0"
	case c.name == "user_id":
		return fmt.Sprint(1 + row)
	case c.name == "workspace_id":
		return "100"
	}
	return fmt.Sprint(row)
}

// MoveFixture moves a SIM of Fill.
func MoveFixture(t testing.TB, s *store.Store, uid string) {
	t.Helper()
	update(t, s, func(tx *store.Tx) error { return moveOn(t.Context(), tx, uid, []fleet.SIMID{21}) })
}
