package server_test

import (
	"net/http"
	"strings"
	"testing"
)

// The console is beside the API: unknown paths of the API stay JSON, and a setting turns the
// console off.
func TestConsoleBesideAPI(t *testing.T) {
	transport := &http.Transport{DisableKeepAlives: true}
	for _, on := range []bool{true, false} {
		cfg := settings(t)
		cfg.Console, cfg.PublicURL = on, "https://sims.example.com/fleet"
		s, _ := start(t.Context(), t, cfg)
		for path, kind := range map[string]string{
			"/sign-in": "text/html", "/fleet/sign-in": "text/html", "/nothing": "text/html", "/static/x/app.css": "text/css",
			"/api/v1/nothing": "application/json", "/fleet/api/v1/nothing": "application/json", "//api/v1/nothing": "application/json",
			"/healthz": "application/json", "/readyz": "application/json", "/openapi.yaml": "application/yaml", "/docs": "text/html",
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if !on && path != "/docs" && !strings.HasPrefix(kind, "application/") {
				kind = "application/json"
			}
			if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, kind) {
				t.Errorf("console %v: %s has the type %q, want %s", on, path, got, kind)
			}
		}
	}
}
