package egress_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/egress"
	"github.com/simferry/simferry/internal/fleet"
)

// Only hosts on the internet are public, in every notation.
func TestPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "127.9.9.9": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "192.0.0.1": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false, "::7f00:1": false, "fe80::1%eth0": false,
	} {
		if got := egress.Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %t", address, got)
		}
	}
}

// A URL that may not be requested is refused with the reason.
func TestAllowed(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/health?x=1": "", "http://example.com:8080": "",
		"": "it must be a URL", "example.com": "it must be a URL", "ftp://example.com": "it must be a URL", "https:///x": "it must be a URL",
		"https://a:b@example.com": "a user name", "https://example.com/#x": "from # on", "https://example.com/" + strings.Repeat("x", 2000): "characters",
		"http://127.0.0.1/": "not public", "http://[::1]:80/": "not public", "http://169.254.169.254/latest": "not public",
	} {
		err := egress.New(false).Allowed(address)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", address, err, want)
		}
	}
	if err := egress.New(true).Allowed("http://127.0.0.1/"); err != nil {
		t.Error(err)
	}
}

// Only a clear response counts. The server connects to no private address, not by a name either,
// and follows no redirect.
func TestState(t *testing.T) {
	redirected := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/target", http.StatusFound)
		case "/target":
			redirected = true
		case "/large":
			_, _ = w.Write([]byte(`{"state": "healthy", "more": "` + strings.Repeat("x", 1<<20) + `"}`))
		case "/error":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"state": "healthy"}`))
		case "/short":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"state": "healthy"}`))
		default:
			_, _ = w.Write([]byte(strings.TrimPrefix(r.URL.Path, "/")))
		}
	}))
	t.Cleanup(server.Close)
	for path, want := range map[string]fleet.GateState{
		`/{"state":"healthy"}`: fleet.GateHealthy, `/{"state":"unhealthy","n":1}`: fleet.GateUnhealthy, `/{"state":"unknown"}`: fleet.GateUnknown,
		`/{"state":"HEALTHY"}`: fleet.GateUnknown, `/{}`: fleet.GateUnknown, `/healthy`: fleet.GateUnknown, `/`: fleet.GateUnknown,
		`/[{"state":"healthy"}]`: fleet.GateUnknown, "/redirect": fleet.GateUnknown, "/large": fleet.GateUnknown, "/error": fleet.GateUnknown,
		"/short": fleet.GateUnknown,
	} {
		state, why := egress.New(true).State(t.Context(), server.URL+path)
		if state != want || why == "" {
			t.Errorf("%s: %s, %s", path, state, why)
		}
	}
	if redirected {
		t.Error("a redirect was followed")
	}
	for _, host := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)} {
		if state, why := egress.New(false).State(t.Context(), host+`/{"state":"healthy"}`); state != fleet.GateUnknown || !strings.Contains(why, "not public") {
			t.Errorf("%s: %s, %s", host, state, why)
		}
	}
	server.Close()
	if state, why := egress.New(true).State(t.Context(), server.URL); state != fleet.GateUnknown || strings.Contains(why, "127.0.0.1") {
		t.Errorf("%s, %s", state, why)
	}
}
