package traffic

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/simferry/simferry/internal/trust/tracer"
)

// Server is one simferry serve, as a process of its own.
type Server struct {
	URL   string // http://127.0.0.1:PORT
	pid   int
	ended <-chan struct{} // closed when it is gone
	log   *logWatch
}

// startLimit is far beyond what a start takes.
const startLimit = time.Minute

// Serve starts a server over a database and returns once it listens. args are of serve,
// besides.
func Serve(binary, database string, args ...string) (*Server, error) {
	return begin(binary, database, args, startDying)
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

// ServeTraced is Serve with somebody between the server and the kernel.
func ServeTraced(binary, database string, w tracer.Watcher, args ...string) (*Server, error) {
	return begin(binary, database, args, func(cmd *exec.Cmd) (<-chan struct{}, error) {
		p, err := tracer.Start(cmd, w)
		if err != nil {
			return nil, err
		}
		return p.Ended(), nil
	})
}

func begin(binary, database string, args []string, start func(*exec.Cmd) (<-chan struct{}, error)) (*Server, error) {
	cmd := exec.CommandContext(context.Background(), binary, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), "SIMFERRY_DATABASE="+database)
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = to
	s := &Server{log: newLogWatch()}
	s.ended, err = start(cmd)
	_ = to.Close() // the child has its own
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	s.pid = cmd.Process.Pid
	go s.log.read(from)
	s.URL, err = s.log.listening(startLimit)
	if err != nil {
		return s, errors.Join(err, s.Kill())
	}
	return s, nil
}

// Kill ends it with SIGKILL and waits for its end.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

// Stop ends it with SIGTERM and waits for its end.
func (s *Server) Stop() error { return s.end(syscall.SIGTERM) }

func (s *Server) end(how syscall.Signal) error {
	select {
	case <-s.ended: // its number may be another process's by now
	default:
		if err := syscall.Kill(s.pid, how); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	<-s.ended
	<-s.log.ended
	return nil
}

// Panics are the lines of its log that tell of a panic. Call it after its end.
func (s *Server) Panics() []string { return s.log.panics }

// Log is the end of its log.
func (s *Server) Log() string { return s.log.tail() }

// Seed fills a fresh database with the fleet.
func Seed(ctx context.Context, binary, database string) error {
	dir, err := os.MkdirTemp("", "simferry-trust-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	world, err := World(dir)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, binary, "seed", world)
	cmd.Env = append(os.Environ(), "SIMFERRY_DATABASE="+database)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("seed: %w\n%s", err, out)
	}
	return nil
}

// logWatch reads a server's log as it comes.
type logWatch struct {
	address chan string
	ended   chan struct{}
	mu      sync.Mutex
	last    []string
	panics  []string
}

func newLogWatch() *logWatch {
	return &logWatch{address: make(chan string, 1), ended: make(chan struct{})}
}

// kept is how many lines of a log are kept for messages.
const kept = 20

func (w *logWatch) read(r io.ReadCloser) {
	defer close(w.ended)
	defer func() { _ = r.Close() }() // it was only read
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		w.line(strings.TrimSpace(line))
	}
}

func (w *logWatch) line(text string) {
	var entry struct{ Msg, Address string }
	if json.Unmarshal([]byte(text), &entry) == nil && entry.Msg == "listening" {
		w.address <- entry.Address
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Contains(text, "panic") {
		w.panics = append(w.panics, text)
	}
	w.last = append(w.last, text)
	w.last = w.last[max(0, len(w.last)-kept):]
}

func (w *logWatch) tail() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.last, "\n")
}

func (w *logWatch) listening(limit time.Duration) (string, error) {
	select {
	case address := <-w.address:
		return "http://" + address, nil
	case <-w.ended:
		return "", errors.New("the server ended at its start:\n" + w.tail())
	case <-time.After(limit):
		return "", errors.New("the server does not start:\n" + w.tail())
	}
}

// CopySQLite copies a database that is not being served.
func CopySQLite(from, to string) error {
	content, err := os.ReadFile(filepath.Clean(from))
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}
