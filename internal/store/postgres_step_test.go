package store_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/testkit/pgtest"
)

// A server of the version before changes users and then memberships; the step that waits
// for it has them the other way round. It is the step that gives way, and it comes through
// in the end.
func TestASchemaStepGivesWayToRequests(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	before, err := goose.NewProvider(goose.DialectPostgres, rawSQL(t, url), os.DirFS("schema/postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.UpTo(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	watch := direct(t, url)
	request, err := direct(t, url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := request.Exec(t.Context(), "LOCK TABLE users IN ROW EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		s, err := store.Open(context.WithoutCancel(t.Context()), url, store.Options{})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	for count(t, watch, `SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND NOT granted`) == 0 {
		if len(opened) > 0 {
			t.Fatalf("the step has not waited for the request: %v", <-opened)
		}
	}
	if _, err := request.Exec(t.Context(), "LOCK TABLE memberships IN ROW EXCLUSIVE MODE"); err != nil {
		t.Errorf("the request had to give way: %v", err)
	}
	if err := request.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("the step was not tried again: %v", err)
	}
}

// Every step but the one that finds nothing waits for locks for less than PostgreSQL takes
// to look for a deadlock, a second.
func TestSchemaStepsDoNotWaitLong(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("schema/postgres")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d steps, %v", len(files), err)
	}
	for _, f := range files[1:] {
		text, err := os.ReadFile("schema/postgres/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "-- +goose Up\n\nSET LOCAL lock_timeout = '500ms';") {
			t.Errorf("%s does not begin with its lock_timeout", f.Name())
		}
	}
}
