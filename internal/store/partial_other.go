//go:build !unix

package store

import "os"

// lockFile does nothing: this system does not support it.
func lockFile(*os.File) (free bool, err error) { return false, nil }
