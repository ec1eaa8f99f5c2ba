//go:build !unix

package store

import "os"

// lockFile is not supported on this system.
func lockFile(*os.File) (free bool, err error) { return false, nil }
