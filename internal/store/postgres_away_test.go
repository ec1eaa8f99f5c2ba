package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// unavailable asserts that everything fails quickly with Unavailable.
func unavailable(t *testing.T, s *store.Store) {
	t.Helper()
	one := func(tx *store.Tx) error { _, err := tx.AllWorkspaces(t.Context()); return err }
	for name, access := range map[string]func() error{
		"Update": func() error { return s.Update(t.Context(), one) },
		"View":   func() error { return s.View(t.Context(), one) },
		"Read":   func() error { return s.Read(t.Context(), one) },
		"Ready":  func() error { return s.Ready(t.Context()) },
	} {
		began := time.Now()
		err := access()
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if fleet.CodeOf(err) != fleet.Unavailable {
			t.Errorf("%s: %v, want Unavailable", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "password=") {
			t.Errorf("%s shows the password: %v", name, err)
		}
	}
}

func TestDatabaseAwayAndBack(t *testing.T) {
	t.Parallel()
	pgtest.SkipIfShort(t)
	c, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
	s := open(t, c.URL("postgres"), store.Options{})
	for i, mode := range []pgtest.StopMode{pgtest.Kill, pgtest.Fast} {
		put(t, s, named(fleet.WorkspaceID(i+1), "before"))
		if err := c.Stop(mode); err != nil {
			t.Fatal(err)
		}
		unavailable(t, s)
		if err := c.Restart(); err != nil {
			t.Fatal(err)
		}
		put(t, s, named(9, "after"))
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := count(t, direct(t, c.URL("postgres")), "SELECT count(*) FROM workspaces"); n != 3 {
		t.Errorf("%d of 3 Workspaces", n)
	}
}

func TestNetworkAwayAndBack(t *testing.T) {
	t.Parallel()
	p := pgproxy.Start(t, postgresURL(t))
	s := open(t, p.URL(), store.Options{})
	put(t, s, named(1, "before"))
	p.Sever(true)
	unavailable(t, s)
	p.Sever(false)
	put(t, s, named(2, "after"))
	p.Sever(false) // connections break, new ones work: no request fails
	put(t, s, named(3, "later"))
}

// A read-only server is refused, at the start and later, whatever the URL says.
func TestReadOnlyServer(t *testing.T) {
	t.Parallel()
	url := postgresURL(t)
	s, conn := open(t, url, store.Options{}), direct(t, url)
	put(t, s, named(1, "before"))
	var database string
	if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	run(t, conn, "ALTER DATABASE "+database+" SET default_transaction_read_only = on")
	for _, attrs := range []string{"", "&target_session_attrs=any", "&target_session_attrs=read-only", "&target_session_attrs=prefer-standby"} {
		refused, err := store.Open(t.Context(), url+attrs, store.Options{})
		if err == nil {
			t.Errorf("opened a read-only server with %q", attrs)
			_ = refused.Close()
		} else if text := err.Error(); !strings.Contains(text, "the server takes no writes") || strings.Contains(text, "ValidateConnect") {
			t.Errorf("%q: %v", attrs, err)
		}
	}
	killOthers(t, conn, "idle")
	unavailable(t, s)
	run(t, conn, "SET default_transaction_read_only = off")
	run(t, conn, "ALTER DATABASE "+database+" RESET default_transaction_read_only")
	put(t, s, named(2, "after"))
}

// Errors contain only the host, port and database of a URL, whichever part of it is wrong.
// "hunter2" is in every other part.
func TestErrorsContainOnlyHostPortAndDatabase(t *testing.T) {
	t.Parallel()
	address := strings.Replace(pgtest.Database(t), "postgres://", "", 1)
	_, address, _ = strings.Cut(address, "@")
	host, _, _ := strings.Cut(address, "/")
	for _, url := range []string{
		"postgres://hunter2:hunter2@127.0.0.1:1/db", "postgres://user:hunter2@127.0.0.1:x/db",
		"postgres://user:hunter2@127.0.0.1/db?pool_max_conns=hunter2", "postgres://user:hunter2@127.0.0.1/db?sslmode=hunter2",
		"postgres://user:hunter2@127.0.0.1/db?sslmode=verify-full&sslrootcert=hunter2", "postgres://hunter2:hunter2@no-such-host.invalid/db",
		"postgres://user:hunter2@[::1/db", "postgres:host=127.0.0.1 port=1 password=hunter2", "mysql://user:hunter2@localhost/db",
		"postgres://user:pass@hunter2@localhost/db", "postgres://user:1/hunter2@localhost/db",
		"postgres://hunter2:hunter2@" + address, "postgres://hunter2@" + host + "/no_such_database",
		"postgres://postgres:hunter2@" + address + "?hunter2=on", "postgres://postgres:hunter2@" + address + "?search_path=a&work_mem=hunter2",
	} {
		for name, opening := range map[string]func() (*store.Store, error){
			"Open":    func() (*store.Store, error) { return store.Open(t.Context(), url, store.Options{}) },
			"Inspect": func() (*store.Store, error) { return store.Inspect(t.Context(), url, store.Options{}) },
		} {
			s, err := opening()
			if err == nil {
				_ = s.Close()
				t.Errorf("%s was opened", url)
				continue
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s of %s: %v", name, url, err)
			}
		}
	}
}
