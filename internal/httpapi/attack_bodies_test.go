package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// takesBody returns the operations that read a body, with a valid path.
func takesBody() (list []attacked) {
	for _, r := range httpapi.Routes() {
		row := accesses[r.Pattern]
		if row.body == "" {
			continue
		}
		method, path, _ := strings.Cut(r.Pattern, " ")
		if row.path != "" {
			path = row.path
		}
		list = append(list, attacked{method, path, row.body})
	}
	return list
}

type attacked struct{ method, path, body string }

// takesNoBearer reports whether an operation takes no bearer, so that its bodies are short.
func takesNoBearer(op attacked) bool {
	return slices.ContainsFunc(httpapi.Routes(), func(r httpapi.Route) bool {
		return r.Pattern == op.method+" "+op.path && r.Need == identity.Public
	})
}

// Deeply nested bodies and decompression bombs are refused before they use many resources; the
// server handles the next request.
func TestAttackBodies(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	operations := takesBody()
	if len(operations) < 8 {
		t.Fatalf("only %d operations take a body", len(operations))
	}
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	bomb := zipped(t, make([]byte, 32<<20))
	s.Untouched("a body that is an attack", func() {
		for _, op := range operations {
			name, rest, _ := strings.Cut(strings.TrimPrefix(op.body, "{"), ":") // its first property
			for what, body := range map[string]string{
				"nested-arrays": deep, "nested-objects": strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000),
				"nested-in-a-property": "{" + name + ":" + deep + "}", "unclosed": strings.Repeat("[", 100_000),
				"long-number": "{" + name + ": " + strings.Repeat("9", 500_000) + "}", "not-UTF-8": "{" + name + ": \"\xff\xfe\"}",
				"trailing": op.body + op.body, "half": op.body[:len(op.body)-len(rest)/2],
			} {
				want := http.StatusBadRequest
				if takesNoBearer(op) && len(body) > 8<<10 {
					want = http.StatusRequestEntityTooLarge
				}
				if got := admin.Do(op.method, op.path, body); got.Status != want {
					t.Errorf("%s %s: %s: %d %.200s", op.method, op.path, what, got.Status, got.Body)
				}
			}
			got := admin.With("Content-Encoding", "gzip").Do(op.method, op.path, bomb)
			if got.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s %s: gzip-bomb: %d", op.method, op.path, got.Status)
			}
		}
	})
	admin.Get(whoami).Is(http.StatusOK)
}

// A password of nearly a mebibyte is refused for its form, without hashing.
func TestAttackLongPassword(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	before := s.Control.PasswordHashes()
	long, short := strings.Repeat("a", 1<<20-200), strings.Repeat("a", 8<<10-200)
	for _, got := range []*kit.Answer{
		s.Anonymous().Post(authenticate, object{"username": "admin@example.com", "password": short}),
		s.Anonymous().Post(authenticate, object{"username": "unknown@example.com", "password": short}),
		admin.Patch("/api/v1/user/password", object{"old_password": long, "new_password": wrong}),
		admin.Patch("/api/v1/user/password", object{"old_password": wrong, "new_password": long}),
		admin.Post(mfaURL, object{"type": object{"id": 0}, "password": long}),
		s.Anonymous().Post(authenticate, object{"mfa_token": "x", "code": short}),
	} {
		if body := wantCode(t, got, http.StatusBadRequest, 1000); len(body.Message) > 300 {
			t.Errorf("%s: the answer has %d bytes", got.Request, len(body.Message))
		}
	}
	if n := s.Control.PasswordHashes() - before; n != 0 {
		t.Errorf("%d hashes", n)
	}
	wantCode(t, s.Anonymous().Post(authenticate, object{"username": "admin@example.com", "password": long}), http.StatusRequestEntityTooLarge, 1000)
	got := s.Anonymous().Post(authenticate, object{"username": short, "password": strings.Repeat("a", 40)}).Is(http.StatusUnauthorized)
	if len(got.Body) != 0 {
		t.Errorf("%s", got.Body)
	}
}

