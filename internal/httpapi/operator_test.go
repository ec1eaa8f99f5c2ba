package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	spaces  = "/operator/v1/workspace"
	persons = "/operator/v1/user"
	imports = "/operator/v1/sim/import"
)

func TestOperatorRoutesAreTheDocument(t *testing.T) {
	var served, documented []string
	for pattern := range httpapi.OperatorRoutes() {
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

// operatorTries has a valid request of each operation, with its status.
var operatorTries = map[string]struct {
	path, body string
	status     int
}{
	"GET /operator/v1/openapi.yaml":                               {"/operator/v1/openapi.yaml", "", 200},
	"GET /operator/v1/readyz":                                     {"/operator/v1/readyz", "", 200},
	"GET /operator/v1/workspace":                                  {spaces, "", 200},
	"POST /operator/v1/workspace":                                 {spaces, `{"name": "Fleet"}`, 201},
	"GET /operator/v1/workspace/{workspace_id}":                   {spaces + "/100", "", 200},
	"PATCH /operator/v1/workspace/{workspace_id}":                 {spaces + "/100", `{"name": "Fleet"}`, 200},
	"GET /operator/v1/user":                                       {persons, "", 200},
	"POST /operator/v1/user":                                      {persons, `{"username": "new@example.com", "workspaces": [{"id": 100, "role": {"id": 1}}]}`, 201},
	"GET /operator/v1/user/{user_id}":                             {persons + "/1", "", 200},
	"PATCH /operator/v1/user/{user_id}":                           {persons + "/1", `{"name": "Fleet admin"}`, 200},
	"PUT /operator/v1/user/{user_id}/password":                    {persons + "/1/password", `{"password": "battery staple"}`, 204},
	"POST /operator/v1/user/{user_id}/unlock":                     {persons + "/1/unlock", `{"address": "203.0.113.7"}`, 204},
	"DELETE /operator/v1/user/{user_id}/mfa":                      {persons + "/1/mfa", "", 404}, // there is none
	"PUT /operator/v1/user/{user_id}/workspace/{workspace_id}":    {persons + "/3/workspace/200", `{"role": {"id": 2}}`, 200},
	"DELETE /operator/v1/user/{user_id}/workspace/{workspace_id}": {persons + "/3/workspace/200", "", 204},
	"POST /operator/v1/sim/import":                                {imports, "iccid,workspace\n8988303000006738593,100\n", 200},
	"POST /operator/v1/application_token":                         {"/operator/v1/application_token", `{"workspace": {"id": 100}}`, 200},
}

// csv returns the same client for sending a list.
func csv(c *kit.Client) *kit.Client { return c.With("Content-Type", "text/csv; charset=utf-8") }

func tryOperator(c *kit.Client, pattern string) *kit.Answer {
	c.T.Helper()
	method, _, _ := strings.Cut(pattern, " ")
	try := operatorTries[pattern]
	var body any
	if try.body != "" {
		body = try.body
	}
	return csv(c).Do(method, try.path, body)
}

// Only operator tokens give access to the operator API, and to all of it: other callers are
// refused before anything is read, without a trace.
func TestOperatorAuthorization(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.StartOperatorAPI()
		superAdmin, application := s.As("root@example.com").Token, application(s, newApplicationToken(s, control.NewToken{}))
		routes := httpapi.OperatorRoutes()
		for pattern := range operatorTries {
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
				if _, found := operatorTries[pattern]; !found {
					t.Errorf("%s: say in operatorTries how it is asked", pattern)
					continue
				}
				want := http.StatusUnauthorized
				if !routes[pattern] {
					want = http.StatusOK
				}
				for who, bearer := range strangers {
					c := op.Anonymous().With("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i))
					c.Token = bearer
					if got := tryOperator(c, pattern); got.Status != want {
						t.Errorf("%s by %s: %d, want %d", pattern, who, got.Status, want)
					}
				}
			}
		})
		for _, pattern := range slices.Sorted(maps.Keys(operatorTries)) {
			if strings.HasPrefix(pattern, "DELETE /operator/v1/user/{user_id}/workspace") {
				continue // tried after the PUT that it reverts
			}
			c := op.Anonymous()
			c.Token = kit.OperatorToken
			if got := tryOperator(c, pattern); got.Status != operatorTries[pattern].status {
				t.Errorf("%s by the operator: %d, want %d: %s", pattern, got.Status, operatorTries[pattern].status, got.Body)
			}
		}
		c := op.Anonymous()
		c.Token = kit.OperatorToken
		tryOperator(c, "DELETE /operator/v1/user/{user_id}/workspace/{workspace_id}").Is(http.StatusNoContent)
		withBearer(s, kit.OperatorToken).Get("/api/v1/sim").Is(http.StatusUnauthorized)
	})
}
