package store

import (
	"os"
	"path/filepath"
)

// partialFile is a database file on its way to its name. It is locked for as long as the
// process that makes it lives, so that another one knows what a process left that was killed.
type partialFile struct {
	name string
	lock *os.File
}

// suffixes are of the files that SQLite may make beside a database.
var suffixes = []string{"", "-wal", "-shm", "-journal"}

// partial makes an empty file beside the one that is to come, which only its owner may read.
// First it removes what an earlier backup or restore of the same file left that was killed.
func partial(file string) (*partialFile, error) {
	old, err := filepath.Glob(filepath.Join(filepath.Dir(file), escapeGlob(filepath.Base(file))+".*.partial"))
	if err != nil {
		return nil, err
	}
	for _, name := range old {
		removeAbandoned(name)
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.partial")
	if err != nil {
		return nil, err
	}
	p := &partialFile{f.Name(), f}
	if _, err := lockFile(f); err != nil {
		p.discard()
		return nil, err
	}
	return p, nil
}

// removeAbandoned removes a partial file that no process has locked.
func removeAbandoned(name string) {
	f, err := os.Open(name) //nolint:gosec // its name is that of a partial file
	if err != nil {
		return // another process was faster
	}
	p := &partialFile{name, f}
	if free, err := lockFile(f); err != nil || !free {
		_ = f.Close()
		return
	}
	p.discard()
}

// discard removes the file, if it has not got its name, and what is beside it.
func (p *partialFile) discard() {
	for _, suffix := range suffixes {
		_ = os.Remove(p.name + suffix) // gone already if all went well
	}
	_ = p.lock.Close()
}

// escapeGlob has filepath.Glob take a name as it is.
func escapeGlob(name string) string {
	var escaped []byte
	for i := range len(name) {
		switch name[i] {
		case '*', '?', '[', '\\':
			escaped = append(escaped, '\\')
		}
		escaped = append(escaped, name[i])
	}
	return string(escaped)
}
