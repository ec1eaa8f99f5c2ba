package e2e_test

import (
	"strings"
	"testing"
)

// TestOperatorPage runs the shell of docs/operations/operator-api.md unchanged, but
// for the ports, which the system chooses.
func TestOperatorPage(t *testing.T) {
	requirePrograms(t, "curl", "sh")
	dir := t.TempDir()
	script := shellOf(t, operatorPage)
	setUp, rest, found := strings.Cut(script, "simferry serve --operator-token-file operator-tokens\n")
	if !found || strings.Count(rest, "operator ") < 10 {
		t.Fatalf("these are not the page's examples: %s", script)
	}
	runShell(t, dir, nil, setUp)
	server := startServer(t, dir, "--operator-token-file", "operator-tokens", "--operator-listen", "127.0.0.1:0")
	address := server.address(t, "the operator API is listening")
	out := runShell(t, dir, nil, strings.ReplaceAll(rest, "127.0.0.1:8081", address))
	for _, want := range []string{`"name":"Fleet Germany"`, `"username":"admin@example.com"`, `{"added":1,"kept":0}`, `"application_token":`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in what the examples print: %s", want, out)
		}
	}
}
