package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

var discard = slog.New(slog.DiscardHandler)

// journal is a readable log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// read returns and removes the request lines.
func (j *journal) read(t *testing.T) (lines []object, text string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	text = j.text.String()
	j.text.Reset()
	for line := range strings.Lines(text) {
		var entry object
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, entry)
	}
	return lines, text
}

// logging returns the same server with a readable log.
func logging(t *testing.T, s *kit.Server) (*kit.Server, *journal) {
	t.Helper()
	j := &journal{}
	log := slog.New(slog.NewJSONHandler(j, nil))
	server := httptest.NewServer(httpapi.New(s.Control, httpx.Options{Log: log, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}))
	t.Cleanup(server.Close)
	return &kit.Server{T: t, URL: server.URL, HTTP: &http.Client{Transport: contract.New(t).RoundTripper(server.Client().Transport)}}, j
}

func TestContract_RequestID(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		logged, j := logging(t, s)
		seen := make(map[string]bool)
		for _, ask := range []func(*kit.Client) *kit.Answer{
			func(c *kit.Client) *kit.Answer { return c.Get("/healthz") },
			func(c *kit.Client) *kit.Answer { return c.Get("/nothing") },
			func(c *kit.Client) *kit.Answer { return c.Get("/api/v1/sim") },
			func(c *kit.Client) *kit.Answer { return c.Do("DELETE", "/api/v1/sim", nil) },
			func(c *kit.Client) *kit.Answer { return c.Post(authenticate, "{") },
			func(c *kit.Client) *kit.Answer {
				return c.With("Content-Encoding", "br").Post(authenticate, "{")
			},
			func(c *kit.Client) *kit.Answer {
				return c.With("Access-Control-Request-Method", "GET").Do("OPTIONS", "/api/v1/sim", nil)
			},
		} {
			got := ask(logged.Anonymous().With("X-Request-Id", "made up"))
			lines, _ := j.read(t)
			id := got.Header.Get("X-Request-Id")
			if len(lines) != 1 || id == "" || seen[id] || lines[0]["id"] != id {
				t.Errorf("%s: the id is %q, the log %v", got.Request, id, lines)
			}
			seen[id] = true
		}
	})
}

