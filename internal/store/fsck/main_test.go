package fsck_test

import (
	"path/filepath"
	"testing"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func sqliteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "simferry.db")
}

// postgresURL returns the URL of a database with our schema.
func postgresURL(t testing.TB) string {
	t.Helper()
	pgtest.Template(t, "schema", func(url string) {
		s, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
	return pgtest.Clone(t, "schema")
}

func open(t testing.TB, url string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
