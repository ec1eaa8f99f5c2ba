package cli_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// A server that redirects gets no credentials sent on, by no command, and the message says
// which address to use instead.
func TestRedirectsAreNotFollowed(t *testing.T) {
	fleet := fakeserver.NewFleet(map[int64]string{100: "Fleet DE", 200: "Fleet FR"})
	fleet.Add(fakeserver.SIM{ID: 1, ICCID: "8988303000000000001", Workspace: 100})
	s := fakeserver.Start(t, fleet, 100, fakeserver.Options{})
	var stolen atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer thief.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL+r.URL.RequestURI(), http.StatusPermanentRedirect)
	}))
	defer proxy.Close()
	p := newPerson(t)
	p.login(s.URL, fakeserver.Username)
	profile := readFile(t, p.home+"/profiles/default.json")
	writeFile(t, p.home+"/profiles/default.json", strings.ReplaceAll(profile, s.URL, proxy.URL))
	for _, args := range [][]string{
		{"login", "--server", proxy.URL, "--username", fakeserver.Username, "--password-stdin"},
		{"sims"}, {"devices"}, {"events"}, {"workspaces"}, {"whoami"}, {"migrations", "list"},
		{"migrate", "--to", "200", "--sim-id", "1", "--yes"},
	} {
		got := p.run(fakeserver.Password+"\n", args...)
		if got.code == 0 || !strings.Contains(got.errors, "To sign in to it: simferry login --server "+thief.URL) {
			t.Errorf("%v: %+v", args, got)
		}
	}
	if n := stolen.Load(); n != 0 {
		t.Errorf("%d requests were sent on", n)
	}
}