// One line per request, with the fields that operators need, without secrets.
func TestLogLines(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	logged, j := logging(t, s)
	digest := identity.WireDigest(kit.Password)
	made := newApplicationToken(s, control.NewToken{})
	session := tokensOf(signIn(logged.Anonymous(), "admin@example.com", kit.Password))
	program := application(logged, made)
	j.read(t)
	admin := withBearer(logged, session.AuthToken)
	secrets := []string{digest, digest[:20], "correct horse", "31337", session.AuthToken, session.RefreshToken, program.Token, made.Text, "eyJ"}
	for name, test := range map[string]struct {
		a    func() *kit.Answer
		want object
	}{
		"a list": {func() *kit.Answer { return admin.Get("/api/v1/sim?q=id:1&sort=id") }, object{"method": "GET", "path": "/api/v1/sim", "status": 200.0, "user": 1.0}},
		"a program": {func() *kit.Answer {
			return program.With("X-Forwarded-For", "203.0.113.9").Get("/api/v1/sim/status")
		}, object{"application_token": float64(made.ID), "from": "203.0.113.9"}},
		"not found":       {func() *kit.Answer { return admin.Get("/api/v1/sim/999") }, object{"status": 404.0, "level": "INFO", "err": "sim with id 999 not found"}},
		"an odd path":     {func() *kit.Answer { return admin.Get("/a%0ab%00") }, object{"path": "/a\nb\x00", "status": 404.0}},
		"a token, forged": {func() *kit.Answer { return withBearer(logged, session.AuthToken+"x").Get("/api/v1/sim") }, object{"status": 401.0}},
		"signed in":       {func() *kit.Answer { return signIn(logged.Anonymous(), "admin@example.com", kit.Password) }, object{"status": 200.0}},
		"wrong":           {func() *kit.Answer { return signIn(logged.Anonymous(), "user@example.com", "31337") }, object{"status": 401.0}},
		"in the clear": {func() *kit.Answer {
			return logged.Anonymous().Post(authenticate, object{"username": "user@example.com", "password": "correct horse"})
		}, object{"status": 400.0}},
		"a number": {func() *kit.Answer {
			return logged.Anonymous().Post(authenticate, `{"username": "user@example.com", "password": 31337}`)
		}, object{"status": 400.0}},
		"an object": {func() *kit.Answer {
			return logged.Anonymous().Post(authenticate, `{"username": "user@example.com", "password": {"plain": "correct horse"}}`)
		}, object{"status": 400.0}},
		"broken": {func() *kit.Answer {
			return logged.Anonymous().Post(authenticate, `{"username": "user@example.com", "password": "correct horse`)
		}, object{"status": 400.0}},
		"garbled": {func() *kit.Answer {
			return logged.Anonymous().Post(authenticate, `{"password": "`+digest+`", "`+session.RefreshToken)
		}, object{"status": 400.0}},
		"a refresh": {func() *kit.Answer {
			return logged.Anonymous().Post(authenticate, object{"refresh_token": session.RefreshToken})
		}, object{"status": 200.0}},
		"an application": {func() *kit.Answer { return exchange(logged.Anonymous(), made.Text) }, object{"status": 200.0}},
	} {
		test.a()
		lines, text := j.read(t)
		if len(lines) != 1 || lines[0]["msg"] != "request" || lines[0]["id"] == "" || lines[0]["took_ms"] == nil {
			t.Errorf("%s: %s", name, text)
			continue
		}
		for key, want := range test.want {
			if lines[0][key] != want {
				t.Errorf("%s: %s is %v, want %v", name, key, lines[0][key], want)
			}
		}
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the log has %q: %s", name, secret, text)
			}
		}
	}
}

func TestPanicIsA500(t *testing.T) {
	j := &journal{}
	server := httptest.NewServer(httpapi.Wrap(slog.New(slog.NewJSONHandler(j, nil)), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("an internal secret") })))
	defer server.Close()
	s := &kit.Server{T: t, URL: server.URL, HTTP: server.Client()}
	got := wantCode(t, s.Anonymous().Get("/x"), http.StatusInternalServerError, 1000)
	lines, text := j.read(t)
	if strings.Contains(got.Message, "secret") || len(lines) != 1 || lines[0]["level"] != "ERROR" || lines[0]["status"] != 500.0 || !strings.Contains(text, "an internal secret") {
		t.Errorf("%+v, logged %s", got, text)
	}
}

func TestCommonHeaders(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	preflight := s.Anonymous().With("Origin", "https://example.com").With("Access-Control-Request-Method", "PATCH").With("Access-Control-Request-Headers", "authorization, idempotency-key")
	for _, got := range []*kit.Answer{
		admin.Get("/api/v1/sim?per_page=1"), admin.Get("/nothing"), admin.Do("PUT", "/api/v1/sim", nil), s.Anonymous().Get("/api/v1/sim"), admin.Get("/docs"),
		s.Anonymous().With("Origin", "https://example.com").Post(authenticate, `{}`), preflight.Do("OPTIONS", simURL(kit.AttachedSIM), nil).Is(http.StatusNoContent),
	} {
		for name, want := range map[string]string{"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Access-Control-Allow-Credentials": "", "Strict-Transport-Security": ""} {
			if v := got.Header.Get(name); v != want {
				t.Errorf("%s: %s: %q, want %q", got.Request, name, v, want)
			}
		}
		exposed := got.Header.Get("Access-Control-Expose-Headers")
		for _, name := range []string{"X-Count-Per-Page", "X-Current-Page", "X-Total-Count", "X-Total-Pages", "X-Sort", "X-Filter", "Location", "Link", "ETag", "X-Request-Id", "Retry-After", "Idempotent-Replayed"} {
			if !strings.Contains(exposed, name) {
				t.Errorf("%s is not exposed", name)
			}
		}
	}
	allowed := preflight.Do("OPTIONS", simURL(kit.AttachedSIM), nil)
	for header, names := range map[string][]string{
		"Access-Control-Allow-Methods": {"GET", "POST", "PUT", "PATCH", "DELETE"}, "Access-Control-Allow-Headers": {"Authorization", "Content-Type", "If-Match", "Idempotency-Key"},
	} {
		for _, name := range names {
			if !strings.Contains(allowed.Header.Get(header), name) {
				t.Errorf("%s: %q is without %s", header, allowed.Header.Get(header), name)
			}
		}
	}
}

