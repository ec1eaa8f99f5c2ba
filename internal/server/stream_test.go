package server

import (
	"bufio"
	"context"
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
	"github.com/simferry/simferry/internal/httpx"
)

// A stream outlives the time limits of requests and connections. A client that reads nothing of it
// does not, and a server that stops ends it.
func TestStreamsOutliveTimeLimits(t *testing.T) {
	const pings = 20 // five minutes of them
	stream := func(stopping <-chan struct{}) http.Handler {
		api := httpx.New(httpx.Options{Log: slog.New(slog.DiscardHandler), Streams: httpx.Streams{Stopping: stopping}})
		return api.Wrap(api.Operation(0, func(r *httpx.Request) httpx.Response {
			res := httpx.Response{Status: http.StatusOK, ContentType: httpx.EventStream}
			if err := r.Streamed(&res, func(ctx context.Context, out *httpx.Stream) error {
				for range pings {
					select {
					case <-ctx.Done():
						return ctx.Err()
					case <-out.Stopping:
						return nil
					case <-time.After(out.Ping):
					}
					if _, err := io.WriteString(out, ": ping\n\n"); err != nil {
						return err
					}
					if err := out.Flush(); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			return res
		}))
	}
	for name, c := range map[string]struct {
		read func(net.Conn) (string, error)
		stop time.Duration // after which the server stops; 0 for never
		want int           // pings
		kept time.Duration
	}{
		"a reader":    {body, 0, pings, pings * 15 * time.Second},
		"a stop":      {body, 50 * time.Second, 3, 50 * time.Second},
		"no reader":   {func(net.Conn) (string, error) { return "", nil }, 0, 0, 30 * time.Second},
		"a departure": {func(c net.Conn) (string, error) { return "", c.Close() }, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stopping, closed := make(chan struct{}), make(chan struct{})
				server := newHTTP(t.Context(), stream(stopping), slog.New(slog.DiscardHandler), config.Default())
				server.ConnState = func(_ net.Conn, s http.ConnState) {
					if s == http.StateClosed {
						close(closed)
					}
				}
				listener := pipes{make(chan net.Conn), make(chan struct{})}
				go func() { _ = server.Serve(listener) }() // it ends with Close
				here, there := net.Pipe()
				listener.conns <- there
				start := time.Now()
				if c.stop > 0 {
					time.AfterFunc(c.stop, func() { close(stopping) })
				}
				if _, err := io.WriteString(here, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				text, err := c.read(here)
				if n := strings.Count(text, "ping"); n != c.want || err != nil {
					t.Errorf("%d pings of %d: %v", n, c.want, err)
				}
				<-closed
				if kept := time.Since(start).Round(time.Second); kept > c.kept+time.Second || kept < c.kept-time.Second {
					t.Errorf("the connection was open for %v, want %v", kept, c.kept)
				}
				_, _ = here.Close(), server.Close()
			})
		})
	}
}

func body(c net.Conn) (string, error) {
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(resp.Body)
	return string(text), errors.Join(err, resp.Body.Close())
}
