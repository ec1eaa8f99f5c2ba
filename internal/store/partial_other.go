//go:build !unix

package store

import "os"

// lockFile cannot tell here whether a file is another's.
func lockFile(*os.File) (free bool, err error) { return false, nil }
