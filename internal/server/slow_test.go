package server

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simferry/simferry/internal/config"
)

// pipes is a listener with connections in memory, so that they use the fake clock of the test.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.done); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// slowly serves one connection and returns how long it was open, and the response.
func slowly(t *testing.T, send func(net.Conn)) (kept time.Duration, got string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				w.WriteHeader(http.StatusBadRequest)
			}
		})
		server := newHTTP(t.Context(), handler, slog.New(slog.DiscardHandler), config.Default())
		listener := pipes{make(chan net.Conn), make(chan struct{})}
		go func() { _ = server.Serve(listener) }() // it ends with Close
		here, there := net.Pipe()
		listener.conns <- there
		start := time.Now()
		sent := make(chan struct{})
		go func() { send(here); close(sent) }()
		text, err := io.ReadAll(bufio.NewReader(here))
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
		kept, got = time.Since(start), string(text)
		_ = here.Close()
		_ = server.Close()
		<-sent
	})
	return kept, got
}

// drip sends a text, and then another one byte by byte until the connection is closed.
func drip(head, rest string, every time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := io.WriteString(c, head); err != nil {
			return
		}
		for i := 0; ; i++ {
			time.Sleep(every) //nolint:forbidigo // the bubble's time passes by itself
			if _, err := c.Write([]byte{rest[i%len(rest)]}); err != nil {
				return
			}
		}
	}
}

// A client that sends headers or a body byte by byte cannot keep a connection open.
func TestAttackSlowHeaders(t *testing.T) {
	for name, test := range map[string]struct {
		send func(net.Conn)
		most time.Duration
	}{
		"nothing":        {func(net.Conn) {}, headerTimeout},
		"header by byte": {drip("POST /api/v1/authenticate HTTP/1.1\r\nHost: x\r\nX-A: ", "a", time.Second), headerTimeout},
		"header lines":   {drip("GET / HTTP/1.1\r\nHost: x\r\n", "X-A: b\r\n", time.Second), headerTimeout},
		"body by byte":   {drip("POST /api/v1/authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", " ", time.Second), readTimeout},
		"after a request": {func(c net.Conn) {
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") // it gets a response and then sends nothing
		}, idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			kept, _ := slowly(t, test.send)
			if kept > test.most+time.Second || kept < time.Second {
				t.Errorf("kept for %v, want %v", kept, test.most)
			}
		})
	}
	kept, got := slowly(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX-A: "+strings.Repeat("a", int(2*config.Default().Limits.Header))) // until it is cut off
	})
	if !strings.HasPrefix(got, "HTTP/1.1 431") || kept > headerTimeout {
		t.Errorf("a header of %d bytes: kept for %v, answered %q", 2*config.Default().Limits.Header, kept, got)
	}
}
