package fsck_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
)

const pageSize = 4096

// TestFsckFindsDamagedPages damages every page of a database, one at a time and in one of three
// ways. Fsck must fail if SQLite finds that the file is damaged, if a value that fsck covers
// has changed, or if a table cannot be read.
func TestFsckFindsDamagedPages(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.db")
	content, report := soundDatabase(t, whole)
	before, err := coveredContent(t.Context(), whole, report)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 0)) // the same damages in each run
	step := 1
	if testing.Short() {
		step = 16
	}
	damaged, found, harmless := filepath.Join(dir, "damaged.db"), 0, 0
	for page := 0; page < len(content)/pageSize; page += step {
		damageFile := bytes.Clone(content)
		name := damagePage(r, page/step%3, damageFile[page*pageSize:(page+1)*pageSize])
		if err := os.WriteFile(damaged, damageFile, 0o600); err != nil {
			t.Fatal(err)
		}
		if !fsckPasses(t.Context(), damaged) {
			found++
			continue
		}
		harmless++
		after, err := coveredContent(t.Context(), damaged, report)
		if err != nil || !maps.Equal(before, after) {
			t.Errorf("page %d %s: fsck passes, and the content has changed: %v %v", page+1, name, err, differing(before, after))
		}
	}
	t.Logf("%d pages, %d damages were found, %d hit nothing that is covered", len(content)/pageSize, found, harmless)
	if found == 0 || step == 1 && found < harmless {
		t.Error("so few hit anything that the test shows little")
	}
}

// damagePage damages a page in one of three ways, at a random place.
func damagePage(r *rand.Rand, way int, page []byte) (how string) {
	switch way {
	case 0:
		clear(page)
		return "zeroed"
	case 1:
		page[r.IntN(len(page))] ^= byte(1 + r.IntN(255))
		return "with a byte changed"
	}
	at := r.IntN(len(page) - 64)
	for i := range 64 {
		page[at+i] = byte(r.Uint32())
	}
	return "with 64 bytes of noise"
}

// soundDatabase creates a database of more than a hundred pages, and returns its bytes.
func soundDatabase(t *testing.T, file string) ([]byte, fsck.Report) {
	t.Helper()
	live := sqliteURL(t)
	s := open(t, live, store.Options{})
	storetest.LoadMany(t, s, 700)
	for n := range 4 {
		storetest.MoveBack(t, s, n)
	}
	report, err := fsck.Backup(t.Context(), live, file)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil || len(content) < 100*pageSize || len(content)%pageSize != 0 {
		t.Fatalf("%d bytes: %v", len(content), err)
	}
	return content, report
}

func fsckPasses(ctx context.Context, file string) bool {
	s, err := store.Inspect(ctx, "sqlite:"+file, store.Options{})
	if err != nil {
		return false
	}
	err = s.View(ctx, func(tx *store.Tx) error { return fsckOK(ctx, tx) })
	return errors.Join(err, s.Close()) == nil
}

// coveredContent returns a hash of each column that fsck covers. Its error says that SQLite
// cannot read a table, or finds the file damaged.
func coveredContent(ctx context.Context, file string, report fsck.Report) (sums map[string]string, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		return nil, fmt.Errorf("SQLite finds %q: %w", verdict, err)
	}
	sums = make(map[string]string)
	names, err := texts(ctx, db, "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1")
	for _, name := range names {
		table, column, _ := strings.Cut(name, ".")
		if slices.ContainsFunc(report.NotCovered, func(n fsck.NotCovered) bool {
			return n.Table == table && (len(n.Columns) == 0 || slices.Contains(n.Columns, column))
		}) {
			continue
		}
		values, err := texts(ctx, db, fmt.Sprintf("SELECT COALESCE(quote(%s), 'NULL') FROM %s NOT INDEXED", column, table))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		sums[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(values, ","))))
	}
	return sums, err
}

func differing(a, b map[string]string) (names []string) {
	for name := range a {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	return names
}

func texts(ctx context.Context, db *sql.DB, query string) (found []string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	return found, rows.Err()
}
