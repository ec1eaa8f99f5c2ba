package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// process is one run of the server.
type process struct {
	cmd   *exec.Cmd
	ready chan struct{} // closed when it accepts connections
	done  chan struct{} // closed when all its processes are gone
}

// launch starts the server. Its standard error is a pipe that all its processes hold, so
// that the pipe's end, which Wait waits for, is the end of the last of them.
func launch(cmd *exec.Cmd, log io.WriteCloser) (*process, error) {
	p := &process{cmd: cmd, ready: make(chan struct{}), done: make(chan struct{})}
	cmd.Stderr = io.MultiWriter(log, &readyWatch{ready: p.ready})
	cmd.WaitDelay = stopTimeout
	dieWithParent(cmd)
	started := make(chan error)
	go p.run(log, started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// run keeps its thread for the server's whole life: the kernel takes the end of the
// thread that started a child for the death of the parent.
func (p *process) run(log io.Closer, started chan<- error) {
	runtime.LockOSThread()
	defer func() { _ = log.Close() }() // what it holds is for reading after a failure
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	_ = p.cmd.Wait() // a server stopped by a signal reports failure
	close(p.done)
}

func (p *process) awaitReady(limit time.Duration) error {
	select {
	case <-p.ready:
		return nil
	case <-p.done:
		return errors.New("it ended")
	case <-time.After(limit):
		return fmt.Errorf("it is not ready after %v", limit)
	}
}

func (p *process) stop(mode StopMode, limit time.Duration) error {
	victims := []int{p.cmd.Process.Pid}
	if mode == Kill {
		victims = append(victims, p.freeze()...)
	}
	select {
	case <-p.done: // its number may be another process's by now
		return nil
	default:
	}
	for _, pid := range victims {
		if err := syscall.Kill(pid, mode.signal()); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("PostgreSQL has not stopped after %v", limit)
	}
}

// freeze keeps the postmaster from starting children and lists those it has: a child in the
// middle of a statement would outlive a postmaster that was killed alone.
func (p *process) freeze() []int {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
		return nil
	}
	return childrenOf(p.cmd.Process.Pid)
}

// readyWatch reads the server's log as it is written and closes ready at the line that
// says so. The line is the same for a server that may be written to and a standby.
type readyWatch struct {
	once  sync.Once
	ready chan struct{}
	line  []byte
}

func (w *readyWatch) Write(b []byte) (int, error) {
	w.line = append(w.line, b...)
	if bytes.Contains(w.line, []byte("database system is ready to accept")) {
		w.once.Do(func() { close(w.ready) })
	}
	w.line = w.line[bytes.LastIndexByte(w.line, '\n')+1:]
	return len(b), nil
}
