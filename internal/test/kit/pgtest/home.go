package pgtest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

const homePattern = "simferry-pg-"

// home is a cluster's directory. Its file "lock" is locked as long as the process that made it
// lives, so that the directory of a killed process can be recognized and removed.
type home struct {
	path string
	lock *os.File
}

func newHome(own *owner) (*home, error) {
	sweep(os.TempDir())
	path, err := os.MkdirTemp("", homePattern)
	if err != nil {
		return nil, err
	}
	h := &home{path: path}
	if h.lock, err = lockIn(path); err == nil {
		err = own.give(path)
	}
	if err != nil {
		return nil, errors.Join(err, h.remove())
	}
	return h, nil
}

// lockIn gives the file its name only once it is locked: sweep never sees it open.
func lockIn(dir string) (*os.File, error) {
	f, err := os.Create(filepath.Join(dir, "locking"))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, os.Rename(f.Name(), filepath.Join(dir, "lock"))
}

// remove may be called again.
func (h *home) remove() error {
	err := os.RemoveAll(h.path)
	if h.lock != nil {
		err = errors.Join(err, h.lock.Close())
		h.lock = nil
	}
	return err
}

// sweep removes the homes whose process is gone. It is a courtesy: what it cannot open
// or remove, another user's say, it leaves.
func sweep(dir string) {
	locks, err := filepath.Glob(filepath.Join(dir, homePattern+"*", "lock"))
	if err != nil {
		return
	}
	for _, name := range locks {
		sweepOne(name)
	}
}

func sweepOne(lock string) {
	f, err := os.Open(lock)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // read-only
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.RemoveAll(filepath.Dir(lock))
	}
}
