package syscalls

import (
	"fmt"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/simferry/simferry/internal/test/faults/tracer"
)

// fault is what happens to one system call of a life.
type fault struct {
	name  string
	fits  func(point) bool
	fate  func(point) tracer.Injection
	kills bool
}

// point is a system call on the database's files that can fail.
type point struct {
	kind tracer.Kind
	file string
	size int // of a write
}

func (p point) String() string { return fmt.Sprintf("%v of %s", p.kind, p.file) }

func everywhere(point) bool { return true }

func grows(p point) bool {
	return p.kind == tracer.Write || p.kind == tracer.Create || p.kind == tracer.Truncate
}

var faultKinds = []fault{
	{name: "EIO", fits: everywhere, fate: func(point) tracer.Injection { return tracer.Injection{Fail: syscall.EIO} }},
	{name: "ENOSPC", fits: grows, fate: func(point) tracer.Injection { return tracer.Injection{Fail: syscall.ENOSPC} }},
	{
		name: "a short count",
		fits: func(p point) bool { return p.kind == tracer.Write && p.size > 1 },
		fate: func(p point) tracer.Injection { return tracer.Injection{Short: p.size / 2} },
	},
	{name: "SIGKILL before", fits: everywhere, fate: func(point) tracer.Injection { return tracer.Injection{Kill: tracer.Before} }, kills: true},
	{
		name: "SIGKILL after", // a write: the next call's "before" is the same
		fits: func(p point) bool { return p.kind != tracer.Write },
		fate: func(point) tracer.Injection { return tracer.Injection{Kill: tracer.After} }, kills: true,
	},
}

// watcher counts the calls on the files of one folder and makes one of them fail.
type watcher struct {
	dir   string
	at    int // -1 for none
	fault fault

	mu   sync.Mutex
	seen []point
	hit  string // the call that had the fault
}

// Begins counts a call.
func (w *watcher) Begins(c *tracer.Call) tracer.Injection {
	if filepath.Dir(c.Path) != w.dir && c.Path != w.dir {
		return tracer.Injection{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	p := point{c.Kind, filepath.Base(c.Path), len(c.Data)}
	w.seen = append(w.seen, p)
	// The order may differ a little from the first life. If the fault does not fit this call,
	// the next call that it fits gets it.
	if w.at < 0 || w.hit != "" || len(w.seen) <= w.at || !w.fault.fits(p) {
		return tracer.Injection{}
	}
	w.hit = fmt.Sprintf("%s at call %d, %v", w.fault.name, len(w.seen), p)
	return w.fault.fate(p)
}

// Ends records nothing.
func (w *watcher) Ends(*tracer.Call) {}

func (w *watcher) injected() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hit
}

func (w *watcher) points() []point {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}
