package proc

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
)

// log reads a server's log as it is written.
type log struct {
	file    *os.File // a file that keeps it; may be nil
	address chan string
	ended   chan struct{} // closed at the end of the log

	mu     sync.Mutex
	last   []string
	panics []string
}

func newLog(file string) (*log, error) {
	l := &log{address: make(chan string, 1), ended: make(chan struct{})}
	if file == "" {
		return l, nil
	}
	var err error
	l.file, err = os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return l, err
}

func (l *log) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

func (l *log) follow(from io.ReadCloser) {
	defer close(l.ended)
	defer func() { _ = errors.Join(from.Close(), l.close()) }() // the lines are kept
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			l.line(line)
		}
		if err != nil {
			return
		}
	}
}

// kept is how many lines of a log are kept for messages.
const kept = 20

func (l *log) line(text string) {
	var entry struct{ Msg, Level, Address string }
	known := json.Unmarshal([]byte(text), &entry) == nil
	if known && entry.Msg == "listening" {
		l.address <- entry.Address
	}
	if l.file != nil && (!known || entry.Msg != "request" || entry.Level != "INFO") {
		_, _ = l.file.WriteString(text) // the journal has the single requests already
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.Contains(text, "panic") {
		l.panics = append(l.panics, strings.TrimSpace(text))
	}
	l.last = append(l.last, text)
	l.last = l.last[max(0, len(l.last)-kept):]
}

func (l *log) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "")
}
