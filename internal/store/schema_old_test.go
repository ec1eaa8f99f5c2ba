package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// A database of an early schema, with a past of imports and migrations in several Workspaces,
// goes through all later steps. Its lists are then those of a database that always had the
// newest schema, and fsck passes.
func TestOldDatabasesComeForward(t *testing.T) {
	for name, newURL := range map[string]func(testing.TB) string{"SQLite": sqliteURL, "Postgres": postgresURL} {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			s := open(t, url, store.Options{})
			storetest.LoadMany(t, s, 1500)
			for n := range 3 {
				storetest.MoveBack(t, s, n)
			}
			want := allLists(t, s)
			for _, list := range []string{"SIMs of 100", "SIMs of 1", "migrations of a token", "migrations of a user", "events of 100", "devices of 100"} {
				if !slices.ContainsFunc(want, func(text string) bool { return strings.HasPrefix(text, list+": ") }) {
					t.Fatalf("the list of %s is empty: %v", list, want)
				}
			}
			for _, step := range []int64{1, 5, 9, 15, 17} {
				old := oldDatabase(t, s.Dialect(), rawSQL(t, url), step)
				compareOld(t, open(t, old, store.Options{}), fmt.Sprintf("from step %d", step), want)
			}
		})
	}
}

// compareOld compares the lists of a database that came forward, before and after its server has
// done in the background what it owes.
func compareOld(t *testing.T, s *store.Store, name string, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, allLists(t, s)); diff != "" {
		t.Errorf("%s (-newest +old):\n%s", name, diff)
	}
	settleOld(t, s)
	if diff := cmp.Diff(want, allLists(t, s)); diff != "" {
		t.Errorf("%s, counted (-newest +old):\n%s", name, diff)
	}
	storetest.MoveBack(t, s, 7)
	var report fsck.Report
	err := s.View(t.Context(), func(tx *store.Tx) (err error) {
		report, err = fsck.Run(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Checks {
		if !c.OK() {
			t.Errorf("%s: %s: %v", name, c.Key, c.First)
		}
	}
}

// settleOld does what a server does in the background.
func settleOld(t *testing.T, s *store.Store) {
	t.Helper()
	for more := true; more; {
		err := s.Update(t.Context(), func(tx *store.Tx) error {
			n, err := tx.SealSIMs(t.Context(), 1000)
			more = n == 1000
			if err == nil {
				err = tx.FoldTally(t.Context())
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for more := true; more; {
		var err error
		if more, err = s.FoldLists(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
}

// oldDatabase returns a database of an early schema that has the rows of another one, as far as
// the schema has columns for them.
func oldDatabase(t *testing.T, d store.Dialect, from *sql.DB, step int64) (url string) {
	t.Helper()
	url = emptySQLite(t)
	if d == store.Postgres {
		url = pgtest.Database(t)
	}
	to := rawSQL(t, url)
	to.SetMaxOpenConns(1) // for the setting below
	dialect := goose.DialectSQLite3
	if d == store.Postgres {
		dialect = goose.DialectPostgres
	}
	steps, err := goose.NewProvider(dialect, to, os.DirFS("schema/"+d.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.UpTo(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if d == store.Postgres {
		execRaw(t, to, "SET session_replication_role = replica") // tables are copied in any order
	}
	newest := columnsByTable(t, from, d)
	for table, columns := range columnsByTable(t, to, d) {
		columns = slices.DeleteFunc(columns, func(c string) bool { return !slices.Contains(newest[table], c) })
		execRaw(t, to, "DELETE FROM "+table)
		condition := ""
		if strings.HasPrefix(table, "sim_tally") && step < 16 {
			condition = " WHERE workspace_id > 0" // step 16 adds the others
		}
		copyRows(t, d, from, to, table, columns, condition)
	}
	return url
}

func execRaw(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// columnsByTable returns the columns of each table of the schema.
func columnsByTable(t *testing.T, db *sql.DB, d store.Dialect) map[string][]string {
	t.Helper()
	query := "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT IN (" + foreign + ")"
	if d == store.Postgres {
		query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN (" + foreign + ")"
	}
	found := map[string][]string{}
	each(t, db, query, func(r *sql.Rows) error {
		var table, column string
		err := r.Scan(&table, &column)
		found[table] = append(found[table], column)
		return err
	})
	return found
}

// copyRows copies the columns of a table, and makes the next id follow the highest one.
func copyRows(t *testing.T, d store.Dialect, from, to *sql.DB, table string, columns []string, condition string) {
	t.Helper()
	marks := make([]string, len(columns))
	for i := range columns {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	insert := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") "
	if d == store.Postgres {
		insert += "OVERRIDING SYSTEM VALUE "
	}
	insert += "VALUES (" + strings.Join(marks, ", ") + ")"
	tx, err := to.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	each(t, from, "SELECT "+strings.Join(columns, ", ")+" FROM "+table+condition, func(r *sql.Rows) error {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := r.Scan(into...); err != nil {
			return err
		}
		_, err := tx.ExecContext(t.Context(), insert, values...)
		return err
	})
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	var numbered []string
	if d != store.Postgres || !slices.Contains(columns, "id") {
		return
	}
	each(t, to, "SELECT pg_get_serial_sequence('"+table+"', 'id')", func(r *sql.Rows) error {
		var sequence *string
		if err := r.Scan(&sequence); err != nil || sequence == nil {
			return err
		}
		numbered = append(numbered, fmt.Sprintf("SELECT setval('%s', (SELECT COALESCE(max(id), 0) + 1 FROM %s), FALSE)", *sequence, table))
		return nil
	})
	for _, text := range numbered {
		execRaw(t, to, text)
	}
}

// allLists describes pages of the lists of a database and their totals.
func allLists(t *testing.T, s *store.Store) (texts []string) {
	t.Helper()
	add := func(name string, total int, err error, items ...any) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if total > 0 {
			texts = append(texts, fmt.Sprintf("%s: %d, %+v", name, total, items))
		}
	}
	err := s.View(t.Context(), func(tx *store.Tx) error {
		ctx := t.Context()
		for _, page := range []string{"1", "3"} {
			for _, ws := range []fleet.Workspace{{ID: 100, Type: fleet.Enterprise}, {ID: 200, Type: fleet.Enterprise}, {ID: 1, Type: fleet.MobileNetworkOperator}} {
				sims, err := tx.SIMs(ctx, ws, listOf(t, fleet.SIMList, page))
				add(fmt.Sprintf("SIMs of %d", ws.ID), sims.Total, err, sims.Items)
			}
			for name, caller := range map[string]store.Caller{"a token": {}, "a user": {User: storetest.Admin}, "a SuperAdmin": {User: storetest.Super, SuperAdmin: true}} {
				moves, err := tx.Migrations(ctx, caller, 100, listOf(t, fleet.MigrationList, page))
				add("migrations of "+name, moves.Total, err, moves.Items)
			}
			for _, ws := range []fleet.WorkspaceID{100, 200} {
				events, err := tx.Events(ctx, ws, store.EventsOf{}, listOf(t, fleet.EventList, page))
				add(fmt.Sprintf("events of %d", ws), events.Total, err, events.Items)
				devices, err := tx.DevicePage(ctx, ws, listOf(t, fleet.DeviceList, page))
				add(fmt.Sprintf("devices of %d", ws), devices.Total, err, devices.Items)
				members, err := tx.Members(ctx, ws, listOf(t, fleet.UserList, page))
				add(fmt.Sprintf("users of %d", ws), members.Total, err, members.Items)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(texts)
	return texts
}

func listOf(t *testing.T, spec fleet.ListSpec, page string) fleet.List {
	t.Helper()
	l, err := fleet.ParseList(spec, "", "", page, "20")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