func TestHSTSOverTLS(t *testing.T) {
	server := httptest.NewTLSServer(httpapi.Wrap(discard, http.NotFoundHandler()))
	defer server.Close()
	s := &kit.Server{T: t, URL: server.URL, HTTP: server.Client()}
	if got := s.Anonymous().Get("/").Header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
		t.Errorf("Strict-Transport-Security: %q", got)
	}
}

// HEAD returns the same as GET, without the body.
func TestHead(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	for _, path := range []string{"/api/v1/sim?per_page=2", "/api/v1/sim/999", "/healthz", "/api/v1/organisation/my", "/docs"} {
		get, head := admin.Get(path), admin.Do(http.MethodHead, path, nil)
		for _, a := range []*kit.Answer{get, head} {
			for _, name := range []string{"Date", "X-Request-Id", "Content-Length"} {
				a.Header.Del(name)
			}
		}
		if diff := cmp.Diff(get.Header, head.Header); diff != "" || get.Status != head.Status || len(head.Body) != 0 {
			t.Errorf("%s: %d and %d, %d bytes (-GET +HEAD):\n%s", path, get.Status, head.Status, len(head.Body), diff)
		}
	}
	got := admin.Do(http.MethodHead, migration, nil)
	if got.Status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD of a POST: %d", got.Status)
	}
}

func TestGzip(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	plain := admin.With("Accept-Encoding", "identity").Get("/api/v1/sim").Is(http.StatusOK)
	small := admin.With("Accept-Encoding", "gzip").Get(simURL(kit.AttachedSIM)).Is(http.StatusOK)
	large := admin.With("Accept-Encoding", "gzip").Get("/api/v1/sim").Is(http.StatusOK)
	if plain.Header.Get("Content-Encoding") != "" || small.Header.Get("Content-Encoding") != "" || large.Header.Get("Content-Encoding") != "gzip" || large.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("Content-Encoding %q, %q, %q, Vary %q", plain.Header.Get("Content-Encoding"), small.Header.Get("Content-Encoding"), large.Header.Get("Content-Encoding"), large.Header.Get("Vary"))
	}
	r, err := gzip.NewReader(bytes.NewReader(large.Body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, plain.Body) || len(large.Body)*4 > len(plain.Body) {
		t.Errorf("%d bytes unpack to %d, want %d: %v", len(large.Body), len(text), len(plain.Body), err)
	}
	body := []byte(fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetFR, kit.IssuedSIM))
	admin.With("Content-Encoding", "gzip").Post(migration, zipped(t, body)).Is(http.StatusOK)
	unjudged := onServer(&kit.Server{T: t, URL: s.URL, HTTP: &http.Client{}}, admin) // the validator knows one spelling
	for _, name := range []string{"GZIP", "x-gzip"} {
		unjudged.With("Content-Encoding", name).Post(migration, zipped(t, body)).Is(http.StatusOK)
	}
	whole := zipped(t, body)
	for name, sent := range map[string][]byte{"no gzip": body, "half of it": whole[:len(whole)/2], "without its sum": whole[:len(whole)-8], "a wrong sum": append(bytes.Clone(whole[:len(whole)-8]), 1, 2, 3, 4, 5, 6, 7, 8), "nothing": nil} {
		if got := admin.With("Content-Encoding", "gzip").Post(migration, sent); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	wantCode(t, admin.With("Content-Encoding", "br").Post(migration, body), http.StatusBadRequest, 1000)
}
