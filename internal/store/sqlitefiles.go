package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/simferry/simferry/internal/fleet"
)

// sqliteFiles are the files of an open database, as they were when it was opened: the database,
// its write-ahead log and the index of the log. SQLite keeps using open files that were removed
// or replaced, and what it commits to them is lost.
type sqliteFiles struct {
	names  []string
	infos  []fs.FileInfo
	header *sqliteHeader
}

// rememberFiles records the files of a database that has been read.
func rememberFiles(file string) (*sqliteFiles, error) {
	f := &sqliteFiles{names: []string{file, file + "-wal", file + "-shm"}}
	for _, name := range f.names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		f.infos = append(f.infos, info)
	}
	header, err := watchHeader(file, f.infos[0])
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	f.header = header
	return f, nil
}

func (f *sqliteFiles) close() error {
	if f == nil {
		return nil
	}
	return f.header.close()
}

// replacedError is a file that is not the one that was opened, or that cannot be checked.
type replacedError struct{ what string }

func (e *replacedError) Error() string { return e.what }

// check returns an error if one of the files has been removed, replaced or overwritten. It does
// not open them, because closing a file releases all locks of this process on it.
func (f *sqliteFiles) check() error {
	if f == nil {
		return nil
	}
	for i, name := range f.names {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return &replacedError{name + " was removed while it was in use"}
		case err != nil: // such as a folder that this process may not search any more
			return &replacedError{fmt.Sprintf("%s cannot be checked while it is in use: %v", name, err)}
		case !os.SameFile(info, f.infos[i]):
			return &replacedError{name + " was replaced while it was in use"}
		}
	}
	return f.header.check(f.names[0])
}

// minFreeSpace is the free disk space that a server needs to be ready. On a full disk small writes
// may still fit into the existing log, while a migration does not.
const minFreeSpace = 1 << 20

// errNoSpace is a disk with less than minFreeSpace.
var errNoSpace = errors.New("the disk of the database has less than 1 MiB left")

// writable returns an error if this process may no longer write the files or their folder,
// or if there is no room left.
func (f *sqliteFiles) writable() error {
	left, err := freeSpace(filepath.Dir(f.names[0]))
	if err == nil && left < minFreeSpace {
		err = errNoSpace
	}
	if err != nil {
		return err
	}
	for _, name := range append([]string{filepath.Dir(f.names[0])}, f.names...) {
		if err := mayWrite(name); err != nil {
			return fmt.Errorf("%s cannot be written: %w", name, err)
		}
	}
	return nil
}

// opening wraps an error of opening a database: SQLite reports a full disk in several ways,
// some of them only as an I/O error.
func opening(file string, err error) error {
	if left, look := freeSpace(filepath.Dir(file)); look == nil && left < minFreeSpace {
		err = fmt.Errorf("the disk of the database is full: free some space, then try again: %w", err)
	}
	return fmt.Errorf("database %s: %w", file, err)
}

// damaged returns the caller's error if SQLite finds that the file is damaged.
func damaged(err error) error {
	return &fleet.Error{
		Code: fleet.Unavailable, Err: err,
		Message: "The database is damaged: stop the server and restore a backup; simferry fsck says what is damaged",
	}
}

// replaced returns the caller's error if a file is not the one that was opened.
func replaced(err error) error {
	return &fleet.Error{
		Code: fleet.Unavailable, Err: err,
		Message: "The database file was removed or replaced, overwritten or made unreadable while the server was running: put it back, or restart the server on the right file",
	}
}
