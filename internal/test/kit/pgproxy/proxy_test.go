package pgproxy_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/kit/pgproxy"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) }) // a test may have cut it
	return conn
}

func TestRoundTrips(t *testing.T) {
	p := pgproxy.Start(t, pgtest.Database(t))
	conn := connect(t, p.URL())
	connected := p.RoundTrips()
	batch := &pgx.Batch{}
	batch.Queue("SELECT 1")
	batch.Queue("SELECT 2")
	steps := []struct {
		want int64
		run  func() error
	}{
		{1, func() error { _, err := conn.Exec(t.Context(), "CREATE TABLE t (id int)"); return err }},
		{2, func() error { _, err := conn.Exec(t.Context(), "INSERT INTO t VALUES ($1)", 1); return err }}, // prepares it first
		{1, func() error { _, err := conn.Exec(t.Context(), "INSERT INTO t VALUES ($1)", 2); return err }},
		{2, func() error { return conn.SendBatch(t.Context(), batch).Close() }},
	}
	for i, step := range steps {
		before := p.RoundTrips()
		if err := step.run(); err != nil {
			t.Fatal(err)
		}
		if n := p.RoundTrips() - before; n != step.want {
			t.Errorf("step %d took %d round trips, want %d", i, n, step.want)
		}
	}
	if connected != 1 {
		t.Errorf("connecting took %d round trips", connected)
	}
}

func TestCut(t *testing.T) {
	for name, tt := range map[string]struct {
		cut  pgproxy.Cut
		rows int
	}{"before": {pgproxy.BeforeCommit, 0}, "after": {pgproxy.AfterCommit, 1}} {
		t.Run(name, func(t *testing.T) {
			url := pgtest.Database(t)
			p := pgproxy.Start(t, url)
			direct, conn := connect(t, url), connect(t, p.URL())
			if _, err := direct.Exec(t.Context(), "CREATE TABLE t (id int)"); err != nil {
				t.Fatal(err)
			}
			p.CutNext(tt.cut)
			err := pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "INSERT INTO t VALUES (1)")
				return err
			})
			if err == nil || !conn.IsClosed() || p.Cuts() != 1 {
				t.Errorf("the client saw %v, %d cuts", err, p.Cuts())
			}
			var rows int
			if err := direct.QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&rows); err != nil || rows != tt.rows {
				t.Errorf("%d rows, %v; want %d", rows, err, tt.rows)
			}
		})
	}
}

func TestSever(t *testing.T) {
	p := pgproxy.Start(t, pgtest.Database(t))
	conn := connect(t, p.URL())
	p.Sever(true)
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a severed connection answers")
	}
	if _, err := pgx.Connect(t.Context(), p.URL()); err == nil {
		t.Error("a new connection was let through")
	}
	p.Sever(false)
	if err := connect(t, p.URL()).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
