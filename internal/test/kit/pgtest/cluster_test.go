package pgtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func start(t *testing.T, opts pgtest.Options) *pgtest.Cluster {
	t.Helper()
	pgtest.SkipIfShort(t)
	c, err := pgtest.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, c) })
	return c
}

func remove(t *testing.T, c *pgtest.Cluster) {
	t.Helper()
	for range 2 { // the second finds nothing to do
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Dir(c.LogFile())); !os.IsNotExist(err) {
		t.Errorf("the cluster's directory is still there: %v", err)
	}
}

// What was committed is there after each way of stopping, at the same URL.
func TestStopAndRestart(t *testing.T) {
	c := start(t, pgtest.Options{})
	exec1(t, connect(t, c.URL("postgres")), "CREATE TABLE sim (id serial)")
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if v := scalar[string](t, connect(t, c.URL("postgres")), "SHOW "+setting); v != "on" {
			t.Errorf("%s is %q, but this cluster is for tests of durability", setting, v)
		}
	}
	for name, mode := range map[string]pgtest.StopMode{"fast": pgtest.Fast, "immediate": pgtest.Immediate, "kill": pgtest.Kill} {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, c.URL("postgres"))
			before := scalar[int](t, conn, "SELECT count(*) FROM sim")
			exec1(t, conn, "INSERT INTO sim DEFAULT VALUES")
			if err := c.Stop(mode); err != nil {
				t.Fatal(err)
			}
			if conn, err := pgx.Connect(withTimeout(t), c.URL("postgres")); err == nil {
				_ = conn.Close(withTimeout(t))
				t.Fatal("a stopped server answers")
			}
			if err := c.Restart(); err != nil {
				t.Fatal(err)
			}
			if after := scalar[int](t, connect(t, c.URL("postgres")), "SELECT count(*) FROM sim"); after != before+1 {
				t.Errorf("%d SIMs after the restart, want %d", after, before+1)
			}
		})
	}
	log, err := os.ReadFile(c.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "ready to accept connections"); n != 4 {
		t.Errorf("the log has %d starts, want 4", n)
	}
}

// A session that is busy does not survive its postmaster.
func TestKillEndsBusySessions(t *testing.T) {
	c := start(t, pgtest.Options{})
	busy, conn := connect(t, c.URL("postgres")), connect(t, c.URL("postgres"))
	exec1(t, conn, "SELECT pg_advisory_lock(1)")
	ended := make(chan error, 1)
	go func() {
		_, err := busy.Exec(withTimeout(t), "DO $$ BEGIN PERFORM pg_advisory_lock(2); LOOP END LOOP; END $$")
		ended <- err
	}()
	awaitLock(t, conn, 2)
	if err := c.Stop(pgtest.Kill); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the endless statement ended well")
	}
	if err := c.Restart(); err != nil {
		t.Fatal(err)
	}
}

// awaitLock returns once another session holds an advisory lock, which shows how far its
// statement has come.
func awaitLock(t *testing.T, conn *pgx.Conn, id int) {
	t.Helper()
	ctx := withTimeout(t)
	for held := false; !held; {
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1)", id).Scan(&held)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSettings(t *testing.T) {
	c := start(t, pgtest.Options{Settings: map[string]string{"max_connections": "17", "cluster_name": "a b"}})
	for _, url := range []string{c.URL("postgres"), c.SocketURL("postgres")} {
		conn := connect(t, url)
		if v := scalar[string](t, conn, "SHOW max_connections"); v != "17" {
			t.Errorf("max_connections is %s", v)
		}
		if v := scalar[string](t, conn, "SHOW cluster_name"); v != "a b" {
			t.Errorf("cluster_name is %q", v)
		}
	}
}

func TestFailedStartHasAReason(t *testing.T) {
	pgtest.SkipIfShort(t)
	_, err := pgtest.Start(pgtest.Options{Settings: map[string]string{"max_connections": "many"}})
	if err == nil || !strings.Contains(err.Error(), "max_connections") {
		t.Errorf("got %v", err)
	}
}

// A test process that is killed takes its server along, and the next one clears away
// what it left.
func TestNothingOutlivesItsProcess(t *testing.T) {
	cmd, url, dir := holder(t)
	conn := connect(t, url)
	asleep := make(chan error, 1)
	go func() {
		_, err := conn.Exec(withTimeout(t), "SELECT pg_sleep(60)")
		asleep <- err
	}()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if err := <-asleep; err == nil {
		t.Error("the server went on without its process")
	}
	start(t, pgtest.Options{})
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s was left behind: %v", dir, err)
	}
}

// TestClustersComeFromOneImage compares the identifiers that initdb draws at random: two
// clusters that have the same one are copies.
func TestClustersComeFromOneImage(t *testing.T) {
	pgtest.SkipIfShort(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	identifier := func() int64 {
		c, err := pgtest.Start(pgtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Remove(); err != nil {
				t.Error(err)
			}
		})
		return scalar[int64](t, connect(t, c.URL("postgres")), "SELECT system_identifier FROM pg_control_system()")
	}
	if first, second := identifier(), identifier(); first != second {
		t.Errorf("system identifiers %d and %d: the second cluster was made by initdb again", first, second)
	}
}
