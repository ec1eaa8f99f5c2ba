package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// rawSQL opens the store's database without the store.
func rawSQL(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, name = "sqlite", file
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// emptySQLite returns the URL of a file that does not exist yet.
func emptySQLite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "simferry.db") }

// engines runs a test on an empty database of each engine.
func engines(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": emptySQLite, "postgres": pgtest.Database} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, url(t))
		})
	}
}

// Several servers start at once on an empty database: all succeed, each step is applied
// once.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		t.Helper()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				s, err := store.Open(t.Context(), url, store.Options{MaxConns: 2})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Ready(t.Context()); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var repeated int
		err := rawSQL(t, url).QueryRowContext(t.Context(), `SELECT count(*) FROM
			(SELECT version_id FROM goose_db_version GROUP BY version_id HAVING count(*) > 1) d`).Scan(&repeated)
		if err != nil || repeated != 0 {
			t.Errorf("%d steps were applied twice, %v", repeated, err)
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		t.Helper()
		running := open(t, url, store.Options{})
		execute(t, rawSQL(t, url), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
		s, err := store.Open(t.Context(), url, store.Options{})
		if err == nil {
			_ = s.Close()
			t.Fatal("it was opened")
		}
		for _, word := range []string{"9999", "run a newer simferry"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q does not say %q", err, word)
			}
		}
		// A running server continues to serve, so that servers can be upgraded one by one.
		if err := running.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestReadyFailsWithoutSchema(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, url string) {
		t.Helper()
		s := open(t, url, store.Options{})
		execute(t, rawSQL(t, url), "DELETE FROM goose_db_version WHERE version_id > 0")
		if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "schema") {
			t.Errorf("ready without its schema: %v", err)
		}
	})
}

func execute(t testing.TB, db *sql.DB, text string) {
	t.Helper()
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), text); err != nil {
		t.Fatal(err)
	}
}
