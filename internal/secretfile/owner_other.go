//go:build !unix

package secretfile

import "io/fs"

// rootOwns returns false: this system has no root user.
func rootOwns(fs.FileInfo) bool { return false }
