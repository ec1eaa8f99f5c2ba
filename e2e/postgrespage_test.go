package e2e_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// TestPostgresPage runs the commands of docs/operations/postgresql.md as they are written, on a
// database with a fleet in it.
func TestPostgresPage(t *testing.T) {
	pgtest.SkipIfShort(t)
	script := shellOf(t, postgresPage)
	if !strings.Contains(script, "pg_restore") {
		t.Fatalf("the page has no commands for a logical copy: %s", script)
	}
	cluster, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Remove(); err != nil {
			t.Error(err)
		}
	})
	useCluster(t, cluster)
	dir := t.TempDir()
	world, err := filepath.Abs("../internal/world/testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sql := blocksIn(t, postgresPage, "sql")
	if len(sql) != 4 {
		t.Fatalf("the page has %d blocks of SQL", len(sql))
	}
	execute(t, cluster, sql[0].text)
	runShell(t, dir, nil, "simferry seed --database postgres:///simferry "+world)
	if out := runShell(t, dir, nil, script); !strings.Contains(out, "ok") {
		t.Errorf("fsck of the copy says: %s", out)
	}
	for _, b := range sql[1:] { // at their end commits wait for no standby
		execute(t, cluster, b.text)
	}
}

// execute runs statements as a superuser, one after the other.
func execute(t *testing.T, c *pgtest.Cluster, statements string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(context.WithoutCancel(t.Context())) }()
	for statement := range strings.SplitSeq(statements, ";") {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// useCluster points the programs of PostgreSQL, and Simferry, at a cluster.
func useCluster(t *testing.T, c *pgtest.Cluster) {
	t.Helper()
	u, err := url.Parse(c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	for name, value := range map[string]string{
		"PGHOST": u.Query().Get("host"), "PGPORT": u.Query().Get("port"), "PGUSER": u.User.Username(), "PGPASSWORD": password, "PGSSLMODE": "disable",
	} {
		t.Setenv(name, value)
	}
	if _, err := exec.LookPath("pg_restore"); err != nil {
		t.Setenv("PATH", os.Getenv("PATH")+string(os.PathListSeparator)+filepath.Dir(c.Command("pg_restore").Path))
	}
}
