package tracer

import (
	"os/exec"
	"syscall"
)

// Kind is what a system call does.
type Kind int

// The kinds that are told of.
const (
	Write    Kind = iota + 1 // to a file, at an offset, or to a socket
	Sync                     // of a file or a folder
	Truncate                 // of a file to a size
	Create                   // a file is opened that may not have been there
	Rename
	Unlink
)

func (k Kind) String() string {
	return [...]string{"", "write", "sync", "truncate", "create", "rename", "unlink"}[k]
}

// Call is one system call.
type Call struct {
	Kind   Kind
	Path   string // of the file as the kernel names it: socket:[...] for a socket
	To     string // the new name, of a rename
	Offset int64  // of a write
	Size   int64  // of a truncation
	Data   []byte // of a write

	Result int64 // once it has ended: what it returned, an error as a negative number
}

// Fate is what becomes of a call.
type Fate struct {
	Fail  syscall.Errno // it is not done, and fails so
	Short int           // a write is done for that many bytes only, at least one
	Kill  Moment        // the whole process is killed
}

// Moment is when a process is killed.
type Moment int

// The moments.
const (
	Never Moment = iota
	Before
	After // the call has been done, and the process does not hear of it
)

// Watcher is told of calls. Its methods are called one at a time.
type Watcher interface {
	// Begins is called before the call is done, and decides what becomes of it.
	Begins(c *Call) Fate
	// Ends is called after it, before the program goes on.
	Ends(c *Call)
}

// Process is a program that is being watched.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	how  syscall.WaitStatus
	err  error
}

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Wait waits until the process is gone, and tells how it ended.
func (p *Process) Wait() (syscall.WaitStatus, error) {
	<-p.done
	return p.how, p.err
}

// Ended is closed when the process is gone.
func (p *Process) Ended() <-chan struct{} { return p.done }
