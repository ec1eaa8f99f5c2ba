package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/kit"
)

// Every path is served with one slash at its end, and with the slashes repeated that join a base
// address and a path, by the same answer and without a redirect.
func TestPathsWithMoreSlashes(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
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
		spellings := []string{path + "/", "/" + path, "//" + path + "/"}
		if rest, ok := strings.CutPrefix(path, "/api/"); ok {
			version, rest, _ := strings.Cut(rest, "/")
			spellings = append(spellings, "/api//"+version+"/"+rest, "/api/"+version+"//"+rest, "//api///"+version+"///"+rest+"/")
		}
		for _, other := range spellings {
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
	admin.Patch(simURL(kit.IssuedSIM)+"/", toStatus(1)).Is(http.StatusNoContent)
	admin.Patch("/"+simURL(kit.IssuedSIM), toStatus(2)).Is(http.StatusNoContent)
	// Further on, a doubled slash is an empty parameter. No path is redirected to another.
	for _, path := range []string{
		"/api/v1/sim//event", simURL(kit.AttachedSIM) + "//", simURL(kit.AttachedSIM) + "//event", "/api/v1/user//role/permission", fmt.Sprintf("/api/v1/./sim/%d", kit.AttachedSIM), fmt.Sprintf("/api/v1/../v1/sim/%d", kit.AttachedSIM), "/api/v1/sim/../sim",
	} {
		wantCode(t, admin.Get(path), http.StatusNotFound, 1201)
	}
	// An e-mail address, or a code, may itself end in a slash once it is escaped: it is not cut.
	wantCode(t, admin.Get("/api/v1/sim/250%2F"), http.StatusBadRequest, 1000)
}

// A fixed path never matches the parameter of a template.
func TestFixedPathsAreNoParameters(t *testing.T) {
	admin := kit.StartFerry(t, kit.SQLite).As("admin@example.com")
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
			allow := strings.Split(got.Header.Get("Allow"), ", ") // one line: many clients read only the first
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
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	s.Untouched("a body that is null", func() {
		for _, op := range takesBody() {
			for _, body := range []string{"null", " null\n", "\xef\xbb\xbfnull", "[null]", `[{}, null]`} {
				wantCode(t, admin.Do(op.method, op.path, body), http.StatusBadRequest, 1000)
			}
			if got := admin.Do(op.method, op.path, "\xef\xbb\xbf{\"no such property\": 1}"); !strings.Contains(string(got.Body), "no such property") && !strings.Contains(string(got.Body), "it must be") {
				t.Errorf("%s %s: a byte order mark is not skipped: %d %s", op.method, op.path, got.Status, got.Body)
			}
		}
	})
	s.Untouched("an item that is null", func() {
		for _, list := range []string{`[null]`, `[{}, null]`} {
			body := `{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "endpoints": ` + list + `}`
			wantBadRequest(t, admin.Post(multi, body), "endpoints[")
			wantBadRequest(t, admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "dry_run": false, "sims": `, kit.FleetUS)+list+`}`), "sims[")
		}
	})
	admin.Patch(simURL(kit.IssuedSIM), "\xef\xbb\xbf"+`{"status": {"id": 1}}`).Is(http.StatusNoContent)
	admin.Post(migration, "\xef\xbb\xbf"+fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetUS, kit.ActivatedSIM)).Is(http.StatusOK)
}

// No requested header fails a preflight; invalid header names are not repeated.
func TestPreflightEchoesRequestedHeaders(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	asked := s.Anonymous().With("Origin", "https://example.com").With("Access-Control-Request-Method", "PATCH").
		With("Access-Control-Request-Headers", "authorization, x-sdk-version, bad name,, x(y)")
	got := asked.Do(http.MethodOptions, simURL(kit.AttachedSIM), nil).Is(http.StatusNoContent).Header.Get("Access-Control-Allow-Headers")
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
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	job, _ := jobOf(t, s, admin, selecting(kit.AttachedSIM, kit.ActivatedSIM))
	offered := madeOffer(t, admin, admin.In(kit.FleetFR), 1100, 1101)
	lists := 0
	for _, r := range httpapi.Routes() {
		o := documented(t, r.Pattern)
		if !o.Lists() {
			continue
		}
		lists++
		_, path, _ := strings.Cut(r.Pattern, " ")
		if row := accesses[r.Pattern]; row.path != "" {
			path = strings.NewReplacer(migrationJobs+"/999", job, offers+"/999", offered).Replace(row.path)
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

// A reference without an id is not taken for an empty one, which would empty the property: not in
// any body.
func TestReferencesWithoutAnID(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin, issuer := s.As("admin@example.com"), s.As("issuer@example.com")
	issuer.Patch(simURL(kit.ActivatedSIM), fmt.Sprintf(`{"reseller_org": {"id": %d}}`, kit.Reseller)).Is(http.StatusNoContent)
	const reference = `{"id": `
	tried := 0
	s.Untouched("a reference without an id", func() {
		for _, op := range takesBody() {
			for i := range op.body {
				if !strings.HasPrefix(op.body[i:], reference) || i == 0 {
					continue
				}
				tried++
				for _, key := range []string{`{"ID": `, `{"Id": `, `{"name": "x", "iD": `} {
					admin := admin.With("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", tried))
					if got := admin.Do(op.method, op.path, op.body[:i]+key+op.body[i+len(reference):]); got.Status != http.StatusBadRequest {
						t.Errorf("%s %s with %s: %d %s", op.method, op.path, key, got.Status, got.Body)
					}
				}
			}
		}
		for _, property := range []string{"customer_org", "reseller_org", "issuer_org", "status"} {
			for _, value := range []string{`{"ID": 200}`, `{"name": "Fleet FR"}`} {
				got := issuer.Patch(simURL(kit.ActivatedSIM), `{"`+property+`": `+value+`}`)
				wantBadRequest(t, got, property+": it has no id")
			}
		}
		wantBadRequest(t, admin.Patch(deviceURL(kit.DeviceWithSIM), `{"ip_address_space": {"name": "x"}}`), "ip_address_space: it has no id")
	})
	if tried < 15 {
		t.Errorf("only %d references were tried", tried)
	}
}
