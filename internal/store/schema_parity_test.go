package store_test

import (
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/store"
)

// The schema of both engines, as each reports it, in a common form.
type (
	table struct {
		Columns     map[string]column
		PrimaryKey  string         // its columns in their order
		Indexes     []index        // by name
		ForeignKeys []string       // column, column -> table (column, column), sorted
		Checks      map[string]int // how many of the table's checks name a column
	}
	column struct {
		Kind     string // integer, text or bytes
		Nullable bool
	}
	index struct {
		Name, Columns string
		Unique        bool
		Partial       bool
	}
)

// Tables that are not ours: those of goose and of the engines.
const foreign = "'goose_db_version', 'schema_lock', 'sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4'"

func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	lite := sqliteURL(t)
	open(t, lite, store.Options{})
	sqlite, postgres := sqliteSchema(t, rawSQL(t, lite)), postgresSchema(t, rawSQL(t, postgresURL(t)))
	if len(sqlite) < 15 || len(sqlite["sims"].Indexes) < 6 || len(sqlite["sims"].ForeignKeys) != 4 {
		t.Fatalf("the schema was not seen: %d tables, %+v", len(sqlite), sqlite["sims"])
	}
	if diff := cmp.Diff(sqlite, postgres); diff != "" {
		t.Errorf("the schemas differ (-sqlite +postgres):\n%s", diff)
	}
}

func TestSchemaStepsAgree(t *testing.T) {
	t.Parallel()
	names := func(dir string) (found []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			found = append(found, e.Name())
		}
		return found
	}
	sqlite, postgres := names("schema/sqlite"), names("schema/postgres")
	if diff := cmp.Diff(sqlite, postgres); diff != "" || len(sqlite) == 0 {
		t.Errorf("the steps differ (-sqlite +postgres):\n%s", diff)
	}
}

