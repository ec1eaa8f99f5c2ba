// Package durable writes files that are still there, and whole, after a loss of power.
package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// WriteFile puts a whole file in place of whatever is there: after a crash there is either
// the old one or the new one. Only its owner may read it.
func WriteFile(file string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(f.Name())))
		}
	}()
	_, written := f.Write(text)
	if err := errors.Join(written, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(file))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// SyncDir makes a new name in a folder safe, where the system can do that.
func SyncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the folder of a file that was just written
	if err != nil {
		return err
	}
	_ = d.Sync() // some systems cannot, and have no need to
	return d.Close()
}
