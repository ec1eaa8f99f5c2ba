package pgtest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestDatabasesAreEmptyAndSeparate(t *testing.T) {
	one, two := connect(t, pgtest.Database(t)), connect(t, pgtest.Database(t))
	exec1(t, one, "CREATE TABLE sim (id bigint)")
	const tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	if n := scalar[int](t, one, tables); n != 1 {
		t.Errorf("the first database has %d tables, want its one", n)
	}
	if n := scalar[int](t, two, tables); n != 0 {
		t.Errorf("the second database has %d tables, want none", n)
	}
}

func TestDatabaseIsDroppedEvenWhileConnected(t *testing.T) {
	var url string
	t.Run("holder", func(t *testing.T) {
		url = pgtest.Database(t)
		connect(t, url) // closed after the drop, as the clean-ups run backwards
	})
	ctx := withTimeout(t)
	if conn, err := pgx.Connect(ctx, url); err == nil {
		_ = conn.Close(ctx)
		t.Error("the database outlived its test")
	}
}

func TestCloneCopiesTheTemplate(t *testing.T) {
	filled := 0
	fill := func(url string) {
		filled++
		conn := connect(t, url)
		exec1(t, conn, "CREATE TABLE sim (id bigint)")
		exec1(t, conn, "INSERT INTO sim VALUES (250)")
		if err := conn.Close(withTimeout(t)); err != nil {
			t.Fatal(err)
		}
	}
	pgtest.Template(t, "fleet", fill)
	pgtest.Template(t, "fleet", fill)
	if filled != 1 {
		t.Errorf("filled %d times, want once", filled)
	}
	one, two := connect(t, pgtest.Clone(t, "fleet")), connect(t, pgtest.Clone(t, "fleet"))
	exec1(t, one, "DELETE FROM sim")
	if n := scalar[int](t, two, "SELECT count(*) FROM sim"); n != 1 {
		t.Errorf("the copy has %d SIMs, want the template's one", n)
	}
}

// The shared server gives up fsync for speed, but nothing that a query can observe.
func TestServerIsLikeProduction(t *testing.T) {
	conn := connect(t, pgtest.Database(t))
	if v := scalar[string](t, conn, "SHOW synchronous_commit"); v != "on" {
		t.Errorf("synchronous_commit is %q", v)
	}
	bytewise := scalar[bool](t, conn, "SELECT 'a' > 'B'")
	if old := scalar[bool](t, conn, "SELECT current_setting('server_version_num')::int < 150000"); bytewise != old {
		t.Errorf("text compares bytewise: %t, which is for PostgreSQL 14 alone: a missing COLLATE \"C\" would go unnoticed", bytewise)
	}
}

func TestExistingServerIsUsed(t *testing.T) {
	c := start(t, pgtest.Options{Settings: map[string]string{"log_statement": "ddl"}})
	cmd := exec.CommandContext(withTimeout(t), os.Args[0], "-test.run=^TestCloneCopiesTheTemplate$")
	cmd.Env = append(os.Environ(), "SIMFERRY_TEST_POSTGRES="+c.URL("postgres"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	log, err := os.ReadFile(c.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "CREATE DATABASE simferry_test_") {
		t.Error("the tests did not use it")
	}
	conn := connect(t, c.URL("postgres"))
	if n := scalar[int](t, conn, "SELECT count(*) FROM pg_database WHERE datname LIKE 'simferry_test_%'"); n != 0 {
		t.Errorf("%d databases were left behind on it", n)
	}
}
