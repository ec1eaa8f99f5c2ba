package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/simferry/simferry/internal/dburl"
)

// Inspect opens a database for reading: it creates and changes nothing and does not migrate the
// schema. It fails if the database does not exist or has another schema version than this
// program. Update fails on the returned Store.
func Inspect(ctx context.Context, address string, o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	e, err := inspectEngine(ctx, address, o)
	if err != nil {
		return nil, err
	}
	return &Store{engine: e, clock: o.Clock}, nil
}

func inspectEngine(ctx context.Context, address string, o Options) (engine, error) {
	u, err := dburl.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("database: the URL %w", err)
	case u.SQLite():
		return inspectSQLite(ctx, u.File)
	}
	o.patient = true
	e, err := openPostgres(ctx, address, o)
	if err != nil {
		return nil, err
	}
	if err := withoutUser(e.steps.exactly(ctx, e.db)); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return readOnlyEngine{e, nil}, nil
}

// sqliteFile returns the file that a URL names; ok is false if it is one of PostgreSQL.
func sqliteFile(address string) (file string, ok bool, err error) {
	u, err := dburl.Parse(address)
	if err != nil {
		return "", false, fmt.Errorf("database: the URL %w", err)
	}
	return u.File, u.SQLite(), nil
}

// inspectDSN returns the DSN for reading. Sorting uses files, not memory, because a fleet may be
// large. mode=rw creates nothing, but lets SQLite recover after a crash of a server.
func inspectDSN(file string) string {
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?mode=rw&_txlock=deferred&_pragma=busy_timeout(5000)" +
		"&_pragma=temp_store(1)&_pragma=cache_size(-65536)&_pragma=mmap_size(268435456)"
}

func inspectSQLite(ctx context.Context, file string) (engine, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	steps, err := loadSteps(SQLite)
	if err != nil {
		return nil, err
	}
	db, err := openPool(inspectDSN(file) + "&_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	if err := steps.exactly(ctx, db); err != nil {
		return nil, errors.Join(opening(file, err), db.Close())
	}
	return readOnlyEngine{&sqliteEngine{readers: db, steps: steps}, db}, nil
}

var errNoFleet = errors.New("it is not a Simferry database")

// exactly returns an error if the schema version is not this program's.
func (s steps) exactly(ctx context.Context, db *sql.DB) error {
	have, err := s.version(ctx, db)
	switch {
	case err != nil:
		return fmt.Errorf("schema: %w", err)
	case have == 0:
		return errNoFleet
	case have > s.latest:
		return fmt.Errorf("schema: the database has schema %d, this program knows %d: use a newer simferry", have, s.latest)
	case have < s.latest:
		return fmt.Errorf("schema: the database has schema %d, this program checks %d: use the simferry that serves it, or let this one serve it first", have, s.latest)
	}
	return nil
}

// readOnlyEngine is a read-only engine.
type readOnlyEngine struct {
	engine
	db *sql.DB // SQLite's only pool; nil elsewhere
}

var errReadOnly = errors.New("the database was opened read-only")

func (e readOnlyEngine) update(context.Context, func(querier) error) error { return errReadOnly }

func (e readOnlyEngine) migrate(context.Context) error { return errReadOnly }

func (e readOnlyEngine) close() error {
	if e.db != nil {
		return e.db.Close()
	}
	return e.engine.close()
}
