package store

import (
	"os"
	"path/filepath"
)

// partialFile is a database file that does not have its final name yet. The process that writes
// it holds a lock, so that other processes can recognize files of a killed process.
type partialFile struct {
	name string
	lock *os.File
}

// suffixes are the suffixes of files that SQLite may create beside a database.
var suffixes = []string{"", "-wal", "-shm", "-journal"}

// partial creates an empty file beside the final one, readable only by its owner. First it
// removes what a killed backup or restore of the same file left.
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

// discard removes the file, unless it has its final name, and the files beside it.
func (p *partialFile) discard() {
	for _, suffix := range suffixes {
		_ = os.Remove(p.name + suffix) // gone already if all went well
	}
	_ = p.lock.Close()
}

// escapeGlob escapes a name for filepath.Glob.
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
