package store

import (
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// sqliteHeader watches the header of an open database file for an overwrite in place (cp, a
// truncation), which keeps the file's identity. SQLite counts the versions of the first page in
// the header, and that count never decreases; nor does the file become shorter than the number
// of pages that the header states.
type sqliteHeader struct {
	file  *sharedFile
	last  atomic.Pointer[headerState] // as last read completely; nil before the first header
	fault atomic.Pointer[replacedError]
}

type headerState struct {
	counter uint32 // of the versions of the first page
	size    int64
}

// The header of a database file: https://www.sqlite.org/fileformat.html
const (
	headerMagic   = "SQLite format 3\x00"
	headerSize    = 100
	headerPage    = 16 // the size of a page, 2 bytes; 1 for 65,536
	headerCounter = 24
	headerPages   = 28 // the number of pages
)

// headerPauses are the pauses before the header is read again: what looks like an overwrite may
// be a checkpoint that is writing the first page at this moment.
var headerPauses = []time.Duration{time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond}

func watchHeader(file string, info fs.FileInfo) (*sqliteHeader, error) {
	shared, err := shareFile(file, info)
	if err != nil {
		return nil, err
	}
	h := &sqliteHeader{file: shared}
	err = h.check(file)
	return h, err
}

// check returns an error if the file has been overwritten since an earlier check. It stays so:
// SQLite has read parts of both contents.
func (h *sqliteHeader) check(name string) error {
	if found := h.fault.Load(); found != nil {
		return found
	}
	for _, pause := range headerPauses {
		if h.plausible() {
			return nil
		}
		<-time.After(pause)
	}
	if h.plausible() {
		return nil
	}
	found := &replacedError{name + " was overwritten or truncated while it was in use"}
	h.fault.Store(found)
	return found
}

// plausible reports whether the header can be that of the database that was opened.
func (h *sqliteHeader) plausible() bool {
	last := h.last.Load()
	info, err := h.file.Stat()
	if err != nil {
		return true // check of sqliteFiles reports what cannot be read
	}
	var b [headerSize]byte
	if _, err := h.file.ReadAt(b[:], 0); err != nil || string(b[:len(headerMagic)]) != headerMagic {
		return last == nil
	}
	now := headerState{binary.BigEndian.Uint32(b[headerCounter:]), info.Size()}
	pageSize := int64(binary.BigEndian.Uint16(b[headerPage:]))
	if pageSize == 1 {
		pageSize = 1 << 16
	}
	pages := int64(binary.BigEndian.Uint32(b[headerPages:]))
	if last != nil && (int32(now.counter-last.counter) < 0 || now.size < last.size && now.size < pages*pageSize) {
		return false
	}
	if last == nil || *last != now {
		h.last.CompareAndSwap(last, &now)
	}
	return true
}

func (h *sqliteHeader) close() error { return h.file.release() }

// sharedFile is a file that this process opens once, however many engines use it: closing any
// descriptor of a file releases all locks of the process on it, including those of SQLite.
type sharedFile struct {
	*os.File
	info  fs.FileInfo
	users int
}

var sharedFiles struct {
	mu   sync.Mutex
	open []*sharedFile
}

func shareFile(name string, info fs.FileInfo) (*sharedFile, error) {
	sharedFiles.mu.Lock()
	defer sharedFiles.mu.Unlock()
	for _, f := range sharedFiles.open {
		if os.SameFile(f.info, info) {
			f.users++
			return f, nil
		}
	}
	opened, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	f := &sharedFile{opened, info, 1}
	sharedFiles.open = append(sharedFiles.open, f)
	return f, nil
}

// release closes the file after its last use.
func (f *sharedFile) release() error {
	sharedFiles.mu.Lock()
	defer sharedFiles.mu.Unlock()
	if f.users--; f.users != 0 {
		return nil
	}
	for i, o := range sharedFiles.open {
		if o == f {
			sharedFiles.open = append(sharedFiles.open[:i], sharedFiles.open[i+1:]...)
			break
		}
	}
	return f.Close()
}
