package server_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/server"
)

// over returns a client whose connections go to a Unix socket.
func over(t *testing.T, path string) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A server listens on a Unix socket, and replaces that of a server that was killed, but no other
// file and no socket in use. The proxy can be trusted as 127.0.0.1.
func TestUnixSocket(t *testing.T) {
	cfg := settings(t)
	folder, err := os.MkdirTemp("", "s") //nolint:usetesting // the path of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "http.sock")
	killed, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := killed.(*net.UnixListener); ok {
		l.SetUnlinkOnClose(false)
	}
	if err := killed.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Listen = "unix:" + path
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	s, log := start(t.Context(), t, cfg)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://simferry/healthz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "203.0.113.9")
	resp, err := over(t, path).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
	log.await(t, "from=203.0.113.9")
	file := filepath.Join(folder, "file")
	put(t, file, "text")
	for says, taken := range map[string]string{"is in use by another server": path, "is not a socket": file} {
		other := settings(t)
		other.Listen = "unix:" + taken
		if second, err := server.Start(t.Context(), other, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
			if err == nil {
				_ = second.Stop(context.Background())
			}
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket remains: %v", err)
	}
}

// With h2c, a proxy can use HTTP/2 without TLS; without the setting it cannot. HTTP/1.1 remains.
func TestH2C(t *testing.T) {
	for _, on := range []bool{true, false} {
		cfg := settings(t)
		cfg.H2C, cfg.MetricsListen = on, "127.0.0.1:0"
		s, _ := start(t.Context(), t, cfg)
		p := new(http.Protocols)
		p.SetUnencryptedHTTP2(true)
		transport := &http.Transport{Protocols: p}
		resp, err := fetch(t, &http.Client{Transport: transport}, http.MethodGet, "http://"+s.Addr()+"/healthz", "")
		if on != (err == nil && resp.status == http.StatusOK && resp.proto == "HTTP/2.0") {
			t.Errorf("h2c %t: %v %v", on, resp, err)
		}
		if status, _ := get(t, "http://"+s.Addr()+"/healthz"); status != http.StatusOK {
			t.Errorf("h2c %t: HTTP/1.1: %d", on, status)
		}
		deadline := time.Now().Add(10 * time.Second)
		for {
			_, text := get(t, "http://"+s.MetricsAddr()+"/metrics")
			if strings.Contains(text, `simferry_http_connections{listener="public"} 0`+"\n") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("h2c %t: connections that have ended are counted as open", on)
			}
		}
	}
}
