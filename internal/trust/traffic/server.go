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
	"strings"
	"sync"
	"syscall"
	"time"
)

// Server is one simferry serve, as a process of its own.
type Server struct {
	URL string // http://127.0.0.1:PORT
	cmd *exec.Cmd
	log *logWatch
}

// startLimit is far beyond what a start takes.
const startLimit = time.Minute

// Command prepares simferry serve. Its log has to go to a Watch.
func Command(binary, database string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), binary, "serve", "--listen", "127.0.0.1:0", "--log-level", "info")
	cmd.Env = append(os.Environ(), "SIMFERRY_DATABASE="+database)
	return cmd
}

// Serve starts a server over a database and returns once it listens.
func Serve(binary, database string) (*Server, error) {
	s := &Server{cmd: Command(binary, database), log: newLogWatch()}
	out, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go s.log.read(out)
	if s.URL, err = s.log.listening(startLimit); err != nil {
		return nil, errors.Join(err, s.Kill())
	}
	return s, nil
}

// Kill ends it with SIGKILL and waits for its end.
func (s *Server) Kill() error { return s.end(syscall.SIGKILL) }

// Stop ends it with SIGTERM and waits for its end.
func (s *Server) Stop() error { return s.end(syscall.SIGTERM) }

func (s *Server) end(how syscall.Signal) error {
	if err := s.cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.log.ended // Wait closes the pipe
	_ = s.cmd.Wait()
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
	cmd := exec.CommandContext(ctx, binary, "seed", world) //nolint:gosec // our own program
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

func (w *logWatch) read(r io.Reader) {
	defer close(w.ended)
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
	return os.WriteFile(to, content, 0o600) //nolint:gosec // the harness names the file
}
