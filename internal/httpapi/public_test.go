package httpapi_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// Behind a proxy, and under a path prefix, every URL leads back to the server.
func TestPublicURL(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	const public = "https://sims.example.com/fleet"
	server := httptest.NewServer(httpapi.New(s.Control, httpx.Options{Log: slog.New(slog.DiscardHandler), PublicURL: public + "/"}))
	t.Cleanup(server.Close)
	l := &kit.Server{T: t, URL: server.URL, HTTP: &http.Client{Transport: contract.New(t).RoundTripper(server.Client().Transport)}}
	admin := onServer(l, s.As("admin@example.com"))
	got := admin.Get("/api/v1/sim?per_page=1&page=2").Is(http.StatusOK)
	if n := strings.Count(got.Header.Get("Link"), "<"+public+"/api/v1/sim?"); n != 4 {
		t.Errorf("Link: %s", got.Header.Get("Link"))
	}
	moved := admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "dry_run": false, "sims": [{"id": %d}]}`, kit.FleetFR, kit.IssuedSIM)).Is(http.StatusOK)
	if at := moved.Header.Get("Location"); !strings.HasPrefix(at, public+"/api/v1/migration/") {
		t.Errorf("Location: %s", at)
	}
	for path, want := range map[string]string{
		"/openapi.yaml": "  - url: \"" + public + "\"\n", "/openapi.json": `"url": "` + public + `"`,
	} {
		if got := admin.Get(path).Is(http.StatusOK); !strings.Contains(string(got.Body), want) {
			t.Errorf("%s does not have %s", path, want)
		}
	}
	unjudged := onServer(&kit.Server{T: t, URL: server.URL, HTTP: &http.Client{}}, admin) // the validator knows only the paths
	for path, want := range map[string]int{
		fmt.Sprintf("/fleet/api/v1/sim/%d", kit.AttachedSIM): 200, "/fleet/docs": 200, "/fleet/docs/docs.css": 200, "/fleet/healthz": 200, "/docs": 200, "/fleetx/healthz": 404, "/other/healthz": 404,
	} {
		if got := unjudged.Get(path); got.Status != want {
			t.Errorf("%s: %d, want %d", path, got.Status, want)
		}
	}
}
