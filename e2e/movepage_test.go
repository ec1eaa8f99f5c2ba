package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// TestMovePage runs the commands of docs/operations/move-to-postgresql.md as they are written, on a
// database with a fleet in it.
func TestMovePage(t *testing.T) {
	pgtest.SkipIfShort(t)
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
	execute(t, cluster, blocksIn(t, movePage, "sql")[0].text)
	runShell(t, dir, nil, "simferry seed --database sqlite:fleet.db "+world)
	out := runShell(t, dir, nil, shellOf(t, movePage))
	if n := strings.Count(out, "all values are equal, and the copy passes all"); n != 2 {
		t.Errorf("%d copies are complete, want 2: %s", n, out)
	}
}
