package operatorapi_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// TestOperatorURLsArePaths checks that the operator API, which has a listener of its own, never
// points to the public URL: its Location, Link and document lead back to that listener.
func TestOperatorURLsArePaths(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	server := httptest.NewServer(s.OperatorHandler(httpx.Options{Log: slog.New(slog.DiscardHandler), PublicURL: "https://sims.example.com/fleet"}))
	t.Cleanup(server.Close)
	l := &kit.Server{T: t, URL: server.URL, HTTP: &http.Client{Transport: contract.NewOperator(t).RoundTripper(server.Client().Transport)}}
	c := l.Anonymous()
	c.Token = kit.OperatorToken
	for _, made := range []*kit.Answer{
		c.Post(spaces, `{"name": "New"}`), c.Post(persons, `{"username": "new@example.com", "workspaces": [{"id": 100, "role": {"id": 1}}]}`),
	} {
		at := made.Is(http.StatusCreated).Header.Get("Location")
		if !strings.HasPrefix(at, "/operator/v1/") {
			t.Fatalf("Location: %s", at)
		}
		c.Get(at).Is(http.StatusOK)
	}
	if link := c.Get(spaces + "?per_page=1").Header.Get("Link"); !strings.HasPrefix(link, "<"+spaces+"?") || strings.Contains(link, "sims.example.com") {
		t.Errorf("Link: %s", link)
	}
	if text := c.Get("/operator/v1/openapi.yaml").Is(http.StatusOK); strings.Contains(string(text.Body), "sims.example.com") {
		t.Error("the document names the public URL")
	}
}
