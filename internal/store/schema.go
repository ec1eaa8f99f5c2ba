package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed schema/sqlite/*.sql schema/postgres/*.sql
var schemaFiles embed.FS

// steps are one engine's schema steps.
type steps struct {
	dialect Dialect
	files   fs.FS
	latest  int64
	log     *slog.Logger // of the steps that are applied; nil for none
	copying bool         // accepts a copy that is not complete
}

func loadSteps(d Dialect) (steps, error) {
	files, err := fs.Sub(schemaFiles, "schema/"+d.String())
	if err != nil {
		return steps{}, err
	}
	all, err := fs.Glob(files, "*.sql")
	if err != nil {
		return steps{}, err
	}
	latest, err := goose.NumericComponent(all[len(all)-1]) // Glob sorts by name
	return steps{dialect: d, files: files, latest: latest}, err
}

// apply applies the steps that the database lacks. It fails if the schema is newer. Several
// servers may start concurrently on an empty database: a lock lets one of them through at a
// time. pooled says whether there is a pooler in between.
func (s steps) apply(ctx context.Context, db *sql.DB, pooled bool) error {
	have, err := s.version(ctx, db)
	switch {
	case err != nil:
		return fmt.Errorf("schema: %w", err)
	case have > s.latest:
		return fmt.Errorf("schema: the database has schema %d, this program knows %d: run a newer simferry", have, s.latest)
	case have == s.latest:
		return nil
	}
	p, err := s.provider(db, pooled)
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	return s.up(ctx, db, p)
}

// openTries bounds the attempts of a start beside others on one SQLite file.
const openTries = 10

// up applies the steps. SQLite has no lock to wait for: of several that start concurrently on
// one file, one applies a step, and the others fail because it is done, and try again.
func (s steps) up(ctx context.Context, db *sql.DB, p *goose.Provider) error {
	for attempt := 1; ; attempt++ {
		done, err := p.Up(ctx)
		s.logSteps(done)
		if err == nil {
			return nil
		}
		if have, look := s.version(ctx, db); look == nil && have == s.latest {
			return nil
		}
		if s.dialect != SQLite || attempt == openTries || !pause(ctx, attempt) {
			return fmt.Errorf("schema: %w", err)
		}
	}
}

// logSteps writes a line for each step that was applied.
func (s steps) logSteps(done []*goose.MigrationResult) {
	for _, r := range done {
		if s.log != nil && r.Error == nil && !r.Empty {
			s.log.Info("schema step applied", "step", path.Base(r.Source.Path), "took", r.Duration)
		}
	}
}

// pendingSteps returns an error if the database lacks steps. A database with more steps than this
// program knows is accepted: it was compatible when this server started, and steps only add.
func (s steps) pendingSteps(ctx context.Context, db *sql.DB) error {
	have, err := s.version(ctx, db)
	if err == nil && have < s.latest {
		err = fmt.Errorf("schema: the database has schema %d, this program needs %d", have, s.latest)
	}
	return err
}

// version returns the number of the last step that was applied, 0 on an empty database. It fails
// on a copy that is not complete: a server must not use it.
func (s steps) version(ctx context.Context, db *sql.DB) (v int64, err error) {
	exists := `SELECT COALESCE(SUM(name = 'goose_db_version'), 0), COALESCE(SUM(name = '` + copyMark + `'), 0) FROM sqlite_master WHERE type = 'table'`
	if s.dialect == Postgres {
		exists = `SELECT count(to_regclass('goose_db_version')), count(to_regclass('` + copyMark + `'))`
	}
	var n, marked int
	if err := db.QueryRowContext(ctx, exists).Scan(&n, &marked); err != nil {
		return 0, err
	}
	if marked > 0 && !s.copying {
		return 0, errHalfCopied
	}
	if n == 0 {
		return 0, nil
	}
	err = db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&v)
	return v, err
}

// How several servers take turns at the steps of a PostgreSQL database. A session lock ends
// immediately with its server. Behind a pooler sessions are shared: there the lock is a row
// with a lease, which a killed server leaves until it expires.
const (
	lockTries      = 300 // of a second each
	leaseFor       = 5 * time.Second
	leaseHeartbeat = time.Second
	leaseTries     = 5 * lockTries // of a fifth of a second each
)

func (s steps) provider(db *sql.DB, pooled bool) (*goose.Provider, error) {
	switch {
	case s.dialect == SQLite:
		once, err := newOnceStore()
		if err != nil {
			return nil, err
		}
		return goose.NewProvider(goose.DialectCustom, db, s.files, goose.WithStore(once))
	case pooled:
		locker, err := lock.NewPostgresTableLocker(
			lock.WithTableName("schema_lock"),
			lock.WithTableLeaseDuration(leaseFor), lock.WithTableHeartbeatInterval(leaseHeartbeat),
			lock.WithTableLockTimeout(200*time.Millisecond, leaseTries))
		if err != nil {
			return nil, err
		}
		return goose.NewProvider(goose.DialectPostgres, db, s.files, goose.WithLocker(locker))
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, lockTries))
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, s.files, goose.WithSessionLocker(locker))
}
