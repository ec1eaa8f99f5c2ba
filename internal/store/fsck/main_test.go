package fsck_test

import (
	"testing"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func sqliteURL(t testing.TB) string { return kit.SQLite.URL(t) }

func postgresURL(t testing.TB) string { return kit.Postgres.URL(t) }

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
