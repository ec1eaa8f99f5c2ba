package tracer

import (
	"os/exec"
	"syscall"
)

// Kind is what a system call does.
type Kind int

// The kinds that are reported.
const (
	Write    Kind = iota + 1 // to a file, at an offset, or to a socket
	Sync                     // of a file or a folder
	Truncate                 // of a file to a size
	Create                   // a file is opened that may not have existed
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

	Result int64 // the return value after the call, an error as a negative number
}

// Injection says what happens to a call.
type Injection struct {
	Fail  syscall.Errno // the call is skipped and returns this error
	Short int           // a write covers only that many bytes, at least one
	Kill  Moment        // the whole process is killed
}

// Moment is when a process is killed.
type Moment int

// The moments.
const (
	Never Moment = iota
	Before
	After // after the call, before the process sees the result
)

// Watcher is notified of calls. Its methods are called one at a time.
type Watcher interface {
	// Begins is called before the call and decides its fate.
	Begins(c *Call) Injection
	// Ends is called after it, before the program continues.
	Ends(c *Call)
}

// Process is a traced program.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	how  syscall.WaitStatus
	err  error
}

// PID returns its process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Wait waits until the process is gone and returns its exit status.
func (p *Process) Wait() (syscall.WaitStatus, error) {
	<-p.done
	return p.how, p.err
}

// Ended returns a channel that is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.done }
