//go:build unix

package secretfile

import (
	"io/fs"
	"syscall"
)

// rootOwns reports whether root owns a file.
func rootOwns(info fs.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && owner.Uid == 0
}
