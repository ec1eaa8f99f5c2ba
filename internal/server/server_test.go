package server_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/server"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) {
	pgtest.Main(m)
	if err := goleak.Find(); err != nil {
		panic(err) // the result of the tests does not count goroutines that are left
	}
}

func settings(t *testing.T) config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Listen = "127.0.0.1:0"
	cfg.Database = config.DatabaseURL("sqlite:" + filepath.Join(t.TempDir(), "fleet.db"))
	return cfg
}

// start runs a server; the log records its steps.
func start(ctx context.Context, t *testing.T, cfg config.Config) (*server.Server, *steps) {
	t.Helper()
	log := newSteps()
	s, err := server.Start(ctx, cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s, log
}

// steps is a log with a method to wait for a message.
type steps struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func newSteps() *steps { return &steps{more: make(chan struct{}, 1000)} }

func (s *steps) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.more <- struct{}{}
	return s.text.Write(b)
}

func (s *steps) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text.String(), text)
}

func (s *steps) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !s.has(text) {
		select {
		case <-s.more:
		case <-deadline:
			t.Fatalf("no line with %q in the log", text)
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestStartsServesAndStops(t *testing.T) {
	s, _ := start(t.Context(), t, settings(t))
	for _, path := range []string{"/healthz", "/readyz", "/openapi.yaml"} {
		if status, body := get(t, "http://"+s.Addr()+path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
}

// runningRequest returns a request whose handler waits for its body: the server has sent "100
// Continue".
func runningRequest(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(conn, "POST /api/v1/authenticate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the handler does not run: %q %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil { // the blank line after it
		t.Fatal(err)
	}
	return conn, r
}

func TestStopCompletesRunningRequests(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, log := start(ctx, t, settings(t))
	conn, r := runningRequest(t, s.Addr())
	cancel()
	log.await(t, "stopping")
	if _, err := io.WriteString(conn, "{}"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("the running request was cut off: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%d %s %v, want the answer to an empty object", resp.StatusCode, body, err)
	}
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Addr()); err == nil {
		t.Error("it still accepts connections")
	}
}

func TestStopAbortsAfterTheGracePeriod(t *testing.T) {
	cfg := settings(t)
	cfg.ShutdownGrace = 10 * time.Millisecond
	s, _ := start(t.Context(), t, cfg)
	runningRequest(t, s.Addr())
	err := s.Stop(t.Context())
	if err == nil || !strings.Contains(err.Error(), "aborted") {
		t.Errorf("%v, want an error that says that a request was aborted", err)
	}
}

// Stop returns an error if its context ends; the server continues to stop.
func TestStopEndsWithItsContext(t *testing.T) {
	s, _ := start(t.Context(), t, settings(t))
	conn, _ := runningRequest(t, s.Addr())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err == nil {
		t.Error("it says that it has stopped while a request runs")
	}
	_ = conn.Close()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
}

func TestRefusesANewerSchema(t *testing.T) {
	cfg := settings(t)
	s, _ := start(t.Context(), t, cfg)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", strings.TrimPrefix(string(cfg.Database), "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = server.Start(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "schema 9999") || !strings.Contains(err.Error(), "run a newer simferry") {
		t.Errorf("%v, want the schema's number and the cure", err)
	}
}

func TestSeedsAtStart(t *testing.T) {
	cfg := settings(t)
	cfg.Seed = filepath.Join(t.TempDir(), "world.yaml")
	write(t, cfg.Seed, "workspaces: [{id: 7, name: Seeded}]\n")
	s, log := start(t.Context(), t, cfg)
	all, err := s.Operator.ListWorkspaces(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "Seeded" || !log.has("seeded") {
		t.Errorf("%v %v", all, err)
	}
}

func TestStartRefuses(t *testing.T) {
	busy, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	write(t, bad, "workspaces: [{id: 7, name: A, parent: 8}]\n")
	tests := []struct {
		name   string
		change func(*config.Config)
		want   string
	}{
		{"a port that is taken", func(c *config.Config) { c.Listen = busy.Addr().String() }, "address already in use"},
		{"a seed that does not exist", func(c *config.Config) { c.Seed = "no-such.yaml" }, "no-such.yaml"},
		{"a seed that is wrong", func(c *config.Config) { c.Seed = bad }, bad + ": workspace 7: parent: there is no Workspace 8"},
		{"a database that cannot be", func(c *config.Config) { c.Database = "sqlite:/no/such/folder/fleet.db" }, "/no/such/folder/fleet.db"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := settings(t)
			tt.change(&cfg)
			_, err := server.Start(t.Context(), cfg, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(fmt.Errorf("write %s: %w", file, err))
	}
}
