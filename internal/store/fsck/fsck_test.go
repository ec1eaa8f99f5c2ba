package fsck_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
)

func TestFsckSQLite(t *testing.T) { storetest.RunFsck(t, breakableSQLite()) }

func TestAuditTamperingSQLite(t *testing.T) { storetest.RunAuditTampering(t, breakableSQLite()) }

func TestFsckColumnsSQLite(t *testing.T) {
	var file string
	b := breakableSQLite()
	b.Open = func(t testing.TB, o store.Options) (*store.Store, func(string)) {
		t.Helper()
		url := sqliteURL(t)
		file = strings.TrimPrefix(url, "sqlite:")
		return open(t, url, o), nil
	}
	storetest.RunFsckColumns(t, b, func() *sql.DB { return closing(t, rawSQLite(t, file)) })
}

func TestFsckColumnsPostgres(t *testing.T) {
	var url string
	b := breakablePostgres()
	b.Open = func(t testing.TB, o store.Options) (*store.Store, func(string)) {
		t.Helper()
		url = postgresURL(t)
		return open(t, url, o), nil
	}
	storetest.RunFsckColumns(t, b, func() *sql.DB {
		cfg, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		cfg.RuntimeParams["session_replication_role"] = "replica" // no foreign key is checked
		return closing(t, stdlib.OpenDB(*cfg))
	})
}

func closing(t testing.TB, db *sql.DB) *sql.DB {
	t.Helper()
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func breakableSQLite() storetest.Breakable {
	return storetest.Breakable{InRuns: fsck.RunIn, Open: func(t testing.TB, o store.Options) (*store.Store, func(string)) {
		t.Helper()
		url := sqliteURL(t)
		s := open(t, url, o)
		file := strings.TrimPrefix(url, "sqlite:")
		return s, changing(t, rawSQLite(t, file))
	}}
}

// rawSQLite opens a database without enforcing foreign keys and checks.
func rawSQLite(t testing.TB, file string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=ignore_check_constraints(1)&_pragma=foreign_keys(0)")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestFsckPostgres(t *testing.T) { storetest.RunFsck(t, breakablePostgres()) }

func TestAuditTamperingPostgres(t *testing.T) { storetest.RunAuditTampering(t, breakablePostgres()) }

func breakablePostgres() storetest.Breakable {
	return storetest.Breakable{InRuns: fsck.RunIn, Open: func(t testing.TB, o store.Options) (*store.Store, func(string)) {
		t.Helper()
		url := postgresURL(t)
		s := open(t, url, o)
		cfg, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		cfg.RuntimeParams["session_replication_role"] = "replica" // a replica does not check foreign keys
		return s, changing(t, stdlib.OpenDB(*cfg))
	}}
}

// changing runs statements, each of which must change something.
func changing(t testing.TB, db *sql.DB) func(string) {
	t.Helper()
	t.Cleanup(func() { _ = db.Close() })
	return func(statement string) {
		t.Helper()
		r, err := db.ExecContext(t.Context(), statement)
		if err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		verb, _, _ := strings.Cut(statement, " ")
		if n, err := r.RowsAffected(); err != nil || n == 0 && slices.Contains([]string{"INSERT", "UPDATE", "DELETE"}, verb) {
			t.Fatalf("%s: changes nothing: %v", statement, err)
		}
	}
}

// TestChecksummed checks that a lost id is found from the checksum.
func TestChecksummed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Int64().Draw(t, "id")
		if got := fsck.Checksummed(fleet.Checksum(fleet.SIMState{ID: fleet.SIMID(id)})); got != id {
			t.Errorf("%d from the checksum of %d", got, id)
		}
	})
}

func TestInspectCreatesAndChangesNothing(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"missing.db": "", "empty.db": "", "other.db": "this is not a database, but it is long enough for the header of one\n"} {
		file := filepath.Join(dir, name)
		if name != "missing.db" {
			if err := os.WriteFile(file, []byte(strings.Repeat(content, 20)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := store.Inspect(t.Context(), "sqlite:"+file, store.Options{})
		if err == nil {
			t.Errorf("%s was opened", name)
			_ = s.Close()
		}
		if now, err := os.ReadFile(file); name == "missing.db" != errors.Is(err, os.ErrNotExist) || len(now) != 20*len(content) {
			t.Errorf("%s was changed: %v, %d bytes", name, err, len(now))
		}
	}
}

func TestInspectTakesNoWrites(t *testing.T) {
	for name, url := range map[string]string{"sqlite": sqliteURL(t), "postgres": postgresURL(t)} {
		storetest.Load(t, open(t, url, store.Options{}))
		s, err := store.Inspect(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Update(t.Context(), func(*store.Tx) error { return nil }); err == nil {
			t.Errorf("%s: Update went through", name)
		}
		if err := s.View(t.Context(), func(tx *store.Tx) error { return fsckOK(t.Context(), tx) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func fsckOK(ctx context.Context, tx *store.Tx) error {
	r, err := fsck.Run(ctx, tx)
	if err == nil && !r.OK() {
		err = errors.New("fsck found something")
	}
	return err
}

func TestRebuildCountsSQLite(t *testing.T) { storetest.RunRebuild(t, breakableSQLite()) }

func TestRebuildCountsPostgres(t *testing.T) { storetest.RunRebuild(t, breakablePostgres()) }

// A check of an invariant that the order of reports lacks is reported, last.
func TestEveryCheckIsReported(t *testing.T) {
	list := fsck.InOrder(fsck.Check{Key: "new", Invariant: "I99"}, fsck.Check{Key: "places", Invariant: "I9"})
	if last := list[len(list)-1]; last.Key != "new" {
		t.Errorf("the last check is %s", last.Key)
	}
	for _, c := range list[:len(list)-1] {
		if !slices.Contains(fsck.InvariantOrder, c.Invariant) {
			t.Errorf("%s: the order of reports lacks %s", c.Key, c.Invariant)
		}
	}
}

// The page of the operator names each table that is not covered, and its columns.
func TestNotCoveredIsDocumented(t *testing.T) {
	const page = "../../../docs/operations/backup-and-fsck.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "### What is not covered")
	section, _, _ = strings.Cut(section, "\n### ")
	columns := make(map[string]string) // of a table, the second cell of its row
	for row := range strings.Lines(section) {
		cells := strings.Split(row, " | ")
		if len(cells) < 3 {
			continue
		}
		for i, name := range strings.Split(cells[0], "`") {
			if i%2 == 1 {
				columns[name] = cells[1]
			}
		}
	}
	for _, n := range fsck.NotCoveredList() {
		cell, found := columns[n.Table]
		switch {
		case n.Table == "":
		case !found:
			t.Errorf("%s does not name the table %s, which is not covered", page, n.Table)
		case !strings.HasPrefix(cell, "all"):
			for _, c := range n.Columns {
				if !strings.Contains(cell, "`"+c+"`") {
					t.Errorf("%s does not name the column %s.%s, which is not covered", page, n.Table, c)
				}
			}
		}
	}
}

// The page of the operator names each check.
func TestChecksAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/operations/backup-and-fsck.md")
	if err != nil {
		t.Fatal(err)
	}
	checks, _, _ := strings.Cut(string(text), "### What is not covered")
	s := open(t, sqliteURL(t), store.Options{})
	err = s.View(t.Context(), func(tx *store.Tx) error {
		report, err := fsck.Run(t.Context(), tx)
		for _, c := range report.Checks {
			if !strings.Contains(checks, "`"+c.Key+"`") {
				t.Errorf("the page does not name the check %s: %s", c.Key, c.Name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
