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
	spare           *sql.DB // one connection for Ready, which must not wait for the others
	anchors         *sql.DB
	anchor          *sql.Conn // keeps SQLite from removing its log when the others are replaced
	files           *sqliteFiles
	checkpoints     *checkpointer
	prober          prober
	steps           steps
	group           *writeGroup // open; only the write that has its turn uses it
}

// Pragmas are in the DSN because Exec would set them on one pooled connection only.
// synchronous=FULL: an acknowledged migration survives a power loss.
const sqlitePragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)" +
	"&_pragma=foreign_keys(1)&_pragma=temp_store(2)&_pragma=mmap_size(268435456)"

// Page caches are outside of the memory that memory_limit bounds, and each connection has its
// own. Pages of the file are mapped; a cache holds those that a transaction has changed, and those
// of the log. Larger ones made jobs no faster in a benchmark.
const (
	writerCache  = 16 << 10 // KiB
	readersCache = 32 << 10 // KiB, of all readers together
	otherCache   = 1 << 10  // KiB, of a connection that does little
)

// withCache returns a DSN whose connections have a page cache of kib KiB.
func withCache(dsn string, kib int) string {
	return fmt.Sprintf("%s&_pragma=cache_size(-%d)", dsn, kib)
}

func sqliteDSN(file string) string {
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + sqlitePragmas + "&_pragma=synchronous(FULL)"
}

// SQLiteWriterDSN returns the DSN of the writer, so that benchmarks can use the same
// durability.
func SQLiteWriterDSN(file string) string {
	return withCache(sqliteDSN(file), writerCache) + "&_txlock=immediate&_pragma=wal_autocheckpoint(0)"
}

func openSQLite(ctx context.Context, file string, o Options) (*sqliteEngine, error) {
	dsn := sqliteDSN(file)
	steps, err := loadSteps(SQLite)
	if err != nil {
		return nil, err
	}
	steps.log = o.Log
	if err := createPrivate(file); err != nil {
		return nil, err
	}
	n := o.MaxConns
	if n == 0 {
		n = max(4, 2*runtime.NumCPU())
	}
	e := &sqliteEngine{steps: steps}
	for _, pool := range []struct {
		db    **sql.DB
		dsn   string
		conns int
	}{
		{&e.writer, SQLiteWriterDSN(file), 1},
		{&e.readers, withCache(dsn, max(readersCache/n, otherCache)) + "&_txlock=deferred&_pragma=query_only(1)", n},
		{&e.spare, withCache(dsn, otherCache) + "&_txlock=immediate&_pragma=wal_autocheckpoint(0)&_pragma=busy_timeout(200)", 1},
	} {
		if *pool.db, err = openPool(pool.dsn); err != nil {
			return nil, errors.Join(err, e.close())
		}
		(*pool.db).SetMaxOpenConns(pool.conns)
		(*pool.db).SetMaxIdleConns(pool.conns)
	}
	if err := e.openAnchor(ctx, file); err != nil {
		return nil, errors.Join(opening(file, err), e.close())
	}
	e.checkpoints = startCheckpointer(withCache(dsn, otherCache), e.files, walTooLarge)
	// From here on the file is newer than any copy that was made of it. It may also be full or
	// read-only, which ready reports.
	_ = e.touch(ctx)
	return e, nil
}

// openAnchor opens the anchor: a connection that has read and stays open. It enables WAL before the
// readers connect, and makes SQLite create the files beside the database.
func (e *sqliteEngine) openAnchor(ctx context.Context, file string) (err error) {
	if err := e.connectWriter(ctx); err != nil {
		return err
	}
	anchors, err := openPool(withCache(sqliteDSN(file), otherCache) + "&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	e.anchors = anchors
	if e.anchor, err = anchors.Conn(ctx); err != nil {
		return err
	}
	var tables int
	if err := e.anchor.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return err
	}
	e.files, err = rememberFiles(file)
	return err
}

// connectWriter makes the first connection, which enables WAL. SQLite's busy timeout does not cover
// that: beside another server that opens or closes the same file, it fails immediately.
func (e *sqliteEngine) connectWriter(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		err := e.writer.PingContext(ctx)
		if e.classify(err) != busy || attempt == openTries || !pause(ctx, attempt) {
			return err
		}
	}
}

// createPrivate creates a missing file, readable only by its owner, because it contains the keys
// that sign tokens. SQLite gives the files beside it the same permissions.
func createPrivate(file string) error {
	f, err := os.OpenFile(filepath.Clean(file), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return checkPrivate(file)
	case err != nil:
		return opening(file, err)
	}
	return f.Close()
}

// checkPrivate returns an error if every user of the machine may read or change the database.
func checkPrivate(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return opening(file, err)
	}
	const others = 0o007
	if mode := info.Mode(); runtime.GOOS != "windows" && mode.IsRegular() && mode.Perm()&others != 0 {
		return fmt.Errorf("the database %s contains the keys that sign tokens, and all users of this machine may read or change it (mode %04o): run chmod 600 %s",
			file, mode.Perm(), file)
	}
	return nil
}

func (e *sqliteEngine) dialect() Dialect { return SQLite }

// update checks the files before and after: a commit to a file that has been removed must not
// be acknowledged.
func (e *sqliteEngine) update(ctx context.Context, fn func(querier) error) error {
	if err := e.files.check(); err != nil {
		return err
	}
	if err := inSQLTx(ctx, e.writer, fn); err != nil {
		return err
	}
	e.checkpoints.committed()
	return e.files.check()
}

func (e *sqliteEngine) view(ctx context.Context, fn func(querier) error) error {
	if err := e.files.check(); err != nil {
		return err
	}
	return inSQLTx(ctx, e.readers, fn)
}

func (e *sqliteEngine) read(_ context.Context, fn func(querier) error) error {
	if err := e.files.check(); err != nil {
		return err
	}
	return fn(sqlQuerier{e.readers})
}

func (e *sqliteEngine) classify(err error) verdict {
	var other *replacedError
	if errors.As(err, &other) {
		return gone
	}
	if errors.Is(err, errNoSpace) {
		return full
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff { // the primary code; the rest is detail
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return busy
		case sqlite3.SQLITE_FULL:
			return full
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return corrupt
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
			return away
		}
	}
	return fatal
}

func (e *sqliteEngine) migrate(ctx context.Context) error {
	err := e.steps.apply(ctx, e.writer, false)
	if v := e.classify(err); v == full || v == away {
		return opening(e.files.names[0], err)
	}
	return err
}

func (e *sqliteEngine) close() error {
	if e.checkpoints != nil {
		e.checkpoints.stop()
	}
	var errs []error
	if e.anchor != nil {
		if err := e.anchor.Close(); !errors.Is(err, sql.ErrConnDone) { // it may be closed twice
			errs = append(errs, err)
		}
	}
	for _, db := range []*sql.DB{e.anchors, e.readers, e.spare, e.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, e.files.close())...)
}
