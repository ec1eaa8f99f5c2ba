package cli_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// A command that does not reach a Simferry names the address, says why in words that are not a
// library's, and what to do.
func TestUnreachableServersAreExplained(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(unknown.Close)
	for server, want := range map[string][]string{
		"http://127.0.0.1:1":                             {"the connection was refused", "--server"},
		strings.Replace(plain.URL, "http:", "https:", 1): {"does not speak TLS", "http://"},
		unknown.URL: {"not trusted", "--ca-file"},
	} {
		for _, args := range [][]string{
			{"login", "--server", server, "--username", "u", "--password-stdin"}, {"sims"}, {"migrations", "list"}, {"whoami"},
			{"migrate", "--to", "200", "--sim-id", "1", "--patience", "1ms", "--yes"},
		} {
			t.Run(args[0]+" "+server, func(t *testing.T) {
				t.Parallel()
				unreachable(t, server, args, want)
			})
		}
	}
	p := newPerson(t)
	got := p.run("secret\n", "login", "--server", plain.URL, "--username", "u", "--password-stdin")
	if got.code == 0 || !strings.Contains(got.errors, "Is this the address of a Simferry server?") {
		t.Errorf("another server: %d %s", got.code, got.errors)
	}
}

func unreachable(t *testing.T, server string, args, want []string) {
	t.Helper()
	p := newPerson(t)
	writeAt(t, filepath.Join(p.home, "profiles", "default.json"), `{"server":"`+server+`","access_token":"x","refresh_token":"y"}`)
	got := p.run("secret\n", args...)
	if got.code == 0 {
		t.Error("it succeeded")
	}
	for _, word := range append(want, server) {
		if !strings.Contains(got.errors, word) {
			t.Errorf("%q does not say %q", got.errors, word)
		}
	}
	for _, word := range []string{"dial tcp", `Post "`, `Get "`, "tls:", "x509"} {
		if strings.Contains(got.errors, word) {
			t.Errorf("%q says %q", got.errors, word)
		}
	}
}