// each calls scan for every row of a query.
func each(t testing.TB, db *sql.DB, query string, scan func(*sql.Rows) error) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }() // Err is checked below
	for rows.Next() {
		if err := scan(rows); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func newTable() table {
	return table{Columns: map[string]column{}, Checks: map[string]int{}}
}

func sqliteSchema(t testing.TB, db *sql.DB) map[string]table {
	t.Helper()
	tables := map[string]table{}
	each(t, db, `SELECT m.name, m.sql, c.name, c.type, c."notnull", c.pk FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT IN (`+foreign+`) ORDER BY m.name, c.pk`, func(r *sql.Rows) error {
		var name, text, col, kind string
		var notNull bool
		var pk int
		if err := r.Scan(&name, &text, &col, &kind, &notNull, &pk); err != nil {
			return err
		}
		tb, ok := tables[name]
		if !ok {
			tb = newTable()
		}
		tb.Columns[col] = column{map[string]string{"INTEGER": "integer", "TEXT": "text", "BLOB": "bytes"}[kind], !notNull}
		if pk > 0 {
			tb.PrimaryKey = strings.TrimPrefix(tb.PrimaryKey+", "+col, ", ")
		}
		countChecks(tb.Checks, text)
		tables[name] = tb
		return nil
	})
	sqliteIndexes(t, db, tables)
	each(t, db, `SELECT m.name, f."table", group_concat(f."from", ', '), group_concat(f."to", ', ')
		FROM (SELECT m.name, f.* FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq) f
			JOIN sqlite_master m ON m.name = f.name GROUP BY f.name, f.id`, func(r *sql.Rows) error {
		return scanForeignKey(r, tables)
	})
	return sorted(tables)
}

func sqliteIndexes(t testing.TB, db *sql.DB, tables map[string]table) {
	t.Helper()
	// An index on an expression has no columns: its text is between the outer parentheses.
	each(t, db, `SELECT m.name, i.name, i."unique", i.partial, COALESCE((SELECT group_concat(c.name, ', ') FROM
			(SELECT x.name FROM pragma_index_xinfo(i.name) x WHERE x.key ORDER BY x.seqno) c),
			(SELECT substr(d.sql, instr(d.sql, '(') + 1, length(d.sql) - instr(d.sql, '(') - 1) FROM sqlite_master d WHERE d.name = i.name))
		FROM sqlite_master m, pragma_index_list(m.name) i
		WHERE m.type = 'table' AND i.origin = 'c' AND m.name NOT IN (`+foreign+`)`, func(r *sql.Rows) error {
		return scanIndex(r, tables)
	})
}

func scanIndex(r *sql.Rows, tables map[string]table) error {
	var name string
	var i index
	err := r.Scan(&name, &i.Name, &i.Unique, &i.Partial, &i.Columns)
	tb := tables[name]
	tb.Indexes = append(tb.Indexes, i)
	tables[name] = tb
	return err
}

func scanForeignKey(r *sql.Rows, tables map[string]table) error {
	var name, target, from, to string
	err := r.Scan(&name, &target, &from, &to)
	tb := tables[name]
	tb.ForeignKeys = append(tb.ForeignKeys, from+" -> "+target+" ("+to+")")
	tables[name] = tb
	return err
}

// countChecks counts the checks in the text of a table. SQLite keeps the text as it was
// written; PostgreSQL gives each check a text of its own.
func countChecks(checks map[string]int, text string) {
	for _, after := range strings.Split(text, "CHECK (")[1:] {
		word := strings.FieldsFunc(after, func(r rune) bool { return r == ' ' || r == '(' || r == ')' })
		if word[0] == "length" {
			word = word[1:]
		}
		checks[word[0]] = 1
	}
}

func postgresSchema(t testing.TB, db *sql.DB) map[string]table {
	t.Helper()
	tables := map[string]table{}
	each(t, db, `SELECT table_name, column_name, data_type, is_nullable = 'YES', COALESCE(collation_name, '')
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN (`+foreign+`)`, func(r *sql.Rows) error {
		var name, col, kind, collation string
		var nullable bool
		if err := r.Scan(&name, &col, &kind, &nullable, &collation); err != nil {
			return err
		}
		if kind == "text" && collation != "C" {
			t.Errorf("%s.%s does not compare bytewise", name, col)
		}
		tb, ok := tables[name]
		if !ok {
			tb = newTable()
		}
		tb.Columns[col] = column{map[string]string{"bigint": "integer", "smallint": "integer", "text": "text", "bytea": "bytes"}[kind], nullable}
		tables[name] = tb
		return nil
	})
	postgresIndexes(t, db, tables)
	postgresConstraints(t, db, tables)
	return sorted(tables)
}

const columnsOf = `(SELECT string_agg(a.attname, ', ' ORDER BY z.n) FROM unnest(%keys) WITH ORDINALITY z (num, n)
	JOIN pg_attribute a ON a.attrelid = %table AND a.attnum = z.num)`

func columnsIn(keys, tab string) string {
	return strings.NewReplacer("%keys", keys, "%table", tab).Replace(columnsOf)
}

func postgresIndexes(t testing.TB, db *sql.DB, tables map[string]table) {
	t.Helper()
	each(t, db, `SELECT c.relname, i.relname, x.indisunique, x.indpred IS NOT NULL, COALESCE(pg_get_expr(x.indexprs, x.indrelid), `+columnsIn("x.indkey::int2[]", "c.oid")+`)
		FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
		WHERE c.relnamespace = 'public'::regnamespace AND NOT x.indisprimary AND c.relname NOT IN (`+foreign+`)`, func(r *sql.Rows) error {
		return scanIndex(r, tables)
	})
}

func postgresConstraints(t testing.TB, db *sql.DB, tables map[string]table) {
	t.Helper()
	const from = ` FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT IN (` + foreign + `) AND k.contype = `
	each(t, db, "SELECT c.relname, "+columnsIn("k.conkey", "k.conrelid")+from+"'p'", func(r *sql.Rows) error {
		var name, columns string
		err := r.Scan(&name, &columns)
		tb := tables[name]
		tb.PrimaryKey = columns
		tables[name] = tb
		return err
	})
	each(t, db, "SELECT c.relname, k.confrelid::regclass::text, "+columnsIn("k.conkey", "k.conrelid")+", "+columnsIn("k.confkey", "k.confrelid")+from+"'f'",
		func(r *sql.Rows) error { return scanForeignKey(r, tables) })
	each(t, db, "SELECT c.relname, "+columnsIn("k.conkey", "k.conrelid")+from+"'c'", func(r *sql.Rows) error {
		var name, col string
		err := r.Scan(&name, &col)
		tables[name].Checks[col] = 1
		return err
	})
}

func sorted(tables map[string]table) map[string]table {
	for _, tb := range tables {
		slices.SortFunc(tb.Indexes, func(a, b index) int { return strings.Compare(a.Name, b.Name) })
		slices.Sort(tb.ForeignKeys)
	}
	return tables
}
