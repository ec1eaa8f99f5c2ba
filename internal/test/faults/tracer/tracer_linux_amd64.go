package tracer

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Parts of ptrace that package syscall lacks.
const (
	optionSysGood  = 0x1
	optionClones   = 0x2 | 0x4 | 0x8 // fork, vfork, clone
	optionExitKill = 0x100000

	waitAll      = 0x40000000 // __WALL: threads as well
	waitNoThread = 0x20000000 // __WNOTHREAD: no children of this program's other threads

	syscallStop = syscall.SIGTRAP | 0x80
)

// Start runs a command that has not been started, and traces it. No other code may wait for it.
func Start(cmd *exec.Cmd, w Watcher) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // only the tracing thread may use ptrace on the process
		t := &tracing{watcher: w, threads: make(map[int]*thread)}
		err := t.start(cmd)
		started <- err
		if err == nil {
			p.how, p.err = t.run()
			close(p.done)
		}
	}()
	return p, <-started
}

// tracing is one process under trace.
type tracing struct {
	watcher Watcher
	pid     int
	threads map[int]*thread
	memory  *os.File
}

// thread is one of its threads, in a call or not.
type thread struct {
	call      *Call // nil outside of calls, and in calls that are not reported
	injection Injection
	inside    bool
	count     uint64 // bytes that a short write lacks
}

func (t *tracing) start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Ptrace = true
	if err := cmd.Start(); err != nil {
		return err
	}
	t.pid = cmd.Process.Pid
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(t.pid, &ws, 0, nil); err != nil {
		return err
	}
	if err := syscall.PtraceSetOptions(t.pid, optionSysGood|optionClones|optionExitKill); err != nil {
		return fmt.Errorf("ptrace: %w", err)
	}
	var err error
	if t.memory, err = os.Open(fmt.Sprintf("/proc/%d/mem", t.pid)); err != nil {
		return err
	}
	t.threads[t.pid] = &thread{}
	return syscall.PtraceSyscall(t.pid, 0)
}

// run handles the stops of all threads, one at a time, until the process is gone.
func (t *tracing) run() (syscall.WaitStatus, error) {
	defer func() { _ = t.memory.Close() }() // read-only
	for {
		var ws syscall.WaitStatus
		tid, err := syscall.Wait4(-1, &ws, waitAll|waitNoThread, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return 0, fmt.Errorf("wait: %w", err)
		case ws.Exited() || ws.Signaled():
			delete(t.threads, tid)
			if tid == t.pid {
				return ws, nil
			}
		case ws.Stopped():
			t.stopped(tid, ws)
		}
	}
}

// stopped lets a thread continue after a stop. If that fails, the thread is gone, and its end
// is reported next.
func (t *tracing) stopped(tid int, ws syscall.WaitStatus) {
	signal := ws.StopSignal()
	th, known := t.threads[tid]
	switch {
	case !known: // a new thread begins with a stop
		t.threads[tid] = &thread{}
		if signal == syscall.SIGSTOP {
			signal = 0
		}
	case signal == syscallStop:
		t.atCall(tid, th)
		signal = 0
	case signal == syscall.SIGTRAP:
		signal = 0 // a thread was created, or the program has started
	}
	_ = syscall.PtraceSyscall(tid, int(signal))
}

func (t *tracing) atCall(tid int, th *thread) {
	var regs syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &regs) != nil {
		return // killed
	}
	if th.inside = !th.inside; th.inside {
		t.begin(tid, th, &regs)
		return
	}
	t.end(tid, th, &regs)
}

func (t *tracing) begin(tid int, th *thread, regs *syscall.PtraceRegs) {
	th.call = t.describe(regs)
	if th.call == nil {
		return
	}
	th.injection = t.watcher.Begins(th.call)
	switch {
	case th.injection.Kill == Before:
		t.kill()
	case th.injection.Fail != 0:
		regs.Orig_rax = ^uint64(0) // skip the call
		_ = syscall.PtraceSetRegs(tid, regs)
	case th.injection.Short > 0:
		th.count, regs.Rdx = regs.Rdx, uint64(th.injection.Short)
		_ = syscall.PtraceSetRegs(tid, regs)
	}
}

func (t *tracing) end(tid int, th *thread, regs *syscall.PtraceRegs) {
	if th.call == nil {
		return
	}
	switch {
	case th.injection.Kill == After:
		t.kill()
	case th.injection.Fail != 0:
		regs.Rax = uint64(-int64(th.injection.Fail))
		_ = syscall.PtraceSetRegs(tid, regs)
	case th.injection.Short > 0:
		regs.Rdx = th.count
		_ = syscall.PtraceSetRegs(tid, regs)
	}
	th.call.Result = int64(regs.Rax)
	t.watcher.Ends(th.call)
	th.call = nil
}

func (t *tracing) kill() { _ = syscall.Kill(t.pid, syscall.SIGKILL) }

// describe decodes a call; nil for one that changes nothing.
func (t *tracing) describe(r *syscall.PtraceRegs) *Call {
	switch r.Orig_rax {
	case syscall.SYS_WRITE:
		return &Call{Kind: Write, Path: t.file(r.Rdi), Offset: -1, Data: t.bytes(r.Rsi, r.Rdx)}
	case syscall.SYS_PWRITE64:
		return &Call{Kind: Write, Path: t.file(r.Rdi), Offset: int64(r.R10), Data: t.bytes(r.Rsi, r.Rdx)}
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		return &Call{Kind: Sync, Path: t.file(r.Rdi)}
	case syscall.SYS_FTRUNCATE:
		return &Call{Kind: Truncate, Path: t.file(r.Rdi), Size: int64(r.Rsi)}
	case syscall.SYS_OPEN:
		return t.created(r.Rdi, r.Rsi)
	case syscall.SYS_OPENAT:
		return t.created(r.Rsi, r.Rdx)
	case syscall.SYS_UNLINK:
		return &Call{Kind: Unlink, Path: t.path(r.Rdi)}
	case syscall.SYS_UNLINKAT:
		return &Call{Kind: Unlink, Path: t.path(r.Rsi)}
	case syscall.SYS_RENAME:
		return &Call{Kind: Rename, Path: t.path(r.Rdi), To: t.path(r.Rsi)}
	case syscall.SYS_RENAMEAT:
		return &Call{Kind: Rename, Path: t.path(r.Rsi), To: t.path(r.R10)}
	}
	return nil
}

func (t *tracing) created(path, flags uint64) *Call {
	if flags&syscall.O_CREAT == 0 {
		return nil
	}
	return &Call{Kind: Create, Path: t.path(path)}
}

// file returns the name of a descriptor's file.
func (t *tracing) file(fd uint64) string {
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", t.pid, int32(fd)))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(name, " (deleted)")
}

func (t *tracing) bytes(at, n uint64) []byte {
	b := make([]byte, n)
	_, _ = t.memory.ReadAt(b, int64(at)) // an invalid address is the program's own fault
	return b
}

// path reads a file name, which ends with a zero, and makes it absolute.
func (t *tracing) path(at uint64) string {
	b := make([]byte, 4096)
	n, _ := t.memory.ReadAt(b, int64(at)) // the next page may not exist
	name, _, _ := strings.Cut(string(b[:n]), "\x00")
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", t.pid))
	if err != nil {
		return name
	}
	return filepath.Join(dir, name)
}
