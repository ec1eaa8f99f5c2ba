package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgbouncer"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// beforeInvitations returns a database of schema 6, in which step 7 finds no other connections.
func beforeInvitations(t *testing.T) (url string) {
	t.Helper()
	url = pgtest.Database(t)
	steps, err := goose.NewProvider(goose.DialectPostgres, rawSQL(t, url), os.DirFS("schema/postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.UpTo(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	return url
}

// opening opens the database in the background; the channel gets the result.
func opening(t *testing.T, url string) <-chan error {
	t.Helper()
	opened := make(chan error, 1)
	go func() {
		s, err := store.Open(context.WithoutCancel(t.Context()), url, store.Options{})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	return opened
}

// queued waits until that many wait for a table.
func queued(t *testing.T, watch *pgx.Conn, table string, want int, opened <-chan error) {
	t.Helper()
	for count(t, watch, fmt.Sprintf("SELECT count(*) FROM pg_locks WHERE relation = '%s'::regclass AND NOT granted", table)) != want {
		if len(opened) > 0 {
			t.Fatalf("the step has not waited for %s: %v", table, <-opened)
		}
	}
}

// A request has locked one table and needs the other while a step that changes both waits. It
// gets it, in either order, and the step then succeeds.
func TestSchemaStepDoesNotBlockTables(t *testing.T) {
	t.Parallel()
	for _, order := range [][2]string{{"users", "memberships"}, {"memberships", "users"}} {
		t.Run(order[0], func(t *testing.T) {
			t.Parallel()
			url := beforeInvitations(t)
			request, watch := direct(t, url), direct(t, url)
			run(t, request, "BEGIN")
			run(t, request, "LOCK TABLE "+order[0]+" IN ROW EXCLUSIVE MODE")
			opened := opening(t, url)
			queued(t, watch, order[0], 1, opened)
			run(t, request, "LOCK TABLE "+order[1]+" IN ROW EXCLUSIVE MODE")
			run(t, request, "COMMIT")
			if err := <-opened; err != nil {
				t.Error(err)
			}
		})
	}
}

// A table is locked for long: the step lets other requests through, and tries again.
func TestASchemaStepGivesWay(t *testing.T) {
	t.Parallel()
	url := beforeInvitations(t)
	long, watch := direct(t, url), direct(t, url)
	run(t, long, "BEGIN")
	run(t, long, "LOCK TABLE users IN ACCESS SHARE MODE")
	opened := opening(t, url)
	for _, waiting := range []int{1, 0, 1} {
		queued(t, watch, "users", waiting, opened)
	}
	run(t, long, "COMMIT")
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

// A server is killed inside a schema step. The next one does not wait for its lease: it starts
// as soon as the tables are free. Behind a pooler it may wait for some seconds.
func TestAServerKilledInsideASchemaStep(t *testing.T) {
	t.Parallel()
	for _, pooled := range []bool{false, true} {
		t.Run(fmt.Sprint("pooled ", pooled), func(t *testing.T) {
			t.Parallel()
			url := beforeInvitations(t)
			through := url
			if pooled {
				through = pgbouncer.Start(t, url)
			}
			holder, watch := direct(t, url), direct(t, url)
			run(t, holder, "BEGIN")
			run(t, holder, "LOCK TABLE users IN ACCESS SHARE MODE")
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), openEnv+"="+through)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			queued(t, watch, "users", 1, nil)
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			run(t, holder, "COMMIT")
			began := time.Now()
			open(t, through, store.Options{})
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("the next start took %v", took)
			}
		})
	}
}
