package server_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"log/slog"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/server"
)

// operatorConfig returns a configuration with an operator API, and its tokens.
func operatorConfig(t *testing.T, tokens string) config.Config {
	t.Helper()
	cfg := settings(t)
	cfg.OperatorListen, cfg.OperatorTokens = "127.0.0.1:0", filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(cfg.OperatorTokens, []byte(tokens), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func asOperator(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
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

// The two listeners share nothing but the database. Both tokens of the file are valid, and both
// listeners stop with the server.
func TestOperatorAPIHasItsOwnListener(t *testing.T) {
	old, next := identity.NewOperatorToken(), identity.NewOperatorToken()
	s, log := start(t.Context(), t, operatorConfig(t, "old "+old+"\nnext "+next+"\n"))
	for _, token := range []string{old, next} {
		if status, body := asOperator(t, "http://"+s.OperatorAddr()+"/operator/v1/workspace", token); status != http.StatusOK || body != "[]" {
			t.Errorf("%d %s", status, body)
		}
	}
	log.await(t, "operator_token=next")
	if log.has(old) || log.has(next) {
		t.Error("a token is in the log")
	}
	for url, want := range map[string]int{
		"http://" + s.OperatorAddr() + "/operator/v1/workspace": http.StatusUnauthorized,
		"http://" + s.OperatorAddr() + "/healthz":               http.StatusNotFound,
		"http://" + s.OperatorAddr() + "/api/v1/sim":            http.StatusNotFound,
		"http://" + s.Addr() + "/operator/v1/workspace":         http.StatusNotFound,
		"http://" + s.Addr() + "/operator/v1/openapi.yaml":      http.StatusNotFound,
	} {
		if status, body := get(t, url); status != want {
			t.Errorf("%s: %d %s, want %d", url, status, body, want)
		}
	}
	address := s.OperatorAddr()
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); err == nil {
		_ = conn.Close()
		t.Error("the operator API outlives the server")
	}
}

func TestOperatorAPIIsOffByDefault(t *testing.T) {
	s, log := start(t.Context(), t, settings(t))
	log.await(t, "the operator API is off")
	if s.OperatorAddr() != "" {
		t.Errorf("it listens on %s", s.OperatorAddr())
	}
}

func TestOperatorAPIWarnsOfPublicAddress(t *testing.T) {
	cfg := operatorConfig(t, "all "+identity.NewOperatorToken())
	cfg.OperatorListen = "0.0.0.0:0"
	_, log := start(t.Context(), t, cfg)
	log.await(t, "can be reached from other machines")
}

// A server does not start if its operator API cannot be started.
func TestInvalidOperatorAPIDoesNotStart(t *testing.T) {
	weak, gone, taken := operatorConfig(t, "terraform hunter2hunter2"), settings(t), operatorConfig(t, identity.NewOperatorToken())
	gone.OperatorTokens = filepath.Join(t.TempDir(), "none")
	s, _ := start(t.Context(), t, operatorConfig(t, identity.NewOperatorToken()))
	taken.OperatorListen = s.OperatorAddr()
	for says, cfg := range map[string]config.Config{"line 1: the token is too weak": weak, "no such file": gone, "in use": taken} {
		other, err := server.Start(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err == nil {
			_ = other.Stop(t.Context())
			t.Fatalf("%s: it started", says)
		}
		if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// A file of operator tokens that other users may read is refused.
func TestReadableOperatorTokensAreRefused(t *testing.T) {
	cfg := operatorConfig(t, "all "+identity.NewOperatorToken())
	if err := os.Chmod(cfg.OperatorTokens, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := server.Start(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err == nil {
		_ = s.Stop(t.Context())
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "run chmod 6") || !strings.Contains(err.Error(), cfg.OperatorTokens) {
		t.Error(err)
	}
}
