package faults

import "os"

// Memory returns a folder in memory, if the machine has one, for files that are written to be
// read once.
func Memory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}
