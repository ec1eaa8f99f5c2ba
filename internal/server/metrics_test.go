package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/identity"
)

// The operator's listener serves metrics and profiles to holders of a token; the listener for
// metrics serves them to anyone, and nothing else. The public listener has neither.
func TestWhoMayReadMetrics(t *testing.T) {
	token := identity.NewOperatorToken()
	cfg := operatorConfig(t, "prometheus "+token+"\n")
	cfg.MetricsListen = "127.0.0.1:0"
	s, _ := start(t.Context(), t, cfg)
	operator, own, public := "http://"+s.OperatorAddr(), "http://"+s.MetricsAddr(), "http://"+s.Addr()
	if status, body := get(t, public+"/healthz"); status != http.StatusOK {
		t.Fatal(status, body)
	}
	const counted = `simferry_http_requests_total{class="2xx",method="GET",route="/healthz"} 1`
	for _, path := range []string{"/metrics", "/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/goroutine"} {
		if status, body := asOperator(t, operator+path, token); status != http.StatusOK || path == "/metrics" && !strings.Contains(body, counted) {
			t.Errorf("%s: %d %s", path, status, body)
		}
		if status, body := asOperator(t, operator+path, identity.NewOperatorToken()); status != http.StatusUnauthorized {
			t.Errorf("%s with another token: %d %s", path, status, body)
		}
		if status, body := get(t, operator+path); status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d %s", path, status, body)
		}
		if status, _ := get(t, public+path); status != http.StatusNotFound {
			t.Errorf("the public listener has %s: %d", path, status)
		}
	}
	if status, _ := asOperator(t, operator+"/debug/pprof/cmdline", token); status != http.StatusNotFound {
		t.Errorf("the command line, which can have a password, is served: %d", status)
	}
	if status, body := get(t, own+"/metrics"); status != http.StatusOK || !strings.Contains(body, counted) {
		t.Errorf("%d %s", status, body)
	}
	for _, path := range []string{"/", "/debug/pprof", "/operator/v1/readyz", "/healthz"} {
		if status, _ := get(t, own+path); status != http.StatusNotFound {
			t.Errorf("the listener for metrics has %s: %d", path, status)
		}
	}
}

func TestMetricsHaveNoListenerByDefault(t *testing.T) {
	s, _ := start(t.Context(), t, settings(t))
	if a := s.MetricsAddr(); a != "" {
		t.Errorf("metrics are served on %s", a)
	}
}
