//go:build !unix

package secretfile

import "io/fs"

// rootOwns is false if there is no root.
func rootOwns(fs.FileInfo) bool { return false }
