package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// copyEnv makes this test binary a process that copies a database and dies in between: source,
// target, and the number of reports of progress, in lines.
const copyEnv = "STORETEST_COPY"

func copyAndDie(urls string) {
	args := strings.Split(urls, "\n")
	left, err := strconv.Atoi(args[2])
	if err != nil {
		panic(err)
	}
	_, err = store.Copy(context.Background(), args[0], args[1], store.CopyOptions{Rows: 3, Progress: func(store.CopyProgress) {
		if left--; left == 0 {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill() // nothing is closed or rolled back
			}
			if err != nil {
				panic(err)
			}
			select {}
		}
	}})
	if err != nil {
		panic(err)
	}
}

// copyEngines runs a test for each direction, with a source that has rows in every table and
// that no program has open.
func copyEngines(t *testing.T, test func(t *testing.T, from, to string)) {
	t.Helper()
	for _, d := range []struct {
		name     string
		from     kit.Engine
		emptyURL func(testing.TB) string
	}{{"ToPostgres", kit.SQLite, pgtest.Database}, {"ToSQLite", kit.Postgres, emptySQLite}} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			from := d.from.URL(t)
			fillDatabase(t, from)
			test(t, from, d.emptyURL(t))
		})
	}
}

func fillDatabase(t *testing.T, url string) {
	t.Helper()
	var s *store.Store
	db := plainSQL(t, url)
	storetest.Fill(t, func(t testing.TB, o store.Options) *store.Store {
		t.Helper()
		var err error
		if s, err = store.Open(t.Context(), url, o); err != nil {
			t.Fatal(err)
		}
		return s
	}, db)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// plainSQL opens a database for the statements of a test, which closes it.
func plainSQL(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, name = "sqlite", file
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// databaseRows returns every row of every table as text, without the tables that describe a
// database itself. It fails if a table is empty.
func databaseRows(t *testing.T, url string) map[string][]string {
	t.Helper()
	db := plainSQL(t, url)
	defer func() { _ = db.Close() }()
	d := store.SQLite
	if !strings.HasPrefix(url, "sqlite:") {
		d = store.Postgres
	}
	found := map[string][]string{}
	for table, columns := range columnsByTable(t, db, d) {
		if table == "copied_rows" {
			continue
		}
		slices.Sort(columns)
		found[table] = []string{strings.Join(columns, ", ")}
		each(t, db, "SELECT "+strings.Join(columns, ", ")+" FROM "+table, func(r *sql.Rows) error {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			err := r.Scan(into...)
			found[table] = append(found[table], fmt.Sprintf("%#v", row))
			return err
		})
		slices.Sort(found[table])
		if len(found[table]) == 1 {
			t.Errorf("%s: no row was copied, because there is none", table)
		}
	}
	triggers := "SELECT name, 'O' FROM sqlite_master WHERE type = 'trigger'"
	if d == store.Postgres {
		triggers = "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal"
	}
	each(t, db, triggers, func(r *sql.Rows) error {
		var name, enabled string
		err := r.Scan(&name, &enabled)
		found["triggers"] = append(found["triggers"], name+" "+enabled)
		return err
	})
	slices.Sort(found["triggers"])
	return found
}

// soundStore returns an error if a database does not pass fsck.
func soundStore(ctx context.Context) func(*store.Store) error {
	return func(s *store.Store) error {
		return s.View(ctx, func(tx *store.Tx) error {
			report, err := fsck.Run(ctx, tx)
			for _, c := range report.Checks {
				if !c.OK() {
					err = fmt.Errorf("%s: %v", c.Key, c.First)
				}
			}
			return err
		})
	}
}

// A copy has every row of every table, assigns the ids that the source would, passes fsck, and can
// be used and copied back.
func TestCopy(t *testing.T) {
	t.Parallel()
	copyEngines(t, func(t *testing.T, from, to string) {
		result, err := store.Copy(t.Context(), from, to, store.CopyOptions{Rows: 7, Check: soundStore(t.Context())})
		if err != nil {
			t.Fatal(err)
		}
		want := databaseRows(t, from)
		if diff := cmp.Diff(want, databaseRows(t, to)); diff != "" {
			t.Fatalf("the copy differs (-source +copy):\n%s", diff)
		}
		if result.Tables != len(want)-1 || len(result.LeftOut) > 0 {
			t.Errorf("%+v, want %d tables", result, len(want)-1)
		}
		for _, url := range []string{from, to} { // the next ids are the same
			s, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			storetest.MoveFixture(t, s, "after the copy")
			if err := soundStore(t.Context())(s); err != nil {
				t.Errorf("%s after a migration: %v", s.Dialect(), err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(lastIDs(t, from), lastIDs(t, to)); diff != "" {
			t.Errorf("the next ids differ (-source +copy):\n%s", diff)
		}
		back := emptySQLite(t)
		if strings.HasPrefix(from, "postgres") {
			back = pgtest.Database(t)
		}
		if _, err := store.Copy(t.Context(), to, back, store.CopyOptions{Check: soundStore(t.Context())}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(databaseRows(t, to), databaseRows(t, back)); diff != "" {
			t.Errorf("back (-source +copy):\n%s", diff)
		}
	})
}

// lastIDs returns the highest ids of the tables to which a migration adds rows.
func lastIDs(t *testing.T, url string) (ids []int64) {
	t.Helper()
	db := plainSQL(t, url)
	defer func() { _ = db.Close() }()
	for _, table := range []string{"ledger", "events"} {
		var id int64
		if err := db.QueryRowContext(t.Context(), "SELECT max(id) FROM "+table).Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// A copy that is killed again and again continues each time; meanwhile no server starts on it.
func TestCopyKilled(t *testing.T) {
	t.Parallel()
	copyEngines(t, func(t *testing.T, from, to string) {
		kills := 0
		for n := 1; ; n += 1 + n/3 { // the comparison begins again each time
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), copyEnv+"="+strings.Join([]string{from, to, strconv.Itoa(n)}, "\n"))
			said, err := cmd.CombinedOutput()
			if err == nil {
				break
			}
			if cmd.ProcessState.ExitCode() != -1 { // not a signal
				t.Fatalf("after %d kills: %v %s", kills, err, said)
			}
			kills++
			if s, err := store.Open(t.Context(), to, store.Options{}); err == nil || !strings.Contains(err.Error(), "run the same simferry copy again") {
				t.Fatalf("a server started on a copy that is not complete: %v, %v", s, err)
			}
			if n > 5000 {
				t.Fatal("the copy does not end")
			}
		}
		if kills < 5 {
			t.Errorf("it was killed %d times only", kills)
		}
		if diff := cmp.Diff(databaseRows(t, from), databaseRows(t, to)); diff != "" {
			t.Fatalf("the copy differs (-source +copy):\n%s", diff)
		}
		s := open(t, to, store.Options{})
		if err := soundStore(t.Context())(s); err != nil {
			t.Error(err)
		}
	})
}

// A copy is refused while either database is in use, or if the target is not empty.
func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	copyEngines(t, func(t *testing.T, from, to string) {
		refused := func(what, from, to, want string) {
			t.Helper()
			if _, err := store.Copy(t.Context(), from, to, store.CopyOptions{Rows: 3}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", what, err, want)
			}
		}
		inUse := func(url string, during func()) {
			s, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			during()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		refused("the same engine", from, from, "both databases are")
		inUse(from, func() { refused("a server uses the source", from, to, "in use") })

		ctx, cancel := context.WithCancel(t.Context())
		_, err := store.Copy(ctx, from, to, store.CopyOptions{Rows: 3, Progress: func(p store.CopyProgress) {
			if p.Table == "ledger" && p.Phase == "copied" {
				cancel()
			}
		}})
		if err == nil {
			t.Fatal("the copy was not cancelled")
		}
		changed := plainSQL(t, from)
		execRaw(t, changed, "UPDATE ledger SET reference = 'changed' WHERE id = (SELECT min(id) FROM ledger)")
		if err := changed.Close(); err != nil {
			t.Fatal(err)
		}
		refused("the source has changed", from, to, "reference of the row")

		full := kit.Postgres.URL(t)
		if strings.HasPrefix(from, "postgres") {
			full = "sqlite:" + filepath.Join(t.TempDir(), "full.db")
		}
		inUse(full, func() { refused("a server uses the target", from, full, "in use") })
		refused("the target is not empty", from, full, "not empty")
	})
}
