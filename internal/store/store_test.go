package store_test

import (
	"context"
	"os"
	"testing"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/storetest"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(crashEnv); url != "" {
		crash(url)
		return
	}
	if urls := os.Getenv(copyEnv); urls != "" {
		copyAndDie(urls)
		return
	}
	if url := os.Getenv(openEnv); url != "" {
		_, err := store.Open(context.Background(), url, store.Options{})
		panic(err) // the process should have been killed before
	}
	pgtest.Main(m)
}

func TestSQLite(t *testing.T) { storetest.Run(t, openSQLite) }

func TestPostgres(t *testing.T) { storetest.Run(t, openPostgres) }

func openSQLite(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	return open(t, sqliteURL(t), o)
}

func openPostgres(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	return open(t, postgresURL(t), o)
}

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
