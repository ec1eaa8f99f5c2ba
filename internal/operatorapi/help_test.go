package operatorapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// wantCode checks the code of an error body.
func wantCode(t *testing.T, a *kit.Answer, status, code int) api.Error {
	t.Helper()
	var got api.Error
	a.Is(status).JSON(&got)
	if got.ErrorCode != code || got.Message == "" || got.ErrorToken == "" {
		t.Errorf("%s: %s, want the code %d", a.Request, a.Body, code)
	}
	return got
}

// signIn signs a user in to the other API.
func signIn(s *kit.Server, username, password string) *kit.Answer {
	s.T.Helper()
	return s.Anonymous().Post("/api/v1/authenticate", map[string]string{"username": username, "password": identity.WireDigest(password)})
}

// bearerOf returns a client with the bearer of a successful sign-in.
func bearerOf(s *kit.Server, signedIn *kit.Answer) *kit.Client {
	s.T.Helper()
	var got api.AuthResponse
	signedIn.Is(http.StatusOK).JSON(&got)
	c := s.Anonymous()
	c.Token = got.AuthToken
	return c
}

// application returns a client with the bearer of a new application token of Workspace 100.
func application(s *kit.Server) *kit.Client {
	s.T.Helper()
	made, err := operator.New(s.Control).CreateApplicationToken(s.T.Context(), control.NewToken{Workspace: kit.FleetDE})
	if err != nil {
		s.T.Fatal(err)
	}
	return bearerOf(s, s.Anonymous().Post("/api/v1/authenticate", map[string]string{"application_token": made.Text}))
}

// auditEntry is an entry of the audit log.
type auditEntry struct {
	actor, code             int64
	address, action, places string
}

// auditOf returns the audit entries of a request.
func auditOf(s *kit.Server, a *kit.Answer) (list []auditEntry) {
	s.T.Helper()
	id := a.Header.Get("X-Request-Id")
	for _, r := range s.Rows("SELECT actor, code, address, action, places FROM audit WHERE request_id = '" + id + "'") {
		list = append(list, auditEntry{wholeNumber(r[0]), wholeNumber(r[1]), fmt.Sprint(r[2]), fmt.Sprint(r[3]), fmt.Sprint(r[4])})
	}
	return list
}

func wholeNumber(v any) (n int64) {
	_, _ = fmt.Sscan(fmt.Sprint(v), &n)
	return n
}

// dataVersion changes with each write of another connection to an SQLite database.
func dataVersion(s *kit.Server) any { return s.Rows("PRAGMA data_version")[0][0] }

// fuzzed returns a request to an operation; the id is used for all path parameters.
func fuzzed(t *testing.T, pattern, id, query, body string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	parameter := regexp.MustCompile(`\{[^}]*\}`)
	req := httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(body))
	req.URL.Path, req.URL.RawQuery = parameter.ReplaceAllLiteralString(path, strings.Trim(id, "/")), query
	return req
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
