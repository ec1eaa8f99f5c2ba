package httpapi_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/kit"
)

// Every path is served with one slash at its end, and with its first slash doubled, with the
// same response and without a redirect.
func TestPathsWithMoreSlashes(t *testing.T) {
	s := kit.Ferried(t, kit.SQLite)
	admin := s.As("admin@example.com")
	admin.Server.HTTP.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		t.Errorf("redirected to %s", r.URL)
		return http.ErrUseLastResponse
	}
	tried := 0
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		row := accesses[r.Pattern]
		if row.path != "" {
			path = row.path
		}
		if method != http.MethodGet || strings.Contains(path, "{") {
			continue
		}
		plain := admin.Get(path)
		for _, other := range []string{path + "/", "/" + path, "//" + path + "/"} {
			got := admin.Get(other)
			if got.Status != plain.Status || !bytes.Equal(got.Body, plain.Body) || got.Header.Get("Link") != plain.Header.Get("Link") {
				t.Errorf("GET %s: %d %.100s, want %d %.100s", other, got.Status, got.Body, plain.Status, plain.Body)
			}
			tried++
		}
	}
	if tried < 60 {
		t.Errorf("only %d paths were tried", tried)
	}
	admin.Patch(simPath(252)+"/", toStatus(1)).Is(http.StatusNoContent)
	admin.Patch("/"+simPath(252), toStatus(2)).Is(http.StatusNoContent)
	// An e-mail address, or a code, may itself end in a slash once it is escaped: it is not cut.
	wantCode(t, admin.Get("/api/v1/sim/250%2F"), http.StatusBadRequest, 1000)
}

// A fixed path never matches the parameter of a template.
func TestFixedPathsAreNoParameters(t *testing.T) {
	admin := kit.Ferried(t, kit.SQLite).As("admin@example.com")
	allowed := make(map[string][]string)
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		allowed[path] = append(allowed[path], method)
	}
	tried := 0
	for path, has := range allowed {
		if strings.Contains(path, "{") {
			continue
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if slices.Contains(has, method) {
				continue
			}
			tried++
			got := admin.Do(method, path, nil)
			allow := got.Header.Values("Allow")
			slices.Sort(allow)
			slices.Sort(has)
			if got.Status != http.StatusMethodNotAllowed || !slices.Equal(allow, has) {
				t.Errorf("%s %s: %d, Allow %v, want 405 and %v", method, path, got.Status, allow, has)
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d methods were tried", tried)
	}
}

// A null body is refused by every operation with a body, and a byte order mark before JSON does
// not change the response.
func TestNullAndMarkedBodies(t *testing.T) {
	s := kit.Ferried(t, kit.SQLite)
	admin := s.As("admin@example.com")
	s.Untouched("a body that is null", func() {
		for _, op := range takesBody() {
			for _, body := range []string{"null", " null\n", "\xef\xbb\xbfnull"} {
				wantCode(t, admin.Do(op.method, op.path, body), http.StatusBadRequest, 1000)
			}
			if got := admin.Do(op.method, op.path, "\xef\xbb\xbf{\"no such property\": 1}"); !strings.Contains(string(got.Body), "no such property") && !strings.Contains(string(got.Body), "it must be") {
				t.Errorf("%s %s: a byte order mark is not skipped: %d %s", op.method, op.path, got.Status, got.Body)
			}
		}
	})
	admin.Patch(simPath(252), "\xef\xbb\xbf"+`{"status": {"id": 1}}`).Is(http.StatusNoContent)
	admin.Post(migration, "\xef\xbb\xbf"+`{"target_workspace": {"id": 300}, "sims": [{"id": 251}]}`).Is(http.StatusOK)
}

// No requested header fails a preflight; invalid header names are not repeated.
func TestPreflightRepeatsWhatIsAskedFor(t *testing.T) {
	s := kit.Ferried(t, kit.SQLite)
	asked := s.Nobody().With("Origin", "https://example.com").With("Access-Control-Request-Method", "PATCH").
		With("Access-Control-Request-Headers", "authorization, x-sdk-version, bad name,, x(y)")
	got := asked.Do(http.MethodOptions, simURL(250), nil).Is(http.StatusNoContent).Header.Get("Access-Control-Allow-Headers")
	names := strings.Split(got, ", ")
	for _, want := range []string{
		"authorization", "x-sdk-version", "Authorization", "Content-Type", "If-Match", "Idempotency-Key", "X-Requested-With", "Cache-Control",
		"If-Modified-Since", "DNT", "User-Agent",
	} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not allowed: %s", want, got)
		}
	}
	if strings.Contains(got, "bad name") || strings.Contains(got, "(") {
		t.Errorf("not the name of a header: %s", got)
	}
}

// A leading plus means ascending in every list, as sent, escaped, or decoded to a space.
func TestSortPlus(t *testing.T) {
	admin := kit.Ferried(t, kit.SQLite).As("admin@example.com")
	lists := 0
	for _, r := range httpapi.Routes() {
		o := documented(t, r.Pattern)
		if !o.Lists() {
			continue
		}
		lists++
		_, path, _ := strings.Cut(r.Pattern, " ")
		if row := accesses[r.Pattern]; row.path != "" {
			path = row.path
		}
		want := admin.Get(path + "?sort=id&per_page=20").Is(http.StatusOK)
		for _, sort := range []string{"+id", "%2Bid", "%20id", "+ID", "%2b%20id"} {
			got := admin.Get(path + "?per_page=20&sort=" + sort).Is(http.StatusOK)
			if !bytes.Equal(got.Body, want.Body) || got.Header.Get("X-Sort") != "id" {
				t.Errorf("%s?sort=%s: X-Sort %q, another order than sort=id", path, sort, got.Header.Get("X-Sort"))
			}
		}
		wantCode(t, admin.Get(path+"?sort=%2B"), http.StatusUnprocessableEntity, 1302)
		wantCode(t, admin.Get(path+"?sort=%2B-id"), http.StatusUnprocessableEntity, 1302)
	}
	if lists < 10 {
		t.Errorf("only %d lists were tried", lists)
	}
}
