package powercut

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"

	"github.com/simferry/simferry/internal/trust/tracer"
)

// op is one system call of a recording: on a file of the database, on its folder, or the
// answer to a client.
type op struct {
	kind tracer.Kind
	file string // its name in the folder; "." is the folder itself
	ack  string // the ledger entry of an answer
	off  int64
	size int64
	data []byte

	began, ended int // steps of the recording; ended is never where it did not
}

const never = int(^uint(0) >> 1)

// step is the begin or the end of an op. A power cut is between two steps.
type step struct {
	*op
	end bool
}

// recorder keeps what a server does to its database, and what it tells its clients, in
// one order.
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

// Begins notes a call; it leaves each to its fate.
func (r *recorder) Begins(c *tracer.Call) tracer.Fate {
	o := r.op(c)
	if o == nil {
		return tracer.Fate{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o.began, o.ended = len(r.steps), never
	r.steps = append(r.steps, step{o, false})
	r.open[c] = o
	return tracer.Fate{}
}

// Ends notes that a call has been done.
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

// op is a call as the recording has it; nil for one that has to do with neither the
// database nor a client.
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

// kept leaves out the index of the log (-shm): it is memory that is shared by way of a
// file, and whoever opens the database first throws away what is in it. The states have
// rubbish there instead.
func (r *recorder) kept(name string) bool {
	return name == r.db || name == r.db+"-wal" || name == r.db+"-journal"
}

// acknowledged is the ledger entry that an answer tells a client of.
func acknowledged(c *tracer.Call) string {
	if c.Kind != tracer.Write || !strings.HasPrefix(c.Path, "socket:") || !bytes.HasPrefix(c.Data, []byte("HTTP/1.1 200 ")) {
		return ""
	}
	_, after, _ := bytes.Cut(c.Data, []byte("\r\nLocation: "))
	location, _, _ := bytes.Cut(after, []byte("\r\n"))
	return string(location)
}
