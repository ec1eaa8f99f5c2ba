package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// Each test finds the template's rows and sequence, whatever the one before did.
func TestReuse(t *testing.T) {
	pgtest.Template(t, "reused", func(url string) {
		run(t, url, `CREATE TABLE a (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, word text);
			CREATE TABLE b (a bigint REFERENCES a (id));
			INSERT INTO a (word) VALUES ('one'), ('two'); INSERT INTO b VALUES (1)`)
	})
	names := map[string]bool{}
	for range 3 {
		t.Run("use", func(t *testing.T) {
			url := pgtest.Reuse(t, "reused")
			names[url] = true
			run(t, url, `DO $$ BEGIN
				ASSERT (SELECT string_agg(id || word, ',' ORDER BY id) FROM a) = '1one,2two';
				ASSERT (SELECT count(*) FROM b) = 1;
				INSERT INTO a (word) VALUES ('three');
				ASSERT (SELECT max(id) FROM a) = 3;
				DELETE FROM b;
				UPDATE a SET word = 'changed' WHERE id = 1;
			END $$`)
		})
	}
	if len(names) != 1 {
		t.Errorf("%d databases were made", len(names))
	}
}

// One whose schema changed is not given to another test.
func TestReuseSkipsBrokenDatabases(t *testing.T) {
	pgtest.Template(t, "broken", func(url string) { run(t, url, "CREATE TABLE a (id bigint)") })
	var first, second string
	t.Run("first", func(t *testing.T) {
		first = pgtest.Reuse(t, "broken")
		run(t, first, "DROP TABLE a")
	})
	t.Run("second", func(t *testing.T) {
		second = pgtest.Reuse(t, "broken")
		run(t, second, "SELECT id FROM a")
	})
	if first == second {
		t.Error("a broken database was given to another test")
	}
}

func run(t *testing.T, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.PgConn().Exec(t.Context(), statements).ReadAll(); err != nil {
		t.Fatal(err)
	}
}
