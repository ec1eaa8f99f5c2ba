package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteEngine has one writer and a pool of readers: in WAL mode readers never wait for
// the writer, and a second writer would only wait for the first.
type sqliteEngine struct {
	writer, readers *sql.DB
	checkpoints     *checkpointer
	steps           steps
}

// Pragmas stand in the DSN because through Exec they would bind one pooled connection
// only. synchronous=FULL: an acknowledged migration survives a power cut.
const sqlitePragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)" +
	"&_pragma=foreign_keys(1)&_pragma=temp_store(2)&_pragma=cache_size(-65536)&_pragma=mmap_size(268435456)"

func sqliteDSN(file string) string {
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + sqlitePragmas + "&_pragma=synchronous(FULL)"
}

// SQLiteWriterDSN is how the writer connects, so that a benchmark's floor is as durable.
func SQLiteWriterDSN(file string) string {
	return sqliteDSN(file) + "&_txlock=immediate&_pragma=wal_autocheckpoint(0)"
}

func openSQLite(ctx context.Context, file string, o Options) (*sqliteEngine, error) {
	dsn := sqliteDSN(file)
	steps, err := loadSteps(SQLite)
	if err != nil {
		return nil, err
	}
	if err := private(file); err != nil {
		return nil, err
	}
	writer, err := openPool(SQLiteWriterDSN(file))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	if err := writer.PingContext(ctx); err != nil { // turns WAL on before readers come
		return nil, errors.Join(fmt.Errorf("database %s: %w", file, err), writer.Close())
	}
	readers, err := openPool(dsn + "&_txlock=deferred&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	n := o.MaxConns
	if n == 0 {
		n = max(4, 2*runtime.NumCPU())
	}
	readers.SetMaxOpenConns(n)
	readers.SetMaxIdleConns(n)
	return &sqliteEngine{writer, readers, startCheckpointer(dsn, walTooLarge), steps}, nil
}

// private creates the file where it is not there, so that only its owner may read it: it
// holds the keys that sign tokens. SQLite gives the files beside it the same permissions.
func private(file string) error {
	f, err := os.OpenFile(filepath.Clean(file), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("database: %w", err)
	}
	return f.Close()
}

func (e *sqliteEngine) dialect() Dialect { return SQLite }

func (e *sqliteEngine) update(ctx context.Context, fn func(querier) error) error {
	if err := inSQLTx(ctx, e.writer, fn); err != nil {
		return err
	}
	e.checkpoints.committed()
	return nil
}

func (e *sqliteEngine) view(ctx context.Context, fn func(querier) error) error {
	return inSQLTx(ctx, e.readers, fn)
}

func (e *sqliteEngine) read(_ context.Context, fn func(querier) error) error {
	return fn(sqlQuerier{e.readers})
}

func (e *sqliteEngine) classify(err error) verdict {
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff { // the primary code; the rest is detail
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return busy
		case sqlite3.SQLITE_FULL:
			return full
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			return away
		}
	}
	return fatal
}

func (e *sqliteEngine) bring(ctx context.Context) error { return e.steps.bring(ctx, e.writer) }

func (e *sqliteEngine) behind(ctx context.Context) error { return e.steps.behind(ctx, e.readers) }

func (e *sqliteEngine) close() error {
	e.checkpoints.stop()
	return errors.Join(e.readers.Close(), e.writer.Close())
}
