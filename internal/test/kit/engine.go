package kit

import (
	"testing"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// Engine is a kind of database that Simferry runs on.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Engines returns the engines of this run: every one, or SQLite alone with -short.
func Engines() []Engine {
	if testing.Short() {
		return []Engine{SQLite}
	}
	return []Engine{SQLite, Postgres}
}

// OnEach runs a test on every engine of this run.
func OnEach(t *testing.T, test func(t *testing.T, e Engine)) {
	t.Helper()
	for _, e := range Engines() {
		t.Run(string(e), func(t *testing.T) { test(t, e) })
	}
}

// URL returns the URL of a fresh database with the schema.
func (e Engine) URL(t testing.TB) string {
	t.Helper()
	if e == SQLite {
		return "sqlite:" + schemaFile.copy(t)
	}
	const schema = "schema"
	pgtest.Template(t, schema, func(url string) { openStore(t, url, store.Options{}).close() })
	return pgtest.Clone(t, schema)
}

type opened struct{ *store.Store }

func (o opened) close() { _ = o.Close() }

func openStore(t testing.TB, url string, o store.Options) opened {
	t.Helper()
	s, err := store.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	return opened{s}
}
