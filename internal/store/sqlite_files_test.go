package store_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// lostFile asserts that nothing is served, and that each error says why.
func lostFile(t *testing.T, s *store.Store) {
	t.Helper()
	one := func(tx *store.Tx) error { _, err := tx.AllWorkspaces(t.Context()); return err }
	for name, access := range map[string]func() error{
		"Update": func() error {
			return s.Update(t.Context(), func(tx *store.Tx) error { return tx.PutWorkspace(t.Context(), named(7, "lost")) })
		},
		"View":  func() error { return s.View(t.Context(), one) },
		"Read":  func() error { return s.Read(t.Context(), one) },
		"Ready": func() error { return s.Ready(t.Context()) },
	} {
		var told *fleet.Error
		if err := access(); !errors.As(err, &told) || told.Code != fleet.Unavailable || !strings.Contains(told.Message, "removed or replaced") {
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
				lostFile(t, s)
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
