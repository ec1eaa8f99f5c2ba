package kit

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/operatorapi"
	"github.com/simferry/simferry/internal/test/contract"
)

// OperatorToken is the one that the operator API of tests takes, by the name "test".
const OperatorToken = "sfop_Zm9yIHRlc3RzIG9ubHksIGFuZCBub3doZXJlIGVsc2U"

// StartOperatorAPI serves the operator API over a server's database: another listener, judged by
// its own document. Its Anonymous client has no token.
func (s *Server) StartOperatorAPI() *Server {
	s.T.Helper()
	server := httptest.NewServer(s.OperatorHandler(httpx.Options{
		Log: slog.New(slog.DiscardHandler), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	}))
	s.T.Cleanup(server.Close)
	return &Server{
		T: s.T, URL: server.URL, DB: s.DB, Store: s.Store, Control: s.Control, Clock: s.Clock, engine: s.engine,
		HTTP: &http.Client{Transport: contract.NewOperator(s.T).RoundTripper(server.Client().Transport)},
	}
}

// OperatorHandler returns the handler of the operator API over a server's database.
func (s *Server) OperatorHandler(o httpx.Options) http.Handler {
	s.T.Helper()
	tokens, err := identity.ParseOperatorTokens("test " + OperatorToken)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.OperatorHandlerFor(tokens.Fixed(), o)
}

// OperatorHandlerFor does the same with other tokens, which may change while it runs.
func (s *Server) OperatorHandlerFor(tokens func() identity.OperatorTokens, o httpx.Options) http.Handler {
	return operatorapi.New(operator.New(s.Control), tokens, o)
}

// Operator returns a client with the operator's token.
func (s *Server) Operator() *Client {
	s.T.Helper()
	c := s.StartOperatorAPI().Anonymous()
	c.Token = OperatorToken
	return c
}

// Put sends a PUT with a body, as Post does.
func (c *Client) Put(path string, body any) *Answer {
	c.T.Helper()
	return c.Do(http.MethodPut, path, body)
}

// Paths of the operator API.
const (
	OperatorWorkspaces = "/operator/v1/workspace"
	OperatorUsers      = "/operator/v1/user"
	OperatorImport     = "/operator/v1/sim/import"
)

// OperatorRequests has a valid request of each operation of the operator API, with its status.
var OperatorRequests = map[string]struct {
	Path, Body string
	Status     int
}{
	"GET /operator/v1/openapi.yaml":                               {"/operator/v1/openapi.yaml", "", 200},
	"GET /operator/v1/readyz":                                     {"/operator/v1/readyz", "", 200},
	"GET /operator/v1/workspace":                                  {OperatorWorkspaces, "", 200},
	"POST /operator/v1/workspace":                                 {OperatorWorkspaces, `{"name": "Fleet"}`, 201},
	"GET /operator/v1/workspace/{workspace_id}":                   {OperatorWorkspaces + "/100", "", 200},
	"PATCH /operator/v1/workspace/{workspace_id}":                 {OperatorWorkspaces + "/100", `{"name": "Fleet"}`, 200},
	"GET /operator/v1/user":                                       {OperatorUsers, "", 200},
	"POST /operator/v1/user":                                      {OperatorUsers, `{"username": "new@example.com", "workspaces": [{"id": 100, "role": {"id": 1}}]}`, 201},
	"GET /operator/v1/user/{user_id}":                             {OperatorUsers + "/1", "", 200},
	"PATCH /operator/v1/user/{user_id}":                           {OperatorUsers + "/1", `{"name": "Fleet admin"}`, 200},
	"PUT /operator/v1/user/{user_id}/password":                    {OperatorUsers + "/1/password", `{"password": "battery staple"}`, 204},
	"POST /operator/v1/user/{user_id}/unlock":                     {OperatorUsers + "/1/unlock", `{"address": "203.0.113.7"}`, 204},
	"DELETE /operator/v1/user/{user_id}/mfa":                      {OperatorUsers + "/1/mfa", "", 404}, // there is none
	"PUT /operator/v1/user/{user_id}/workspace/{workspace_id}":    {OperatorUsers + "/3/workspace/200", `{"role": {"id": 2}}`, 200},
	"DELETE /operator/v1/user/{user_id}/workspace/{workspace_id}": {OperatorUsers + "/3/workspace/200", "", 204},
	"POST /operator/v1/sim/import":                                {OperatorImport, "iccid,workspace\n8988303000006738593,100\n", 200},
	"POST /operator/v1/migration_offer/{offer_id}/withdraw":       {"/operator/v1/migration_offer/77/withdraw", "", 404}, // there is none
	"GET /operator/v1/rule":                                       {"/operator/v1/rule", "", 200},
	"PUT /operator/v1/rule":                                       {"/operator/v1/rule", `{"rules": [{"id": "BR-1", "effect": "refuse", "code": 1505, "message": "m", "when": [{"source_country": ["BR"], "target_country_not": ["BR"]}]}]}`, 200},
	"GET /operator/v1/rule/history":                               {"/operator/v1/rule/history", "", 200},
	"POST /operator/v1/rule/what_if":                              {"/operator/v1/rule/what_if", `{"rules": [], "days": 7}`, 200},
	"POST /operator/v1/application_token":                         {"/operator/v1/application_token", `{"workspace": {"id": 100}}`, 200},
}
