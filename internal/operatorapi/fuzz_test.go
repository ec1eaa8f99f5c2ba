package operatorapi_test

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/operatorapi"
	"github.com/simferry/simferry/internal/test/kit"
)

// FuzzOperator sends arbitrary requests with a valid token: no response is a 5xx, and refusals
// and reads write nothing.
func FuzzOperator(f *testing.F) {
	s := kit.StartFerry(f, kit.SQLite)
	s.SQL() // closed with f, and not with the first input
	handler := s.OperatorHandler(httpx.Options{Log: slog.New(slog.DiscardHandler)})
	patterns := slices.Sorted(maps.Keys(operatorapi.Routes()))
	at := func(pattern string) uint { return uint(slices.Index(patterns, pattern)) }
	for i, pattern := range patterns {
		f.Add(uint(i), "3", "", kit.OperatorRequests[pattern].Body, "")
	}
	workspace, user := at("PATCH /operator/v1/workspace/{workspace_id}"), at("PATCH /operator/v1/user/{user_id}")
	f.Add(workspace, "100", "", `{"type": {"id": 3}, "country": "br", "parent": {"id": 100}}`, "key")
	f.Add(workspace, "-9223372036854775809", "", `{"name": "\u0000", "status": {"id": 1e400}}`, "\xff")
	f.Add(workspace, "500", "", `{"type": {"id": 259}, "country": null, "parent": null}`, "")
	f.Add(user, "x\x00y\xff", "", `{"superadmin": false, "default_workspace": {"id": null}}`, "")
	f.Add(user, "8", "", `{"status": {"id": 0}, "name": " ", "status": 1}`, "key")
	f.Add(at("POST /operator/v1/user"), "", "", `{"username": "A@b.example", "workspaces": [{"id": 1, "role": {"id": -1}}, {}]}`, "key")
	f.Add(at("POST /operator/v1/sim/import"), "", "workspace=100", "iccid;id\n89883030000067385937;9223372036854775807\n\"", "key")
	f.Add(at("GET /operator/v1/workspace"), "", "q=name:%00,parent:null|1,country:%ff&sort=-Parent&per_page=x", "", "")
	f.Add(at("GET /operator/v1/user"), "", "q=default_workspace:99999999999999999999&page=9", "", "")
	f.Fuzz(func(t *testing.T, route uint, id, query, body, key string) {
		pattern := patterns[route%uint(len(patterns))]
		s.T = t
		before := dataVersion(s)
		var rows kit.Dump
		audited := wholeNumber(s.Rows("SELECT count(*) FROM audit WHERE code <> 0")[0][0]) < 100 // later refusals are only counted
		if audited {
			rows = s.Dump()
		}
		rec := httptest.NewRecorder()
		req := fuzzed(t, pattern, id, query, body)
		req.Header.Set("Authorization", "Bearer "+kit.OperatorToken)
		req.Header.Set("Content-Type", "text/csv")
		if key != "" {
			req.Header["Idempotency-Key"] = []string{key}
		}
		handler.ServeHTTP(rec, req)
		if rec.Code >= 500 {
			t.Fatalf("%s %s: %d: %s", pattern, req.URL, rec.Code, rec.Body)
		}
		if audited && rec.Code >= 400 {
			if diff := rows.Diff(s.Dump(), "audit", "audit_places"); diff != "" {
				t.Fatalf("%s %s: %d, and rows changed (-before +after):\n%s", pattern, req.URL, rec.Code, diff)
			}
			return
		}
		probes := strings.HasSuffix(pattern, "/readyz") // it commits an unchanged page
		if (rec.Code >= 400 || req.Method == http.MethodGet) && !probes && dataVersion(s) != before {
			t.Fatalf("%s %s: %d, and the database changed: %s", pattern, req.URL, rec.Code, rec.Body)
		}
	})
}
