package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup copies a SQLite database into a new file, as of one instant, while a server uses it:
// readers do not block the writer. The file gets its name only when it is complete, synced, and
// check has accepted it. Only its owner may read it, because it contains the keys that sign
// tokens. Backup refuses PostgreSQL, which has its own tools.
func Backup(ctx context.Context, url, file string, check func(*Store) error) error {
	from, ok, err := sqliteFile(url)
	switch {
	case err != nil:
		return err
	case !ok:
		return errors.New("PostgreSQL is backed up by its own tools: pg_dump -Fc, or pg_basebackup; see docs/operations/postgresql.md")
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s exists already: a backup never overwrites a file", file)
	}
	source, err := Inspect(ctx, url, Options{}) // before anything is created
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // read only
	part, err := partial(file)
	if err != nil {
		return err
	}
	defer part.discard()
	if err := vacuumInto(ctx, from, part.name); err != nil {
		return err
	}
	if err := settle(ctx, part.name); err != nil {
		return err
	}
	if err := inspect(ctx, part.name, check); err != nil {
		return err
	}
	return publish(part.name, file)
}

// vacuumInto writes a compact copy. It is one read transaction of the source. SQLite does
// not sync the copy: publish does.
func vacuumInto(ctx context.Context, file, part string) error {
	db, err := openPool(inspectDSN(file)) // query_only would forbid the copy as well
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO $1", part)
	if left, look := freeSpace(filepath.Dir(part)); err != nil && look == nil && left < minFreeSpace {
		err = fmt.Errorf("the disk of %s is full: free some space, then try again: %w", filepath.Dir(part), err)
	}
	return errors.Join(err, db.Close())
}

// inspect opens a file for reading and passes it to check.
func inspect(ctx context.Context, file string, check func(*Store) error) error {
	s, err := Inspect(ctx, "sqlite:"+file, Options{})
	if err != nil {
		return err
	}
	return errors.Join(check(s), s.Close())
}

// publish syncs a file and gives it its name. A hard link never replaces a file created
// meanwhile; on a file system without links, publish checks first.
func publish(part, file string) error {
	if err := syncPath(part); err != nil {
		return err
	}
	err := os.Link(part, file)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s was created meanwhile: nothing was overwritten", file)
	case err == nil:
		err = os.Remove(part)
	default:
		if _, statErr := os.Lstat(file); statErr == nil {
			return fmt.Errorf("%s was created meanwhile: nothing was overwritten", file)
		}
		err = os.Rename(part, file)
	}
	if err != nil {
		return err
	}
	return syncPath(filepath.Dir(file))
}

// syncPath syncs a file or a folder to disk.
func syncPath(path string) error {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
