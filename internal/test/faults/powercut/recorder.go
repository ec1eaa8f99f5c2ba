package powercut

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/test/faults/tracer"
)

// op is one system call of a recording: on a file of the database, on its folder, or a reply to
// a client.
type op struct {
	kind tracer.Kind
	file string // its name in the folder; "." is the folder itself
	ack  string // the ledger entry of a reply
	off  int64
	size int64
	data []byte

	began, ended int // steps of the recording; ended is never if the call did not end
}

const never = int(^uint(0) >> 1)

// step is the beginning or the end of an op. A power cut is between two steps.
type step struct {
	*op
	end bool
}

// recorder keeps a server's writes to its database and its replies to clients, in one order.
type recorder struct {
	dir string
	db  string // the database's name

	mu    sync.Mutex
	steps []step
	open  map[*tracer.Call]*op
}

func newRecorder(file string) *recorder {
	return &recorder{dir: filepath.Dir(file), db: filepath.Base(file), open: make(map[*tracer.Call]*op)}
}

// Begins records a call and lets it proceed.
func (r *recorder) Begins(c *tracer.Call) tracer.Injection {
	o := r.op(c)
	if o == nil {
		return tracer.Injection{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o.began, o.ended = len(r.steps), never
	r.steps = append(r.steps, step{o, false})
	r.open[c] = o
	return tracer.Injection{}
}

// Ends records that a call has completed.
func (r *recorder) Ends(c *tracer.Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.open[c]
	if o == nil {
		return
	}
	delete(r.open, c)
	o.ended = len(r.steps)
	r.steps = append(r.steps, step{o, true})
}

// op converts a call for the recording; nil if it concerns neither the database nor a client.
func (r *recorder) op(c *tracer.Call) *op {
	if location := acknowledged(c); location != "" {
		return &op{kind: c.Kind, ack: location}
	}
	o := &op{kind: c.Kind, off: c.Offset, size: c.Size, data: c.Data}
	switch {
	case c.Path == r.dir:
		o.file = "."
	case filepath.Dir(c.Path) != r.dir || !r.kept(filepath.Base(c.Path)):
		return nil
	default:
		o.file = filepath.Base(c.Path)
	}
	return o
}

// kept excludes the index of the log (-shm): it is shared memory in the form of a file, and the
// first process that opens the database discards it. The states have random bytes there
// instead.
func (r *recorder) kept(name string) bool {
	return name == r.db || name == r.db+"-wal" || name == r.db+"-journal"
}

// acknowledged returns the ledger entry that a reply reports to a client.
func acknowledged(c *tracer.Call) string {
	if c.Kind != tracer.Write || !strings.HasPrefix(c.Path, "socket:") || !bytes.HasPrefix(c.Data, []byte("HTTP/1.1 200 ")) {
		return ""
	}
	_, after, _ := bytes.Cut(c.Data, []byte("\r\nLocation: "))
	location, _, _ := bytes.Cut(after, []byte("\r\n"))
	return string(location)
}
