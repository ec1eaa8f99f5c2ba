// Package proc runs the program as its users do: a process per server, which a harness may
// freeze, kill, or watch at every system call.
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

	"github.com/simferry/simferry/internal/trust/tracer"
)

// startLimit is far beyond what a healthy start needs, or a stop.
const startLimit = time.Minute

// Server is one simferry serve.
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
	Args     []string       // of serve, besides
	Env      []string       // besides the harness's own
	Log      string         // a file that its log is appended to, "" for none
	Watcher  tracer.Watcher // stands between the server and the kernel; nil for nobody
}

// Serve starts a server and returns when it listens. It dies with the harness. One that was
// started and does not listen is returned beside the error.
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

// startDying starts a process that dies with this one. It keeps the thread that made it:
// the kernel takes the end of that for the death of the parent.
func startDying(cmd *exec.Cmd) (<-chan struct{}, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // a process that was killed reports just that
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

// Log is the end of its log.
func (s *Server) Log() string { return s.log.tail() }

// Panics are the lines of its log that tell of a panic. Call it after its end.
func (s *Server) Panics() []string { return s.log.panics }

// Running tells whether the process is there.
func (s *Server) Running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// Kill is SIGKILL, and waits until the process is gone.
func (s *Server) Kill() error {
	if err := s.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-s.ended
	<-s.log.ended
	return nil
}

// Stop is SIGTERM, and waits until the process is gone: what runs is finished first.
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

// signal does nothing to a process that is gone: its number may be another's by now.
func (s *Server) signal(how syscall.Signal) error {
	if !s.Running() {
		return nil
	}
	if err := syscall.Kill(s.PID, how); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// Run runs one of the other commands to its end and returns what it printed. An exit code
// other than 0 is an *exec.ExitError.
func Run(ctx context.Context, binary string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	if err != nil {
		return out, fmt.Errorf("simferry %s: %w: %s", args[0], err, out)
	}
	return out, nil
}
