package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

// Users of kit.Ferry.
const (
	admin    = "admin@example.com"    // Administrator of nearly everything, default Workspace 100
	observer = "observer@example.com" // of 100
)

// startFerry starts a server with the data of kit.Ferry.
func startFerry(t *testing.T) *kit.Server {
	t.Helper()
	return kit.StartFerry(t, kit.SQLite)
}

// clientFor returns a client whose exchanges are validated against the OpenAPI document.
func clientFor(t *testing.T, s *kit.Server, opts ...client.Option) *client.Client {
	t.Helper()
	clock := &clock{Clock: s.Clock}
	return newClient(t, s.URL, append([]client.Option{client.WithHTTPClient(s.HTTP), client.WithClock(clock)}, opts...)...)
}

func clientAs(t *testing.T, s *kit.Server, username string, opts ...client.Option) *client.Client {
	t.Helper()
	return clientFor(t, s, append(opts, client.WithPassword(username, kit.Password))...)
}

func newClient(t *testing.T, url string, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clock advances when it sleeps, and records the sleeps.
type clock struct {
	*kit.Clock
	mu    sync.Mutex
	slept []time.Duration
}

func newClock() *clock { return &clock{Clock: kit.NewClock()} }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	c.Advance(d)
	return ctx.Err()
}

func (c *clock) sleeps() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slept
}

// script handles each request with the next handler; the last one repeats.
type script struct {
	mu   sync.Mutex
	ways []http.HandlerFunc
	seen []*http.Request
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	way := s.ways[min(len(s.seen), len(s.ways)-1)]
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	way(w, r)
}

func (s *script) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// startScript starts a server that runs the script.
func startScript(t *testing.T, ways ...http.HandlerFunc) (url string, s *script) {
	t.Helper()
	s = &script{ways: ways}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL, s
}

// status answers with a status, a body and headers given as name, value, name, value.
func status(code int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// hangUp closes the connection after reading the request.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// asError finds an error of a type or ends the test.
func asError[E error](t *testing.T, err error) E {
	t.Helper()
	found, ok := errors.AsType[E](err)
	if !ok {
		t.Fatalf("got %T %v, want a %T", err, err, found)
	}
	return found
}

// discard hides the expected errors of a test server.
var discard = log.New(io.Discard, "", 0)

// migrationAnswer returns a server's migration of two SIMs, one of them in a device.
func migrationAnswer(body string, header http.Header) (code int, reply string) {
	dry := strings.Contains(body, `"dry_run":true`)
	switch {
	case !strings.Contains(body, `"auto_detach_devices":true`):
		return http.StatusConflict, `{"status_code": 409, "message": "The SIMs cannot be migrated", "errors": [{"error_code": 1502,
			"message": "SIM(s) attached to devices", "sims": [{"id": 250, "iccid_with_luhn": "89883030000000002501", "endpoint": {"id": 9001, "name": "tracker-7"}}]}]}`
	case dry:
		header.Set("ETag", `"abc"`)
	default:
		header.Set("Location", "/api/v1/migration/7")
	}
	return http.StatusOK, fmt.Sprintf(`{"sim_count": 2, "dry_run": %t, "target_workspace": {"id": 200, "name": "Fleet FR"}, "sims": []}`, dry)
}
