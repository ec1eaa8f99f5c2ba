//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks a file until it is closed; free is false if another process has locked it.
func lockFile(f *os.File) (free bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
