package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func openFile(t *testing.T) (*sqliteEngine, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "simferry.db")
	e, err := openSQLite(t.Context(), file, Options{MaxConns: 5})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	})
	return e, file
}

// A pragma that only the first connection of a pool has would only be noticed under load.
func TestEveryConnectionHasThePragmas(t *testing.T) {
	t.Parallel()
	e, _ := openFile(t)
	for name, pool := range map[string]struct {
		db        *sql.DB
		conns     int
		queryOnly string
	}{"writer": {e.writer, 1, "0"}, "reader": {e.readers, 5, "1"}} {
		for range pool.conns { // all of them at once: none is given back before the end
			conn, err := pool.db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			for pragma, want := range map[string]string{
				"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000", "query_only": pool.queryOnly,
			} {
				var got string
				if err := conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %s is %s (%v), want %s", name, pragma, got, err, want)
				}
			}
		}
	}
}

// small replaces the engine's checkpointer by one with a limit of 1 MiB.
func small(e *sqliteEngine, file string) {
	e.checkpoints.stop()
	e.checkpoints = startCheckpointer(sqliteDSN(file), e.files, 256)
}

func createPages(t *testing.T, e *sqliteEngine) {
	t.Helper()
	if _, err := e.writer.ExecContext(t.Context(), "CREATE TABLE pages (id INTEGER PRIMARY KEY, body BLOB)"); err != nil {
		t.Fatal(err)
	}
}

// writePages commits 64 KiB, overwriting the previous ones.
func writePages(ctx context.Context, e *sqliteEngine, i int) error {
	body := make([]byte, 64<<10)
	_, _ = rand.Read(body) // never fails
	return e.update(ctx, func(q querier) error {
		_, err := q.exec(ctx, "INSERT OR REPLACE INTO pages VALUES ($1, $2)", i%8, body)
		return err
	})
}

func readPages(ctx context.Context, e *sqliteEngine, hold func()) error {
	return e.view(ctx, func(q querier) error {
		r, err := q.query(ctx, "SELECT count(*) FROM pages")
		if err != nil {
			return err
		}
		defer r.Close()
		r.Next()
		hold()
		return r.Err()
	})
}

// With overlapping readers there is never a moment at which SQLite could restart the log.
func TestWALStaysBounded(t *testing.T) {
	t.Parallel()
	e, file := openFile(t)
	small(e, file)
	createPages(t, e)
	ctx, stop := context.WithCancel(t.Context())
	work := func() { time.Sleep(3 * time.Millisecond) } //nolint:forbidigo // a reader takes its time, whatever others do
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := readPages(t.Context(), e, work); err != nil {
					t.Error(err)
				}
			}
		})
	}
	largest := int64(0)
	for i := range 1500 { // 94 MiB
		if err := writePages(t.Context(), e, i); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file + "-wal"); err == nil {
			largest = max(largest, info.Size())
		}
	}
	stop()
	readers.Wait()
	t.Logf("at most %d KiB", largest>>10)
	if largest > 48<<20 { // plus what is written during a checkpoint
		t.Errorf("the log grew to %d KiB; 1 MiB is called large", largest>>10)
	}
}

// A long reader, such as a backup, prevents the log from being restarted. It must not block
// writers.
func TestLongReadDoesNotBlockWriters(t *testing.T) {
	t.Parallel()
	e, file := openFile(t)
	small(e, file)
	createPages(t, e)
	slowest := time.Duration(0)
	err := readPages(t.Context(), e, func() {
		for i := range 100 { // 6 MiB
			began := time.Now()
			if err := writePages(t.Context(), e, i); err != nil {
				t.Error(err)
			}
			slowest = max(slowest, time.Since(began))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the slowest of the commits took %v", slowest)
	if slowest > 3*time.Second {
		t.Errorf("a commit took %v beside a long reader", slowest)
	}
}

// A log that grew during a long read is truncated after the read has ended, even without
// further writes.
func TestLargeWALIsTruncated(t *testing.T) {
	t.Parallel()
	e, file := openFile(t)
	small(e, file)
	createPages(t, e)
	s := &Store{engine: e, clock: time.Now}
	size := func() int64 {
		n, err := s.WALBytes()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := readPages(t.Context(), e, func() {
		for i := range 200 { // 12 MiB
			if err := writePages(t.Context(), e, i); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	grown := size()
	for until := time.Now().Add(time.Minute); size() > 1<<20; <-time.After(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("the log has %d KiB still", size()>>10)
		}
	}
	if grown < 10<<20 {
		t.Errorf("it grew to %d KiB only: the test shows nothing", grown>>10)
	}
}

func TestOnlyFilesAreOpened(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"sqlite:", "sqlite::memory:", "sqlite://"} {
		if s, err := Open(t.Context(), url, Options{}); err == nil || !strings.Contains(err.Error(), "file") {
			t.Errorf("%s: %v, %v", url, s, err)
		}
	}
}

// readOnlyOnce opens its first connection read-only, as SQLite does if a file cannot be opened
// for writing at that moment.
type readOnlyOnce struct {
	sqliteConnector
	file  string
	opens int
}

func (c *readOnlyOnce) Connect(ctx context.Context) (driver.Conn, error) {
	c.opens++
	if c.opens == 1 {
		return sqliteConnector{"file:" + c.file + "?mode=ro", c.raw}.Connect(ctx)
	}
	return c.sqliteConnector.Connect(ctx)
}

func TestReadOnlyConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	e, file := openFile(t)
	createPages(t, e)
	c := &readOnlyOnce{sqliteConnector: sqliteConnector{SQLiteWriterDSN(file), e.writer.Driver()}, file: file}
	if err := e.writer.Close(); err != nil {
		t.Fatal(err)
	}
	e.writer = sql.OpenDB(c)
	e.writer.SetMaxOpenConns(1)
	s := &Store{engine: e, clock: time.Now}
	err := s.Update(t.Context(), func(tx *Tx) error { return tx.exec(t.Context(), "INSERT INTO pages VALUES (1, x'00')") })
	if err != nil || c.opens != 2 {
		t.Errorf("%v, and %d connections", err, c.opens)
	}
}
