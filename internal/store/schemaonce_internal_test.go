package store

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
)

// Two servers find the same step missing. The step could be applied twice without an error.
// The second one fails and leaves nothing behind.
func TestStepIsAppliedOnce(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	files := fstest.MapFS{"00001_count.sql": {Data: []byte(`-- +goose Up
CREATE TABLE IF NOT EXISTS runs (n INTEGER);
INSERT INTO runs VALUES (1);`)}}
	p, err := steps{dialect: SQLite, files: files, latest: 1}.provider(db, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Goose looks for the record before it begins the step. The trigger writes the record during
	// the step, as another server might between the look and the step.
	if _, err := db.ExecContext(t.Context(), `DELETE FROM goose_db_version WHERE version_id = 1;
		CREATE TRIGGER other AFTER INSERT ON runs BEGIN
			INSERT INTO goose_db_version (version_id, is_applied) VALUES (1, 1); END`); err != nil {
		t.Fatal(err)
	}
	var partial *goose.PartialError
	if _, err := p.Up(t.Context()); !errors.As(err, &partial) || !errors.Is(partial.Err, errStepApplied) {
		t.Errorf("the second server's error is %v", err)
	}
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM runs").Scan(&n); err != nil || n != 1 {
		t.Errorf("the step ran %d times, %v", n, err)
	}
}
