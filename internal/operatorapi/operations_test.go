package operatorapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/operatorapi"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	spaces  = kit.OperatorWorkspaces
	persons = kit.OperatorUsers
	imports = kit.OperatorImport
)

func TestOperatorRoutesAreTheDocument(t *testing.T) {
	var served, documented []string
	for pattern := range operatorapi.Routes() {
		served = append(served, contract.Shape(pattern))
	}
	for _, o := range contract.OperatorOperations() {
		documented = append(documented, o.Pattern())
	}
	slices.Sort(served)
	slices.Sort(documented)
	if diff := cmp.Diff(documented, served); diff != "" {
		t.Errorf("the operator's document (-) and listener (+) have other routes:\n%s", diff)
	}
}

// csv returns the same client for sending a list.
func csv(c *kit.Client) *kit.Client { return c.With("Content-Type", "text/csv; charset=utf-8") }

func tryOperator(c *kit.Client, pattern string) *kit.Answer {
	c.T.Helper()
	method, _, _ := strings.Cut(pattern, " ")
	try := kit.OperatorRequests[pattern]
	var body any
	if try.Body != "" {
		body = try.Body
	}
	return csv(c).Do(method, try.Path, body)
}

// Only operator tokens give access to the operator API, and to all of it: other callers are
// refused before anything is read, without a trace.
func TestOperatorAuthorization(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.StartOperatorAPI()
		superAdmin, application := s.As("root@example.com").Token, application(s)
		routes := operatorapi.Routes()
		for pattern := range kit.OperatorRequests {
			if _, known := routes[pattern]; !known {
				t.Errorf("%s: there is no such operation", pattern)
			}
		}
		strangers := map[string]string{
			"nobody": "", "a SuperAdmin": superAdmin, "an application": application.Token, "the wrong token": kit.OperatorToken + "x",
			"the name of the token": "test",
		}
		s.Untouched("a stranger", func() {
			for i, pattern := range slices.Sorted(maps.Keys(routes)) {
				if _, found := kit.OperatorRequests[pattern]; !found {
					t.Errorf("%s: add a request to kit.OperatorRequests", pattern)
					continue
				}
				want := http.StatusUnauthorized
				if !routes[pattern] {
					want = http.StatusOK
				}
				for caller, bearer := range strangers {
					c := op.Anonymous().With("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i))
					c.Token = bearer
					if got := tryOperator(c, pattern); got.Status != want {
						t.Errorf("%s by %s: %d, want %d", pattern, caller, got.Status, want)
					}
				}
			}
		})
		for _, pattern := range slices.Sorted(maps.Keys(kit.OperatorRequests)) {
			if strings.HasPrefix(pattern, "DELETE /operator/v1/user/{user_id}/workspace") {
				continue // tried after the PUT that it reverts
			}
			c := op.Anonymous()
			c.Token = kit.OperatorToken
			if got := tryOperator(c, pattern); got.Status != kit.OperatorRequests[pattern].Status {
				t.Errorf("%s by the operator: %d, want %d: %s", pattern, got.Status, kit.OperatorRequests[pattern].Status, got.Body)
			}
		}
		c := op.Anonymous()
		c.Token = kit.OperatorToken
		tryOperator(c, "DELETE /operator/v1/user/{user_id}/workspace/{workspace_id}").Is(http.StatusNoContent)
		c = s.Anonymous()
		c.Token = kit.OperatorToken
		c.Get("/api/v1/sim").Is(http.StatusUnauthorized)
	})
}

// TestOperatorMalformedQueries sends malformed queries to every operation: each refuses them before
// it does anything, and no list ignores one.
func TestOperatorMalformedQueries(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	c := s.StartOperatorAPI().Anonymous()
	c.Token = kit.OperatorToken
	s.Untouched("malformed", func() {
		for pattern, token := range operatorapi.Routes() {
			if !token {
				continue
			}
			method, _, _ := strings.Cut(pattern, " ")
			queries := []string{"q=name:a;status:1", "q=name:a%zz"}
			if method == http.MethodGet {
				queries = append(queries, "q=id:1&q=id:2", "sort=id&sort=-id", "page=1&page=1", "Q=id:1", "filter=id:1", "q[]=id:1", "perPage=1", "page=abc")
			}
			for _, query := range queries {
				if got := csv(c).Do(method, kit.OperatorRequests[pattern].Path+"?"+query, "{}"); got.Status != http.StatusBadRequest {
					t.Errorf("%s?%s: %d %s", pattern, query, got.Status, got.Body)
				}
			}
		}
	})
}
