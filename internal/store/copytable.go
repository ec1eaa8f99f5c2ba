package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// notCopied are the tables of the schema that describe one database: the engines' and goose's own,
// the mark, and what copyNumbers writes.
var notCopied = []string{"goose_db_version", "schema_lock", copyMark, "copied_rows"}

// copyTable is a table as the schema of a database has it.
type copyTable struct {
	name    string
	columns []string
	key     []int // the columns of the primary key, as indexes
	self    bool  // it refers to itself
}

func (t copyTable) keyOf(row []any) []any {
	key := make([]any, len(t.key))
	for i, n := range t.key {
		key[i] = row[n]
	}
	return key
}

func (t copyTable) keyNames() string {
	names := make([]string, len(t.key))
	for i, n := range t.key {
		names[i] = t.columns[n]
	}
	return strings.Join(names, ", ")
}

// differs returns the first column that differs and the row's index; "" for none.
func (t copyTable) differs(want, got [][]any) (column string, row int) {
	for i := range want {
		if i >= len(got) {
			return "each column", i
		}
		for n, name := range t.columns {
			if !sameValue(want[i][n], got[i][n]) {
				return name, i
			}
		}
	}
	return "", 0
}

func sameValue(a, b any) bool {
	x, isBytes := a.([]byte)
	if y, ok := b.([]byte); ok || isBytes {
		return ok == isBytes && bytes.Equal(x, y)
	}
	return a == b
}

const sqliteTables = `SELECT m.name, c.name, c.pk FROM sqlite_master m, pragma_table_info(m.name) c
	WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, c.name`

const postgresTables = `SELECT c.relname::text, a.attname::text, COALESCE(array_position(i.indkey::int2[], a.attnum) + 1, 0)
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
	WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
	ORDER BY c.relname COLLATE "C", a.attname COLLATE "C"`

// tables reads the tables of the schema, except notCopied.
func (e *copyEnd) tables(ctx context.Context) (map[string]copyTable, error) {
	query := sqliteTables
	if e.dialect() == Postgres {
		query = postgresTables
	}
	rows, err := e.query(ctx, query)
	if err != nil {
		return nil, err
	}
	found := make(map[string]copyTable)
	positions := make(map[string]map[int64]int)
	for _, r := range rows {
		name, column := fmt.Sprint(r[0]), fmt.Sprint(r[1])
		position, ok := r[2].(int64)
		if !ok {
			return nil, fmt.Errorf("%v is not the position of a column", r[2])
		}
		if slices.Contains(notCopied, name) {
			continue
		}
		t := found[name]
		t.name = name
		if position > 0 {
			if positions[name] == nil {
				positions[name] = make(map[int64]int)
			}
			positions[name][position] = len(t.columns)
		}
		t.columns = append(t.columns, column)
		found[name] = t
	}
	for name, t := range found {
		for _, p := range slices.Sorted(maps.Keys(positions[name])) {
			t.key = append(t.key, positions[name][p])
		}
		found[name] = t
	}
	return found, nil
}

const postgresReferences = `SELECT c.relname::text, f.relname::text FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
	WHERE k.contype = 'f' AND c.relnamespace = current_schema()::regnamespace`

// plan compares the schemas of both databases and orders the tables by their references. The
// tables are those of the target, whose schema this program has made.
func (c *copier) plan(ctx context.Context) error {
	have, err := c.source.tables(ctx)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	want, err := c.target.tables(ctx)
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[name]; !ok {
			c.result.LeftOut = append(c.result.LeftOut, name)
		}
	}
	for name, t := range want {
		s, ok := have[name]
		switch {
		case !ok:
			return fmt.Errorf("source: the table %s is missing", name)
		case len(t.key) == 0:
			return fmt.Errorf("target: the table %s has no primary key", name)
		case !slices.Equal(t.columns, s.columns) || !slices.Equal(t.key, s.key):
			return fmt.Errorf("the columns of table %s differ: %s in the source, %s in the target", name, strings.Join(s.columns, ", "), strings.Join(t.columns, ", "))
		}
	}
	end := c.source
	if end.dialect() == SQLite {
		end = c.target
	}
	references, err := end.query(ctx, postgresReferences)
	if err != nil {
		return err
	}
	refers := make(map[string][]string)
	for _, r := range references {
		table, other := fmt.Sprint(r[0]), fmt.Sprint(r[1])
		if t := want[table]; table == other {
			t.self = true
			want[table] = t
		} else {
			refers[table] = append(refers[table], other)
		}
	}
	c.tables, err = ordered(want, refers)
	return err
}

// ordered returns the tables so that each comes after those that it refers to.
func ordered(tables map[string]copyTable, refers map[string][]string) (list []copyTable, err error) {
	done := make(map[string]bool)
	for len(list) < len(tables) {
		before := len(list)
		for _, name := range slices.Sorted(maps.Keys(tables)) {
			if !done[name] && !slices.ContainsFunc(refers[name], func(other string) bool { return !done[other] }) {
				done[name] = true
				list = append(list, tables[name])
			}
		}
		if len(list) == before {
			return nil, errors.New("the foreign keys of the tables form a circle")
		}
	}
	return list, nil
}

// placeholders returns ($1, $2, ...), ... for rows of a number of columns.
func placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("($1")
		case i%columns == 0:
			b.WriteString("), ($" + strconv.Itoa(i+1))
		default:
			b.WriteString(", $" + strconv.Itoa(i+1))
		}
	}
	return b.String() + ")"
}
