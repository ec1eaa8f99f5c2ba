package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

// The log line stays short, however long the client's input is.
func TestAttackLongLogLines(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	logged, j := logging(t, s)
	unjudged := &kit.Server{T: t, URL: logged.URL, HTTP: &http.Client{}}
	admin := onServer(unjudged, s.As("admin@example.com"))
	long := strings.Repeat("x", 50_000)
	for name, ask := range map[string]func(){
		"path":            func() { admin.Get("/" + long) },
		"id":              func() { admin.Get("/api/v1/sim/" + long) },
		"query":           func() { admin.Get("/api/v1/sim?q=" + long) },
		"sort":            func() { admin.Get("/api/v1/sim?sort=" + long) },
		"method":          func() { admin.Do(strings.Repeat("X", 5000), "/api/v1/sim", nil) },
		"user agent":      func() { admin.With("User-Agent", long).Get("/nothing") },
		"request id":      func() { admin.With("X-Request-Id", long).Get("/nothing") },
		"bearer":          func() { withBearer(unjudged, long).Get("/api/v1/sim") },
		"forwarded":       func() { admin.With("X-Forwarded-For", long).Get("/nothing") },
		"idempotency key": func() { admin.With("Idempotency-Key", long).Post(migration, `{}`) },
		"user name":       func() { signIn(unjudged.Anonymous(), long, kit.Password) },
		"property":        func() { admin.Post(migration, `{"`+long+`": 1}`) },
		"value":           func() { admin.Post(migration, `{"target_workspace": "`+long+`"}`) },
		"coding":          func() { admin.With("Content-Encoding", long).Post(migration, `{}`) },
	} {
		ask()
		if lines, text := j.read(t); len(lines) != 1 || len(text) > 4<<10 {
			t.Errorf("%s: %d lines of %d bytes: %.200s", name, len(lines), len(text), text)
		}
	}
}

var anyLink = regexp.MustCompile(`rel="([a-z]+)"`)

// A long query does not produce headers that proxies refuse, and the client still finds the
// next page.
func TestAttackLongAnswerHeaders(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	for _, test := range []struct {
		values, bytes int
		want          string // the links that are there
	}{
		{1, 0, "first prev next last"}, {60, 0, "next"}, {300, 0, ""}, {1, 1200, "next"}, {1, 8000, ""},
	} {
		query := "per_page=1&page=2&q=status:0" + strings.Repeat("|00000", test.values) + "&other=" + strings.Repeat("x", test.bytes)
		got := admin.Get("/api/v1/sim?" + query).Is(http.StatusOK)
		size := 0
		for name, values := range got.Header {
			for _, v := range values {
				size += len(name) + len(v) + 4
			}
		}
		var rels []string
		for _, m := range anyLink.FindAllStringSubmatch(got.Header.Get("Link"), -1) {
			rels = append(rels, m[1])
		}
		if size > 4<<10 || strings.Join(rels, " ") != test.want {
			t.Errorf("%d values and %d bytes: headers of %d bytes, links %v, want %q", test.values, test.bytes, size, rels, test.want)
		}
	}
}
