package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Restore copies a backup to the SQLite database of the URL. It fails if a database exists
// there. Before the copy gets its name, it is checked: it must be a Simferry database, not of a
// newer schema, with intact pages, and accepted by check. A backup of an older schema is
// migrated; the backup file itself is not changed.
func Restore(ctx context.Context, backup, url string, check func(*Store) error) error {
	file, ok, err := sqliteFile(url)
	switch {
	case err != nil:
		return err
	case !ok:
		return errors.New("PostgreSQL is restored by its own tools, such as pg_restore; see docs/operations/postgresql.md")
	}
	if err := vacant(file); err != nil {
		return err
	}
	part, err := partial(file)
	if err != nil {
		return err
	}
	defer part.discard()
	if err := copyBackup(backup, part.name); err != nil {
		return err
	}
	if err := prepare(ctx, part.name); err != nil {
		return fmt.Errorf("%s: %w", backup, err)
	}
	if err := settle(ctx, part.name); err != nil {
		return fmt.Errorf("%s: %w", backup, err)
	}
	if err := inspect(ctx, part.name, check); err != nil {
		return fmt.Errorf("%s: %w", backup, err)
	}
	_ = os.Remove(file) // vacant: it does not exist, or is empty
	return publish(part.name, file)
}

// vacant returns an error if there is a database, or files left of one that SQLite would use
// with the new one.
func vacant(file string) error {
	for _, name := range []string{file, file + "-wal", file + "-journal"} {
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			return fmt.Errorf("%s exists and is not empty: move it away first", name)
		}
	}
	return nil
}

func copyBackup(backup, part string) error {
	if info, err := os.Stat(backup + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%s has a write-ahead log beside it: it is a database in use, make a backup of it", backup)
	}
	from, err := os.Open(backup) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // read-only
	to, err := os.OpenFile(filepath.Clean(part), os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// prepare returns an error if the file is not an intact Simferry database, and migrates an
// older schema.
func prepare(ctx context.Context, part string) error {
	have, latest, err := pagesAndSchema(ctx, part)
	switch {
	case err != nil:
		return err
	case have == 0:
		return errNoFleet
	case have > latest:
		return fmt.Errorf("schema: the backup has schema %d, this program knows %d: use a newer simferry", have, latest)
	case have == latest:
		return nil
	}
	s, err := Open(ctx, "sqlite:"+part, Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

func pagesAndSchema(ctx context.Context, file string) (have, latest int64, err error) {
	steps, err := loadSteps(SQLite)
	if err != nil {
		return 0, 0, err
	}
	db, err := openPool(inspectDSN(file))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return 0, 0, err
	}
	if verdict != "ok" {
		return 0, 0, fmt.Errorf("its pages are damaged: %s", verdict)
	}
	have, err = steps.version(ctx, db)
	return have, steps.latest, err
}
