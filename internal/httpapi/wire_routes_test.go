package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// Every route is in the document, and back.
func TestRoutesAreTheDocument(t *testing.T) {
	var served, documented []string
	for _, r := range httpapi.Routes() {
		served = append(served, contract.Shape(r.Pattern))
	}
	for _, o := range contract.Operations() {
		documented = append(documented, o.Pattern())
	}
	slices.Sort(served)
	slices.Sort(documented)
	if diff := cmp.Diff(documented, served); diff != "" {
		t.Errorf("the document (-) and the server (+) have other routes:\n%s", diff)
	}
}

// Public operations work without a token and with an invalid one.
func TestServiceRoutes(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	for path, want := range map[string]struct {
		kind string
		has  string
	}{
		"/healthz":               {"application/json", `{"status":"ok"}`},
		"/readyz":                {"application/json", `{"status":"ok"}`},
		"/openapi.yaml":          {"application/yaml", "openapi: 3.1.0"},
		"/docs":                  {"text/html; charset=utf-8", "swagger"},
		"/docs/docs.js":          {"text/javascript; charset=utf-8", "openapi.yaml"},
		"/.well-known/jwks.json": {"application/json", `"kty":"OKP"`},
	} {
		for _, c := range []*kit.Client{s.Anonymous(), s.Anonymous().With("Authorization", "Bearer nonsense")} {
			got := c.Get(path).Is(http.StatusOK)
			if kind := got.Header.Get("Content-Type"); kind != want.kind {
				t.Errorf("%s is %s, want %s", path, kind, want.kind)
			}
			if !strings.Contains(string(got.Body), want.has) {
				t.Errorf("%s does not have %q", path, want.has)
			}
		}
	}
	s.Anonymous().Get("/docs/nothing.js").Is(http.StatusNotFound)
}
