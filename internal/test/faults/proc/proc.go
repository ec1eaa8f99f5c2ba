// Package proc runs the program as its users do, one process per server. A harness can freeze
// it, kill it, or watch its system calls.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/simferry/simferry/internal/test/faults/tracer"
)

// startLimit is far more than a healthy start or stop needs.
const startLimit = time.Minute

// Server is one simferry serve process.
type Server struct {
	URL string // http://127.0.0.1:PORT
	PID int

	ended <-chan struct{} // closed when the process is gone
	log   *log
}

// Options of a server.
type Options struct {
	Binary   string
	Database string         // its URL
	Args     []string       // more arguments of serve
	Env      []string       // added to the harness's own
	Log      string         // a file that its log is appended to; "" for none
	Watcher  tracer.Watcher // watches its system calls; may be nil
}

// Serve starts a server and returns when it listens. The server dies with the harness. If it
// started but does not listen, it is returned with the error.
func Serve(ctx context.Context, o Options) (*Server, error) {
	cmd := exec.Command(o.Binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, o.Args...)...) //nolint:noctx // a harness ends it, by Kill or Stop
	cmd.Env = append(append(os.Environ(), "SIMFERRY_DATABASE="+o.Database), o.Env...)
	log, err := newLog(o.Log)
	if err != nil {
		return nil, err
	}
	from, to, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, log.close())
	}
	cmd.Stderr = to
	s := &Server{log: log}
	s.ended, err = start(cmd, o.Watcher)
	_ = to.Close() // the child has its own
	if err != nil {
		return nil, errors.Join(err, from.Close(), log.close())
	}
	s.PID = cmd.Process.Pid
	go log.follow(from)
	err = s.await(ctx)
	return s, err
}

func start(cmd *exec.Cmd, w tracer.Watcher) (<-chan struct{}, error) {
	if w == nil {
		return startDying(cmd)
	}
	p, err := tracer.Start(cmd, w)
	if err != nil {
		return nil, err
	}
	return p.Ended(), nil
}

// startDying starts a process that dies with this one. It keeps the thread that started it,
// because the kernel treats the end of that thread as the death of the parent.
func startDying(cmd *exec.Cmd) (<-chan struct{}, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // a killed process returns an error
			close(ended)
		}
	}()
	return ended, <-started
}

func (s *Server) await(ctx context.Context) error {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case a := <-s.log.address:
		s.URL = "http://" + a
		return nil
	case <-s.log.ended:
		return errors.New("the server ended while it started:\n" + s.Log())
	case <-limit.C:
		return errors.Join(fmt.Errorf("the server does not listen after %v:\n%s", startLimit, s.Log()), s.Kill())
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.Kill())
	}
}

// Log returns the end of its log.
func (s *Server) Log() string { return s.log.tail() }

// Panics returns the lines of its log that report a panic. Call it after its end.
func (s *Server) Panics() []string { return s.log.panics }

// Running reports whether the process is alive.
func (s *Server) Running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// Kill sends SIGKILL and waits until the process is gone.
func (s *Server) Kill() error {
	if err := s.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-s.ended
	<-s.log.ended
	return nil
}

// Stop sends SIGTERM and waits until the process is gone. Running requests are finished first.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.signal(syscall.SIGTERM); err != nil {
		return err
	}
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case <-s.ended:
		<-s.log.ended
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.Kill())
	case <-limit.C:
		return errors.Join(errors.New("the server does not stop:\n"+s.Log()), s.Kill())
	}
}

// signal does nothing to a process that is gone: its number may belong to another one by now.
func (s *Server) signal(how syscall.Signal) error {
	if !s.Running() {
		return nil
	}
	if err := syscall.Kill(s.PID, how); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// Run runs one of the other commands to its end and returns its output. An exit code other than
// 0 is an *exec.ExitError.
func Run(ctx context.Context, binary string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	if err != nil {
		return out, fmt.Errorf("simferry %s: %w: %s", args[0], err, out)
	}
	return out, nil
}
