package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
)

// direct returns a connection outside of the store.
func direct(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the server may be gone
	return conn
}

func run(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, conn *pgx.Conn, sql string) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func named(id fleet.WorkspaceID, name string) fleet.Workspace {
	return fleet.Workspace{ID: id, Name: name, Type: fleet.Enterprise}
}

// Two transactions that lock the same rows in opposite order: PostgreSQL aborts one of them,
// and it is retried.
func TestDeadlockIsRetried(t *testing.T) {
	t.Parallel()
	s := openPostgres(t, store.Options{})
	put(t, s, named(1, ""), named(2, ""))
	var both sync.WaitGroup
	both.Add(2)
	var mu sync.Mutex
	runs := 0
	lock := func(first, second fleet.WorkspaceID) error {
		mine := 0
		return s.Update(t.Context(), func(tx *store.Tx) error {
			mine++
			mu.Lock()
			runs++
			mu.Unlock()
			if err := tx.PutWorkspace(t.Context(), named(first, "x")); err != nil {
				return err
			}
			if mine == 1 {
				both.Done()
				both.Wait()
			}
			return tx.PutWorkspace(t.Context(), named(second, "x"))
		})
	}
	var wg sync.WaitGroup
	for _, order := range [][2]fleet.WorkspaceID{{1, 2}, {2, 1}} {
		wg.Go(func() {
			if err := lock(order[0], order[1]); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if runs < 3 {
		t.Errorf("%d runs: there was no deadlock", runs)
	}
}

func put(t testing.TB, s *store.Store, all ...fleet.Workspace) {
	t.Helper()
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		for _, w := range all {
			if err := tx.PutWorkspace(t.Context(), w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A trigger fails the first write with each SQLSTATE; a sequence, which is not rolled back,
// counts the runs.
func TestPostgresRetryPolicy(t *testing.T) {
	t.Parallel()
	for state, wantRuns := range map[string]int{
		"40001": 2, "40P01": 2, "55P03": 2, "57014": 2, "25006": 2, "57P03": 2, "08006": 2, "53300": 2, "23505": 2, "23514": 1, "XX000": 1,
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			url := postgresURL(t)
			s := open(t, url, store.Options{})
			conn := direct(t, url)
			run(t, conn, "CREATE SEQUENCE failures")
			run(t, conn, fmt.Sprintf(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
				$$ BEGIN IF nextval('failures') = 1 THEN RAISE 'planted' USING ERRCODE = '%s'; END IF; RETURN NEW; END $$`, state))
			run(t, conn, "CREATE TRIGGER fail BEFORE INSERT ON workspaces FOR EACH ROW EXECUTE FUNCTION fail()")
			runs := 0
			err := s.Update(t.Context(), func(tx *store.Tx) error {
				runs++
				return tx.PutWorkspace(t.Context(), named(1, "x"))
			})
			if runs != wantRuns || (err == nil) != (wantRuns == 2) {
				t.Errorf("%d runs, %v", runs, err)
			}
		})
	}
}

// killOthers ends the other sessions of a database in a given state, and waits for their end.
func killOthers(t testing.TB, conn *pgx.Conn, state string) (killed int) {
	t.Helper()
	return count(t, conn, fmt.Sprintf(`SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = '%s'`, state))
}

func TestAConnectionKilledUnderway(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	s, conn := open(t, url, store.Options{}), direct(t, url)
	runs := 0
	err := s.UpdateOnce(t.Context(), store.Opening{}, func(tx *store.Tx, _ store.Opened) error {
		runs++
		if _, err := tx.Count(t.Context(), "k", "k", 1e12); err != nil {
			return err
		}
		if runs == 1 && killOthers(t, conn, "idle in transaction") != 1 {
			t.Error("nothing was killed")
		}
		return tx.PutWorkspace(t.Context(), named(1, "x"))
	})
	if err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	if n := count(t, conn, "SELECT count::int FROM auth_counters"); n != 1 {
		t.Errorf("the effect is there %d times", n)
	}
}

// After a restart of the server every idle connection is dead. One request must not try all of
// them.
func TestManyDeadConnections(t *testing.T) {
	t.Parallel()
	const n = 30
	url := postgresURL(t)
	s, conn := open(t, url, store.Options{MaxConns: 4 * n}), direct(t, url) // n reads of one party at once
	var all sync.WaitGroup
	all.Add(n)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := s.View(t.Context(), func(tx *store.Tx) error {
				_, err := tx.AllWorkspaces(t.Context())
				all.Done()
				all.Wait()
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if killed := killOthers(t, conn, "idle"); killed < n {
		t.Fatalf("%d connections were idle, want %d", killed, n)
	}
	for name, access := range map[string]func(context.Context, func(*store.Tx) error) error{"Update": s.Update, "View": s.View, "Read": s.Read} {
		runs := 0
		err := access(t.Context(), func(tx *store.Tx) error {
			runs++
			_, err := tx.AllWorkspaces(t.Context())
			return err
		})
		if err != nil || runs > 3 {
			t.Errorf("%s: %d runs, %v", name, runs, err)
		}
	}
}

// The connection is lost during the commit. The audit entry shows whether the change was made,
// also after another attempt has failed for another reason. Without anything that identifies the
// request, the outcome stays unknown.
func TestCommitOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cut     pgproxy.Cut
		attempt string
		runs    int
		err     error
	}{
		"it did not happen": {pgproxy.BeforeCommit, "r", 3, nil}, "it happened": {pgproxy.AfterCommit, "r", 1, nil},
		"the outcome is unknown": {pgproxy.AfterCommit, "", 1, store.ErrCommitUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pgproxy.Start(t, postgresURL(t))
			s := open(t, p.URL(), store.Options{})
			p.CutNext(tt.cut)
			runs := 0
			err := s.UpdateOnce(t.Context(), store.Opening{Attempt: tt.attempt}, func(tx *store.Tx, _ store.Opened) error {
				if runs++; runs == 2 {
					return store.ErrRaced
				}
				return tx.InsertAudit(t.Context(), fleet.AuditEntry{Action: fleet.AuditUserChanged, RequestID: "r"})
			})
			if !errors.Is(err, tt.err) || runs != tt.runs || p.Cuts() != 1 {
				t.Errorf("%d runs, %d cuts, %v", runs, p.Cuts(), err)
			}
			if n := count(t, direct(t, p.URL()), "SELECT count(*) FROM audit"); n != 1 {
				t.Errorf("%d entries", n)
			}
		})
	}
}
