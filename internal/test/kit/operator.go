package kit

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/contract"
)

// OperatorToken is the one that the operator API of tests takes, by the name "test".
const OperatorToken = "sfop_Zm9yIHRlc3RzIG9ubHksIGFuZCBub3doZXJlIGVsc2U"

// StartOperatorAPI serves the operator API over a server's database: another listener, judged by its
// own document. Its Anonymous client has no token.
func (s *Server) StartOperatorAPI() *Server {
	s.T.Helper()
	tokens, err := identity.ParseOperatorTokens("test " + OperatorToken)
	if err != nil {
		s.T.Fatal(err)
	}
	server := httptest.NewServer(httpapi.NewOperator(operator.New(s.Control), tokens, httpapi.Options{
		Log: slog.New(slog.DiscardHandler), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	}))
	s.T.Cleanup(server.Close)
	return &Server{
		T: s.T, URL: server.URL, DB: s.DB, Store: s.Store, Control: s.Control, Clock: s.Clock, engine: s.engine,
		HTTP: &http.Client{Transport: contract.NewOperator(s.T).RoundTripper(server.Client().Transport)},
	}
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
