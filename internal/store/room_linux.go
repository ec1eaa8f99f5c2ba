package store

import (
	"math"
	"syscall"
)

// freeSpace returns how many bytes can still be written to the disk of a folder.
func freeSpace(folder string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(folder, &fs); err != nil {
		return 0, err
	}
	if fs.Bsize <= 0 { // a file system that does not report it
		return math.MaxUint64, nil
	}
	return fs.Bavail * uint64(fs.Bsize), nil
}
