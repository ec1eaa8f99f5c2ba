package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// wantFileLost checks that every access fails, with an error that says that the file was removed
// or replaced.
func wantFileLost(t *testing.T, s *store.Store) {
	t.Helper()
	read := func(tx *store.Tx) error { _, err := tx.AllWorkspaces(t.Context()); return err }
	for name, access := range map[string]func() error{
		"Update": func() error {
			return s.Update(t.Context(), func(tx *store.Tx) error { return tx.PutWorkspace(t.Context(), named(7, "lost")) })
		},
		"View":  func() error { return s.View(t.Context(), read) },
		"Read":  func() error { return s.Read(t.Context(), read) },
		"Ready": func() error { return s.Ready(t.Context()) },
	} {
		var refusal *fleet.Error
		if err := access(); !errors.As(err, &refusal) || refusal.Code != fleet.Unavailable || !strings.Contains(refusal.Message, "removed or replaced") {
			t.Errorf("%s: %v, want an error that names the file", name, err)
		}
	}
}

// One of the files of a running server is removed or replaced. The server refuses all requests
// until the files are back, because what SQLite writes meanwhile is lost.
func TestFileRemovedOrReplacedWhileServing(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		for _, replace := range []bool{false, true} {
			name := map[bool]string{false: "removed", true: "replaced"}[replace]
			t.Run(name+suffix, func(t *testing.T) {
				t.Parallel()
				url := sqliteURL(t)
				s := open(t, url, store.Options{})
				put(t, s, named(1, "before"))
				file := strings.TrimPrefix(url, "sqlite:") + suffix
				if err := os.Rename(file, file+".aside"); err != nil {
					t.Fatal(err)
				}
				if replace {
					content, err := os.ReadFile(file + ".aside")
					if err == nil {
						err = os.WriteFile(file, content, 0o600)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				wantFileLost(t, s)
				if err := os.Rename(file+".aside", file); err != nil {
					t.Fatal(err)
				}
				put(t, s, named(2, "after"))
				if err := s.Ready(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A commit to a file that has been removed is not acknowledged.
func TestFileRemovedInsideATransaction(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := open(t, url, store.Options{})
	file := strings.TrimPrefix(url, "sqlite:")
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutWorkspace(t.Context(), named(1, "half")); err != nil {
			return err
		}
		return os.Rename(file, file+".aside")
	})
	if fleet.CodeOf(err) != fleet.Unavailable {
		t.Errorf("%v, want Unavailable", err)
	}
}

// The database is overwritten in place, which keeps the file's identity: the server refuses all
// requests from then on.
func TestFileOverwrittenWhileServing(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(file string, earlier []byte) error{
		"by an earlier copy": overwrite,
		"emptied":            func(file string, _ []byte) error { return os.Truncate(file, 0) },
		"cut":                func(file string, _ []byte) error { return os.Truncate(file, 8192) },
		"by other content": func(file string, earlier []byte) error {
			return overwrite(file, bytes.Repeat([]byte{7}, len(earlier)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := sqliteURL(t)
			file := strings.TrimPrefix(url, "sqlite:")
			first, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			put(t, first, named(1, "before"))
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			earlier, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := open(t, url, store.Options{})
			put(t, s, named(2, "later"))
			if _, err := rawSQL(t, url).ExecContext(t.Context(), "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
				t.Fatal(err)
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := spoil(file, earlier); err != nil {
				t.Fatal(err)
			}
			wantFileLost(t, s)
		})
	}
}

// overwrite writes into a file, as cp does.
func overwrite(file string, content []byte) error { return os.WriteFile(file, content, 0o600) }

// A folder that the server may not search any more is not an internal error.
func TestFolderUnreadableWhileServing(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, "sqlite:"+filepath.Join(folder, "simferry.db"), store.Options{})
	put(t, s, named(1, "before"))
	if err := os.Rename(folder, folder+".aside"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil { // stat fails, also for root
		t.Fatal(err)
	}
	wantFileLost(t, s)
	if err := errors.Join(os.Remove(folder), os.Rename(folder+".aside", folder)); err != nil {
		t.Fatal(err)
	}
	put(t, s, named(2, "after"))
}

// A database that SQLite finds damaged is unavailable: the server itself works.
func TestDamagedFileWhileServing(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := open(t, url, store.Options{})
	put(t, s, named(1, "before"))
	var page int64
	db := rawSQL(t, url)
	err := db.QueryRowContext(t.Context(), "SELECT rootpage FROM sqlite_master WHERE name = 'workspaces'").Scan(&page)
	if err = errors.Join(err, db.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(strings.TrimPrefix(url, "sqlite:"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	const size = 4096
	_, err = f.WriteAt(bytes.Repeat([]byte{7}, size), (page-1)*size)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, url, store.Options{})
	err = s.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.AllWorkspaces(t.Context()); return err })
	var refusal *fleet.Error
	if !errors.As(err, &refusal) || refusal.Code != fleet.Unavailable || !strings.Contains(refusal.Message, "damaged") {
		t.Errorf("%v, want an error about the damage", err)
	}
}
