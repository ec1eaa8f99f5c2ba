package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
)

// The answer to a refresh never arrives, as when the command is killed just then: the next
// command continues with the session, on either engine.
func TestSessionOutlivesALostRefresh(t *testing.T) {
	for _, e := range []kit.Engine{kit.SQLite, kit.Postgres} {
		s := kit.StartFerry(t, e)
		target, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httputil.NewSingleHostReverseProxy(target)
		var refreshes atomic.Int64
		front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // the proxy reports errors
			r.Body = io.NopCloser(bytes.NewReader(body))
			if bytes.Contains(body, []byte("refresh_token")) && refreshes.Add(1)%2 == 1 {
				proxy.ServeHTTP(httptest.NewRecorder(), r) // the server has done it
				panic(http.ErrAbortHandler)
			}
			proxy.ServeHTTP(w, r)
		}))
		t.Cleanup(front.Close)
		p := newPerson(t)
		p.login(front.URL, "admin@example.com")
		for range 3 {
			file := p.home + "/profiles/default.json"
			writeFile(t, file, regexp.MustCompile(`"auth_token": "[^"]*"`).ReplaceAllString(readFile(t, file), `"auth_token": "expired"`))
			if got := p.run("", "whoami"); got.code == 0 {
				t.Fatalf("the refresh was not lost: %+v", got)
			}
			if got := p.run("", "whoami"); got.code != 0 || !strings.Contains(got.out, "Fleet DE") {
				t.Errorf("after the lost refresh: %+v", got)
			}
		}
		if n := refreshes.Load(); n != 6 {
			t.Errorf("%d refreshes", n)
		}
	}
}
