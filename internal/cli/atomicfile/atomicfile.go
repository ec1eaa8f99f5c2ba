// Package atomicfile writes files that are still there, and whole, after a loss of power.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile replaces a file: after a crash either the old content or the new one is there.
// Only the owner may read it.
func WriteFile(file string, text []byte) error {
	p, err := Create(file)
	if err != nil {
		return err
	}
	defer p.Discard()
	if _, err := p.Write(text); err != nil {
		return err
	}
	return p.Commit()
}

// Pending is a file that is being written under a temporary name in the same folder. It
// replaces the file of its own name when Commit is called.
type Pending struct {
	f    *os.File
	name string
	done bool
}

// Create starts a file. It fails if the file could not be replaced later: the folder
// must be writable, and the name must not be that of a folder or a device. Call it before
// anything is done that the file is to describe. Only the owner may read the file.
func Create(name string) (*Pending, error) {
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		name = resolved
	}
	switch info, err := os.Stat(name); {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a folder: name a file", name)
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file: name another one", name)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*.partial")
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", name, err)
	}
	return &Pending{f: f, name: name}, nil
}

// Write adds to the file.
func (p *Pending) Write(b []byte) (int, error) { return p.f.Write(b) }

// Commit gives the file its name once it is safe on the disk. If it fails, the file that
// had the name before is still there.
func (p *Pending) Commit() error {
	if p.done {
		return errors.New("the file is already closed")
	}
	if err := p.f.Sync(); err != nil {
		return err
	}
	p.done = true
	if err := errors.Join(p.f.Close(), os.Rename(p.f.Name(), p.name)); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(p.f.Name())))
	}
	return SyncDir(filepath.Dir(p.name))
}

// Discard removes the file. It does nothing after Commit, or on nil.
func (p *Pending) Discard() {
	if p == nil || p.done {
		return
	}
	p.done = true
	_ = p.f.Close()
	_ = os.Remove(p.f.Name())
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// SyncDir makes a new name in a folder safe, if the system can do that.
func SyncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the folder of a file that was just written
	if err != nil {
		return err
	}
	_ = d.Sync() // some systems cannot, and do not need to
	return d.Close()
}
