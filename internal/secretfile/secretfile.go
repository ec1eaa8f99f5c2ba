// Package secretfile reads files with secrets: tokens, passwords, keys. A file that other users
// of the machine may read is an error, which names the command that fixes it.
package secretfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// largest bounds the size of a file.
const largest = 16 << 20

// Read reads a file of secrets. It must be readable by its owner only; a file of root, as a
// container or a service manager provides it, may be readable by its group as well.
func Read(name string) (text []byte, err error) {
	f, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := Check(name, info); err != nil {
		return nil, err
	}
	text, err = io.ReadAll(io.LimitReader(f, largest+1))
	if err == nil && len(text) > largest {
		err = fmt.Errorf("%s is larger than %d MB: it cannot be a file of secrets", name, largest>>20)
	}
	return text, err
}

// Check returns an error if users other than the owner may read or change a file, with the
// command that fixes it. It accepts other kinds of files, such as pipes.
func Check(name string, info fs.FileInfo) error {
	mode := info.Mode()
	if runtime.GOOS == "windows" || !mode.IsRegular() {
		return nil
	}
	allowed, want := fs.FileMode(0o700), "600"
	if rootOwns(info) {
		allowed, want = 0o740, "640"
	}
	if mode.Perm()&^allowed == 0 {
		return nil
	}
	return fmt.Errorf("%s contains secrets, and other users may read or change it (mode %04o): run chmod %s %s; replace the secrets if another user may have read them",
		name, mode.Perm(), want, name)
}
