package pgtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// pool holds copies of templates that a test has given back, by the template's name.
type pool struct {
	mu   sync.Mutex
	free map[string][]string // names of databases
	all  []string
}

// Reuse is Clone for tests that do not change the schema: t gets a copy that an earlier test may
// have used, with the template's rows restored. To create a database means to create 300 files, and
// takes ten times as long. A copy that cannot be restored is not used again.
func Reuse(t testing.TB, name string) string {
	t.Helper()
	SkipIfShort(t)
	database := shared.pool.take(name)
	if database == "" {
		database = fresh(t, name)
	}
	u, err := shared.urlOf(database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execAt(u, restoreRows); err != nil {
			t.Logf("pgtest: %s is not used again: %v", database, err)
			return
		}
		shared.pool.giveBack(name, database)
	})
	return u
}

func fresh(t testing.TB, name string) string {
	t.Helper()
	shared.templates.mu.Lock()
	template := shared.templates.byName[name]
	shared.templates.mu.Unlock()
	if template == "" {
		t.Fatalf("pgtest: there is no template %q: call Template first", name)
	}
	database := newName()
	err := shared.exec(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", database, template))
	if err != nil {
		t.Fatal(err)
	}
	shared.pool.mu.Lock()
	shared.pool.all = append(shared.pool.all, database)
	shared.pool.mu.Unlock()
	u, err := shared.urlOf(database)
	if err == nil {
		err = execAt(u, keep)
	}
	if err != nil {
		t.Fatal(err)
	}
	return database
}

// keep saves a copy of every table, and the last value of every sequence.
const keep = `
	DO $$ DECLARE t text; BEGIN
		CREATE SCHEMA pristine;
		FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
			EXECUTE format('CREATE TABLE pristine.%I AS TABLE public.%I', t, t);
		END LOOP;
		CREATE SCHEMA pristine_sequences;
		CREATE TABLE pristine_sequences.last AS
			SELECT sequencename, start_value, last_value FROM pg_sequences WHERE schemaname = 'public';
	END $$`

// restoreRows restores the rows of the tables that differ, without checking foreign keys.
const restoreRows = `
	SET lock_timeout = '5s';
	SET session_replication_role = replica;
	DO $$ DECLARE t text; differs boolean; s record; BEGIN
		FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'pristine' LOOP
			EXECUTE format('SELECT EXISTS (TABLE public.%I EXCEPT TABLE pristine.%I) OR EXISTS (TABLE pristine.%I EXCEPT TABLE public.%I)', t, t, t, t)
				INTO differs;
			IF differs THEN
				EXECUTE format('DELETE FROM public.%I', t);
				EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM pristine.%I', t, t);
			END IF;
		END LOOP;
		FOR s IN SELECT * FROM pristine_sequences.last LOOP
			PERFORM setval(format('public.%I', s.sequencename), COALESCE(s.last_value, s.start_value), s.last_value IS NOT NULL);
		END LOOP;
	END $$`

// execAt runs statements in one database.
func execAt(url, statements string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // the statements have been answered
	_, err = conn.PgConn().Exec(ctx, statements).ReadAll()
	return err
}

func (p *pool) take(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free[name])
	if n == 0 {
		return ""
	}
	database := p.free[name][n-1]
	p.free[name] = p.free[name][:n-1]
	return database
}

func (p *pool) giveBack(name, database string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == nil {
		p.free = make(map[string][]string)
	}
	p.free[name] = append(p.free[name], database)
}

// drop removes the copies from a server that is not ours.
func (p *pool) drop(s *server) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, database := range p.all {
		if err := s.exec("DROP DATABASE " + database + " WITH (FORCE)"); err != nil {
			return err
		}
	}
	return nil
}