// Mass assignment: properties that an operation does not have are refused by name.
func TestAttackMassAssignment(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	user := s.As("user@example.com")
	admin := s.As("admin@example.com")
	allowed := map[string]string{ // properties that an operation accepts or tolerates
		simURL(kit.ActivatedSIM): "id status customer_org issuer_org created", "/api/v1/application_token/999": "status", "/api/v1/user/mfa/999": "status", fmt.Sprintf("/api/v1/user/%d", kit.ObserverID): "status", "/api/v1/user": "roles", "/api/v2/user/invitation": "roles",
		"/api/v1/endpoint": "id status created organisation", deviceURL(kit.EmptyDevice): "id status created", "/api/v2/endpoint/multi": "id status created organisation",
	}
	s.Untouched("mass assignment", func() {
		for i, op := range takesBody() {
			if op.method == http.MethodDelete {
				continue // references, which tolerate any property
			}
			open, end := "", "" // of a list, whose first item it is
			if strings.HasPrefix(op.body, "[") {
				open, end = "[", "]"
			}
			for property, value := range map[string]string{
				"id": "1", "roles": `[{"id": 1}]`, "role": `{"id": 4}`, "organisation": `{"id": 900}`, "workspace": `{"id": 900}`, "user": `{"id": 1}`,
				"superadmin": "true", "super_admin": "true", "status": `{"id": 1}`, "password_hash": `"x"`, "session_epoch": "0", "customer_org": `{"id": 900}`,
				"issuer_org": `{"id": 900}`, "created": `"2020-01-01T00:00:00Z"`, "created_by": "1", "__proto__": `{"admin": true}`,
			} {
				if strings.Contains(" "+allowed[op.path]+" ", " "+property+" ") || strings.Contains(op.body, `"`+property+`"`) {
					continue
				}
				body := open + strings.TrimSuffix(strings.Trim(op.body, "[]"), "}") + `, "` + property + `": ` + value + "}" + end
				for _, c := range []*kit.Client{user, admin} {
					got := c.With("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i)).Do(op.method, op.path, body)
					named := strings.Contains(string(got.Body), property+":")
					if got.Status != http.StatusForbidden && (got.Status != http.StatusBadRequest || !named) {
						t.Errorf("%s %s with %s: %d %.200s", op.method, op.path, property, got.Status, got.Body)
					}
				}
			}
		}
	})
}

// Client input never becomes a header of the response, or a second line of one.
func TestAttackHeaderInjection(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	s.Seed("users: [{id: 30, username: odd@example.com, name: \"Odd\", password: correct horse, default_workspace: 100, roles: {100: administrator}}]")
	admin := s.As("odd@example.com")
	const evil = "x\r\nX-Injected: yes\r\n\r\n<script>"
	for _, path := range []string{
		"/api/v1/sim?q=imsi:" + url.QueryEscape(evil), "/api/v1/sim?q=" + url.QueryEscape("eid:"+evil) + "&sort=id", "/api/v1/sim?sort=" + url.QueryEscape(evil),
		"/api/v1/sim?page=" + url.QueryEscape(evil) + "&per_page=" + url.QueryEscape(evil) + "&other=" + url.QueryEscape(evil), "/api/v1/user/" + url.PathEscape(evil),
		"/api/v1/" + url.PathEscape(evil), "/api/v1/event?q=" + url.QueryEscape("user:"+evil), "/api/v1/sim/" + url.PathEscape(evil) + "/event",
	} {
		got := admin.Get(path)
		for name, values := range got.Header {
			for _, v := range values {
				if name == "X-Injected" || strings.ContainsAny(v, "\r\n") {
					t.Errorf("%s: %s: %q", path, name, v)
				}
			}
		}
		if kind := got.Header.Get("Content-Type"); kind != "application/json" {
			t.Errorf("%s is %s", path, kind)
		}
	}
	wantCode(t, admin.Post(tokensURL, object{"description": evil}), http.StatusBadRequest, 1000) // names have one line
	// And on the wire, without a client that normalizes.
	for _, line := range []string{
		"Idempotency-Key: a\r\n X-Injected: yes", "Idempotency-Key: a\nX-Injected: yes", "X-Request-Id: a\r\nX-Forwarded-For: \r\nX-Injected: yes", "Origin: https://example.com\r\nAccess-Control-Request-Method: \x01",
	} {
		status, header := raw(t, s.URL, "POST "+migration+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+admin.Token+"\r\n"+line+"\r\nContent-Length: 2\r\n\r\n{}")
		if status >= 500 || status < 400 || strings.Contains(header, "X-Injected") {
			t.Errorf("%q: %d\n%s", line, status, header)
		}
	}
}

// raw sends bytes and reads the head of the response.
func raw(t *testing.T, server, request string) (status int, header string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var text strings.Builder
	_ = resp.Header.Write(&text)
	return resp.StatusCode, text.String()
}
