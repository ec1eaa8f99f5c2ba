package e2e_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
	runShell(t, dir, nil, "createdb simferry\nsimferry seed --database postgres:///simferry "+world)
	if out := runShell(t, dir, nil, script); !strings.Contains(out, "ok") {
		t.Errorf("fsck of the copy says: %s", out)
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
