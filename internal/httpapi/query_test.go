package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// TestMalformedQueries sends each malformed query to every list. A list that ignored one
// would return things that were not asked for.
func TestMalformedQueries(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		c := kit.Ferried(t, e).As("admin@example.com")
		for _, path := range listPaths() {
			for query, word := range map[string]string{
				"q=id:250;status:1": "%3B", "q=id:250%zz": "%25", "%gg=1": "%25", "page=1;per_page=2": "%3B",
				"q=id:1&q=id:2": "2 times", "sort=id&sort=-id": "2 times", "page=1&page=1": "2 times", "per_page=1&per_page=2": "2 times",
				"Q=id:250": "exactly as q", "filter=id:250": "exactly as q", "q[]=id:250": "exactly as q", "Sort=id": "exactly as sort", "sort[]=id": "exactly as sort",
				"perPage=1": "exactly as per_page", "per-page=1": "exactly as per_page", "PAGE=2": "exactly as page",
				"page=abc": "whole number", "page=1.5": "whole number", "page=0x2": "whole number", "per_page=1e2": "whole number", "per_page=%00": "whole number",
			} {
				got := c.Get(path + "?" + query).Is(http.StatusBadRequest)
				var failed api.Error
				if got.JSON(&failed); failed.ErrorCode != 1000 || !strings.Contains(failed.Message, word) {
					t.Errorf("%s?%s: %s, want 1000 and %q", path, query, got.Body, word)
				}
			}
			c.Get(path + "?page=1&per_page=3&_=1700000000&utm_source=mail&fields[]=id").Is(http.StatusOK)
		}
	})
}

// TestMalformedQueriesOfWrites sends a query that does not parse to every operation that
// needs a token: each refuses it before it does anything.
func TestMalformedQueriesOfWrites(t *testing.T) {
	s := kit.Ferried(t, kit.SQLite)
	c := s.As("admin@example.com")
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if r.Need == identity.Public || method == http.MethodGet {
			continue
		}
		path = strings.NewReplacer("{sim_id}", "250", "{endpoint_id}", "1", "{user_id}", "my", "{workspace_id}", "100", "{role_id}", "3", "{bic}", "8988303000000000", "{key_id}", "1", "{device_id}", "1", "{token_id}", "1").Replace(path)
		s.Untouched(r.Pattern, func() {
			if got := c.Do(method, path+"?x=%zz", map[string]any{}); got.Status != http.StatusBadRequest {
				t.Errorf("%s with a malformed query: %d %s", r.Pattern, got.Status, got.Body)
			}
		})
	}
}

// TestMisspeltParametersOfWrites covers parameters that decide what a write does: with a
// misspelt delete_sims the SIMs would be suspended instead of deleted.
func TestMisspeltParametersOfWrites(t *testing.T) {
	s := kit.Ferried(t, kit.SQLite)
	c := s.As("admin@example.com")
	for _, query := range []string{"deleteSims=true", "DELETE_SIMS=true", "delete-sims=true", "delete_sims=true&delete_sims=false"} {
		s.Untouched(query, func() {
			c.Do(http.MethodDelete, "/api/v2/endpoint/multi?"+query, []map[string]int{{"id": 9001}}).Is(http.StatusBadRequest)
		})
	}
}

// listPaths returns the paths of the lists that take q, sort, page and per_page.
func listPaths() []string {
	var paths []string
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if method == http.MethodGet && !strings.Contains(path, "{") && r.Need != identity.Public && strings.HasPrefix(path, "/api/") {
			paths = append(paths, path)
		}
	}
	return append(paths, "/api/v1/sim/250/event", "/api/v1/user/"+url.PathEscape("my")+"/event")
}
