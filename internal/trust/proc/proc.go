// Package proc runs the program as its users do: a process per server, which a harness may
// freeze and kill at any instant.
package proc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/simferry/simferry/internal/trust"
)

// startLimit is far beyond what a healthy start needs.
const startLimit = time.Minute

// Server is one running simferry serve.
type Server struct {
	URL string // http://127.0.0.1:PORT
	PID int

	cmd  *exec.Cmd
	done chan struct{}
}

// Options of a server.
type Options struct {
	Binary   string
	Database string   // its URL
	Log      string   // file that its log is appended to
	Listen   string   // host:port; a free port where empty
	Args     []string // of serve, besides
	Env      []string // besides the harness's own
}

// Serve starts a server and returns when it listens. It dies with the harness.
func Serve(ctx context.Context, o Options) (*Server, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--listen", o.Listen, "--database", o.Database}, o.Args...)
	cmd := exec.Command(o.Binary, args...) //nolint:noctx // a harness ends it, by Kill or Stop
	cmd.Env = append(os.Environ(), o.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	from, to, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	cmd.Stderr = to
	s := &Server{cmd: cmd, done: make(chan struct{})}
	if err := s.start(to); err != nil {
		return nil, errors.Join(err, from.Close(), log.Close())
	}
	address := make(chan string, 1)
	go follow(from, log, address)
	err = s.await(ctx, address, o.Log)
	return s, err
}

// start keeps the thread that made the child: the kernel takes its end for the death of
// the parent.
func (s *Server) start(stderr io.Closer) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := s.cmd.Start()
		_ = stderr.Close() // the child has its own
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // a process that was killed reports just that
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.PID = s.cmd.Process.Pid
	return nil
}

// follow copies the log and finds the address in it.
func follow(from io.ReadCloser, log io.WriteCloser, address chan<- string) {
	defer func() { _, _ = from.Close(), log.Close() }()
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		var entry struct{ Msg, Level, Address string }
		if json.Unmarshal(line, &entry) != nil || entry.Msg != "request" || entry.Level != "INFO" {
			_, _ = log.Write(line) // the lines of single requests are in the journal already
		}
		if entry.Msg == "listening" {
			address <- entry.Address
		}
		if err != nil {
			return
		}
	}
}

func (s *Server) await(ctx context.Context, address <-chan string, log string) error {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case a := <-address:
		s.URL = "http://" + a
		return nil
	case <-s.done:
		return fmt.Errorf("the server ended while it started: %s", tail(log))
	case <-limit.C:
		return errors.Join(fmt.Errorf("the server does not listen after %v: %s", startLimit, tail(log)), s.Kill())
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.Kill())
	}
}

// tail is the end of a log.
func tail(file string) []byte {
	const most = 2000
	text, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-most):]
}

// freezeLimit is how long a thread may wait for its disk before it can be stopped.
const freezeLimit = 10 * time.Second

// Freeze stops every thread of the process where it is, so that one can look at what it
// holds before it is killed.
func (s *Server) Freeze() error {
	if err := syscall.Kill(s.PID, syscall.SIGSTOP); err != nil {
		return err
	}
	for until := time.Now().Add(freezeLimit); time.Now().Before(until); trust.Pause(context.Background(), 100*time.Microsecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID))
		if err != nil {
			return err
		}
		if state(stat) == 'T' {
			return nil
		}
	}
	return errors.New("the server does not freeze")
}

// state is the letter behind the program's name, which is in parentheses.
func state(stat []byte) byte {
	for i := len(stat) - 1; i >= 0; i-- {
		if stat[i] == ')' && i+2 < len(stat) {
			return stat[i+2]
		}
	}
	return 0
}

// Kill is SIGKILL, and waits until the process is gone.
func (s *Server) Kill() error {
	if !s.Running() {
		return nil
	}
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	<-s.done
	return nil
}

// Stop is SIGTERM: what runs is finished first.
func (s *Server) Stop(ctx context.Context) error {
	if !s.Running() {
		return nil
	}
	if err := syscall.Kill(s.PID, syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), s.Kill())
	case <-time.After(startLimit):
		return errors.Join(errors.New("the server does not stop"), s.Kill())
	}
}

// Running tells whether the process is there.
func (s *Server) Running() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// Ended is closed when the process is gone.
func (s *Server) Ended() <-chan struct{} { return s.done }

// Run runs one of the other commands to its end and returns what it printed. An exit code
// other than 0 is an *exec.ExitError.
func Run(ctx context.Context, binary string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	if err != nil {
		return out, fmt.Errorf("simferry %s: %w: %s", args[0], err, out)
	}
	return out, nil
}
