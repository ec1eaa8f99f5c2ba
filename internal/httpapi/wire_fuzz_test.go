package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// FuzzOperations sends arbitrary requests to all operations: no response is a 5xx, and refusals
// and GETs change no row. The engine is SQLite; TestHostileQueries covers inputs that only
// PostgreSQL refuses (NUL, invalid UTF-8, large numbers).
func FuzzOperations(f *testing.F) {
	s := kit.StartFerry(f, kit.SQLite)
	s.SQL() // closed with f, and not with the first input
	handler := httpapi.New(s.Control, httpx.Options{Log: discard})
	routes := httpapi.Routes()
	untouched := dataVersion(s)
	token := s.As("admin@example.com").Token
	if dataVersion(s) == untouched {
		f.Fatal("a sign-in does not show: the check below would prove nothing")
	}
	for i, r := range routes {
		row := accesses[r.Pattern]
		_, query, _ := strings.Cut(row.path, "?")
		f.Add(uint(i), "250", query, row.body, "", "")
	}
	patch, run := routeNumber(routes, "PATCH /api/v1/sim/{sim_id}"), routeNumber(routes, "POST "+migration)
	list, user := routeNumber(routes, "GET /api/v1/sim"), routeNumber(routes, "GET /api/v1/user/{user_id}")
	f.Add(patch, "252", "", `{"status": {"id": 1}, "model": {"a": [null]}}`, "key", "")
	f.Add(patch, "-9223372036854775809", "", `{"status": null}`, "\xff", "")
	f.Add(run, "", "", fmt.Sprintf(`{"target_workspace": {"id": %d}, "iccid_range": {"start": "8988303000000001000", "end": "8988303000000001010"}, "dry_run": false}`, kit.FleetFR), "key", `"x"`)
	f.Add(routeNumber(routes, "DELETE /api/v2/endpoint/multi"), "", "", fmt.Sprintf(`[{"id": %d}]`, kit.DeviceWithSIM), "key", "")
	f.Add(run, "", "", `{"target_workspace": {"id": 1e400}, "iccids": ["\u0000"], "allowed_sim_statuses": []}`, "", "*")
	device, devices := routeNumber(routes, "PATCH /api/v1/endpoint/{endpoint_id}"), routeNumber(routes, "PATCH "+multi)
	f.Add(device, "9001", "", `{"sim": {"id": null}, "status": {"id": 1}, "ip_address": "::1%x"}`, "key", "")
	f.Add(device, "9002", "", fmt.Sprintf(`{"sim": {"id": %d, "activate": true}, "service_profile": {"id": 9e18}, "imei": "\u0000"}`, kit.AttachedSIM), "key", "")
	f.Add(devices, "", "", fmt.Sprintf(`[{"id": %d, "sim": {"id": %d}, "tags": null}, {"id": 9001.0, "name": " "}]`, kit.EmptyDevice, kit.ActivatedSIM), "", "")
	f.Add(list, "", "q=status:1|2,iccid:%00&sort=-ID&page=9&per_page=x", "", "", "")
	f.Add(list, "", "q=%ff:%ed%a0%80&sort=%00", "", "", "")
	f.Add(user, "x\x00y\xff", "", "", "", "")
	f.Fuzz(func(t *testing.T, route uint, id, query, body, key, match string) {
		r := routes[route%uint(len(routes))]
		s.T = t
		before := dataVersion(s)
		var rows kit.Dump
		audited := wholeNumber(s.Rows("SELECT count(*) FROM audit WHERE code <> 0")[0][0]) < 100 // a caller's later refusals are only counted
		if key != "" || audited {
			rows = s.Dump()
		}
		rec := httptest.NewRecorder()
		req := fuzzed(t, r.Pattern, id, query, body)
		req.Header.Set("Authorization", "Bearer "+token)
		if key != "" {
			req.Header["Idempotency-Key"] = []string{key}
		}
		req.Header["If-Match"] = []string{match}
		handler.ServeHTTP(rec, req)
		if rec.Code >= 500 {
			t.Fatalf("%s %s: %d: %s", r.Pattern, req.URL, rec.Code, rec.Body)
		}
		if r.Pattern == "POST /api/v1/logout" && rec.Code < 300 {
			tokens, err := s.Control.SignIn(t.Context(), control.Credentials{Username: "admin@example.com", Password: identity.WireDigest(kit.Password)}, identity.Origin{})
			if err != nil {
				t.Fatal(err)
			}
			token = tokens.Bearer
			return
		}
		if guessed[r.Pattern] && (rec.Code == http.StatusUnprocessableEntity || rec.Code == http.StatusTooManyRequests) {
			return // a wrong password or code is counted
		}
		if key != "" && rec.Code == http.StatusConflict || audited && rec.Code >= 400 { // kept under its key, and in the audit log
			if diff := rows.Diff(s.Dump(), kit.Counters...); diff != "" {
				t.Fatalf("%s %s: %d, and rows changed (-before +after):\n%s", r.Pattern, req.URL, rec.Code, diff)
			}
			return
		}
		// Sign-in counts attempts, and readiness commits an unchanged page; other refusals and
		// reads write nothing.
		writes := r.Pattern == "POST "+authenticate || r.Pattern == "GET /readyz"
		if (rec.Code >= 400 || req.Method == http.MethodGet) && !writes && dataVersion(s) != before {
			t.Fatalf("%s %s: %d, and the database changed: %s", r.Pattern, req.URL, rec.Code, rec.Body)
		}
		if strings.ContainsFunc(rec.Header().Get("X-Filter")+rec.Header().Get("Link")+rec.Header().Get("X-Sort"), func(c rune) bool { return c < ' ' || c > '~' }) {
			t.Fatalf("%s %s: the headers are %q", r.Pattern, req.URL, rec.Header())
		}
	})
}

// guessed are the operations that check a password or a code of a signed-in user.
var guessed = map[string]bool{"PATCH /api/v1/user/password": true, "POST " + mfaURL: true, "PATCH " + mfaURL + "/{key_id}": true}

// dataVersion returns a value that changes when SQLite's database changes.
func dataVersion(s *kit.Server) any { return s.Rows("PRAGMA data_version")[0][0] }

func routeNumber(routes []httpapi.Route, pattern string) uint {
	for i, r := range routes {
		if r.Pattern == pattern {
			return uint(i)
		}
	}
	panic(pattern)
}

// fuzzed returns a request to an operation; the id is used for all path parameters.
func fuzzed(t *testing.T, pattern, id, query, body string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	req := httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(body))
	req.URL.Path, req.URL.RawQuery = parameter.ReplaceAllLiteralString(path, strings.Trim(id, "/")), query
	return req
}
