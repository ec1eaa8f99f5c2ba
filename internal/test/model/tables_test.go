package model_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"; "sqlite" comes with the store

	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/model"
)

// volatile are the columns that must differ: secrets and random names.
var volatile = map[string]bool{
	"signing_keys.id": true, "signing_keys.private_key": true, "users.password_hash": true, "ledger.uid": true, "devices.change_uid": true,
	"refresh_tokens.hash": true, "refresh_tokens.predecessor": true, "refresh_tokens.successor_key": true, "refresh_tokens.family": true, "application_tokens.key_id": true, "ended_sessions.family": true, "receiving_codes.hash": true, "notices.uid": true, "audit.request_id": true,
}

// The tables that count schema steps are left out: servers on PostgreSQL also need a lock.
const (
	tablesOfSQLite   = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'goose%'"
	tablesOfPostgres = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT LIKE 'goose%' AND tablename <> 'schema_lock'"
)

type dump map[string][]model.Row

// compareTables compares all rows of both databases with each other and with the model, and then
// checks the invariants.
func (p *pair) compareTables() {
	dumps := [2]dump{p.sides[0].dump(p), p.sides[1].dump(p)}
	for _, d := range dumps {
		d["list_changes"] = p.summed(d["list_changes"])
	}
	p.t.Logf("comparing tables")
	for _, table := range sorted(dumps[0]) {
		if dumps[1][table] == nil {
			p.t.Errorf("PostgreSQL has no table %s", table)
		}
	}
	for table, rows := range dumps[1] {
		if diff := cmp.Diff(lines(table, dumps[0][table], nil), lines(table, rows, nil)); diff != "" {
			p.t.Errorf("%s: the engines differ (-sqlite +postgres):\n%s", table, diff)
		}
	}
	for table, want := range p.model.Tables() {
		if len(want) == 0 {
			if n := len(dumps[0][table]); n > 0 {
				p.t.Errorf("%s: %d rows, and the model has none", table, n)
			}
			continue
		}
		if diff := cmp.Diff(lines(table, want, want[0]), lines(table, dumps[0][table], want[0])); diff != "" {
			p.t.Errorf("%s: the model differs (-model +servers):\n%s", table, diff)
		}
	}
	for i, s := range p.sides {
		for _, broken := range invariants(dumps[i]) {
			p.t.Errorf("%s: %s", s.engine, broken)
		}
	}
}

// summed adds up the changes of a count: SQLite writes one for each row of a statement, PostgreSQL
// one for all.
func (p *pair) summed(changes []model.Row) []model.Row {
	sums := map[[4]string]int{}
	for _, r := range changes {
		n, err := strconv.Atoi(r["items"])
		if err != nil {
			p.t.Fatal(err)
		}
		sums[[4]string{r["list"], r["key"], r["sub"], r["block"]}] += n
	}
	list := []model.Row{}
	for of, n := range sums {
		if n != 0 {
			list = append(list, model.Row{"list": of[0], "key": of[1], "sub": of[2], "block": of[3], "items": strconv.Itoa(n)})
		}
	}
	return list
}

// lines formats rows, in order, with all columns except the volatile ones, or with those of like
// only.
func lines(table string, rows []model.Row, like model.Row) []string {
	list := make([]string, 0, len(rows))
	for _, r := range rows {
		var words []string
		for _, column := range sorted(r) {
			_, known := like[column]
			if volatile[table+"."+column] || like != nil && !known || column == "subject_id" && r["subject"] == "key" {
				continue
			}
			words = append(words, column+"="+r[column])
		}
		list = append(list, strings.Join(words, " "))
	}
	slices.Sort(list)
	return list
}

func (s *side) dump(p *pair) dump {
	driver, dsn, tables := "pgx", s.server.DB, tablesOfPostgres
	if s.engine == kit.SQLite {
		driver, dsn, tables = "sqlite", "file:"+strings.TrimPrefix(s.server.DB, "sqlite:")+"?mode=ro", tablesOfSQLite
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	all := dump{}
	names, err := query(p.t.Context(), db, tables)
	for _, row := range names {
		for _, table := range row {
			if all[table], err = query(p.t.Context(), db, "SELECT * FROM "+table); err != nil {
				p.t.Fatalf("%s: %v", s.engine, err)
			}
		}
	}
	if err != nil || len(all) == 0 {
		p.t.Fatalf("%s: %d tables: %v", s.engine, len(all), err)
	}
	return all
}

// query reads rows as text.
func query(ctx context.Context, db *sql.DB, text string) ([]model.Row, error) {
	found, err := db.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	columns, err := found.Columns()
	if err != nil {
		return nil, err
	}
	list := []model.Row{}
	for found.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		row := model.Row{}
		for i, column := range columns {
			row[column] = word(values[i])
		}
		list = append(list, row)
	}
	return list, found.Err()
}

func word(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return hex.EncodeToString(v)
	}
	return fmt.Sprint(v)
}
