package fsck_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
)

// A backup that is taken while SIMs move passes fsck, and so does a database restored from it.
func TestBackupWhileServing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url, file := "sqlite:"+filepath.Join(dir, "fleet.db"), filepath.Join(dir, "backup.db")
	s := open(t, url, store.Options{})
	storetest.LoadMany(t, s, 5000)

	var moved atomic.Int64
	moves, quit := make(chan struct{}), make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			default:
			}
			storetest.MoveBack(t, s, int(moved.Load()))
			if moved.Add(1) == 1 {
				close(moves)
			}
		}
	}()
	<-moves
	before := moved.Load()
	report, err := fsck.Backup(t.Context(), url, file)
	during := moved.Load() - before
	close(quit)
	<-done
	if err != nil || !report.OK() {
		t.Fatalf("%v %+v", err, report)
	}
	if during == 0 {
		t.Error("nothing moved while the backup was made")
	}
	private(t, file)
	private(t, filepath.Join(dir, "fleet.db"))

	restored := "sqlite:" + filepath.Join(dir, "restored.db")
	if report, err = fsck.Restore(t.Context(), file, restored); err != nil || !report.OK() {
		t.Fatalf("%v %+v", err, report)
	}
	private(t, filepath.Join(dir, "restored.db"))
	again := open(t, restored, store.Options{})
	storetest.CheckSums(t, again)
	storetest.MoveBack(t, again, 0) // it can be used
	left, err := filepath.Glob(filepath.Join(dir, "*.partial*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func private(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v; want 0600", file, info.Mode(), err)
	}
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url, taken := "sqlite:"+filepath.Join(dir, "fleet.db"), filepath.Join(dir, "taken.db")
	storetest.Load(t, open(t, url, store.Options{}))
	write(t, taken, "precious")
	for _, tt := range []struct{ url, file, want string }{
		{url, taken, "never overwrites"},
		{"sqlite:" + filepath.Join(dir, "none.db"), filepath.Join(dir, "b.db"), "no such file"},
		{"sqlite:" + taken, filepath.Join(dir, "b.db"), "not a database"},
		{url, filepath.Join(dir, "no", "such", "folder"), "no such file"},
		{"postgres://x@y/z", filepath.Join(dir, "b.db"), "pg_dump"},
	} {
		_, err := fsck.Backup(t.Context(), tt.url, tt.file)
		says(t, err, tt.want)
	}
	holds(t, taken, "precious")
	holds(t, filepath.Join(dir, "b.db"), "")
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	s := open(t, "sqlite:"+at("fleet.db"), store.Options{})
	storetest.Load(t, s)
	if _, err := fsck.Backup(t.Context(), "sqlite:"+at("fleet.db"), at("good.db")); err != nil {
		t.Fatal(err)
	}
	write(t, at("taken.db"), "precious")
	write(t, at("left.db-wal"), "remains")
	write(t, at("text.db"), strings.Repeat("this is not a database\n", 500))
	write(t, at("empty.db"), "")
	damageFile(t, at("good.db"), at("unsound.db"), "UPDATE sims SET version = 3 WHERE id = 16")
	damageFile(t, at("good.db"), at("newer.db"), "UPDATE goose_db_version SET version_id = version_id + 100")
	for _, tt := range []struct{ file, target, want string }{
		{"good.db", "taken.db", "move it away first"},
		{"good.db", "left.db", "move it away first"},
		{"good.db", "no/such/folder.db", "no such file"},
		{"none.db", "new.db", "no such file"},
		{"text.db", "new.db", "not a database"},
		{"empty.db", "new.db", "not a Simferry database"},
		{"newer.db", "new.db", "use a newer simferry"},
		{"unsound.db", "new.db", "does not pass fsck"},
		{"fleet.db", "new.db", "a database in use"},
	} {
		_, err := fsck.Restore(t.Context(), at(tt.file), "sqlite:"+at(tt.target))
		says(t, err, tt.want)
	}
	_, err := fsck.Restore(t.Context(), at("good.db"), "postgres://x@y/z")
	says(t, err, "pg_restore")
	holds(t, at("taken.db"), "precious")
	holds(t, at("new.db"), "")

	// An empty file may be replaced.
	if _, err := fsck.Restore(t.Context(), at("good.db"), "sqlite:"+at("empty.db")); err != nil {
		t.Error(err)
	}
}

func TestRestoreFindsDamagedPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "backup.db")
	s := open(t, "sqlite:"+filepath.Join(dir, "fleet.db"), store.Options{})
	storetest.LoadMany(t, s, 2000)
	if _, err := fsck.Backup(t.Context(), "sqlite:"+filepath.Join(dir, "fleet.db"), file); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[len(content)/2/4096*4096:], make([]byte, 4096)) // one page in the middle
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fsck.Restore(t.Context(), file, "sqlite:"+filepath.Join(dir, "new.db")); err == nil {
		t.Error("it was restored")
	}
	holds(t, filepath.Join(dir, "new.db"), "")
}

// damageFile copies a database and changes the copy with a statement.
func damageFile(t *testing.T, from, to, statement string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(content))
	exec := changing(t, rawSQLite(t, to))
	exec(statement)
}

func says(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want %q", err, want)
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// holds checks the content of a file; "" for no file.
func holds(t *testing.T, file, want string) {
	t.Helper()
	got, err := os.ReadFile(file)
	if want == "" != errors.Is(err, os.ErrNotExist) || string(got) != want {
		t.Errorf("%s: %q, %v", file, got, err)
	}
}
