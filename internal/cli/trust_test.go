package cli

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every client command trusts the server's certificate if its flags, or login's, say so.
func TestServerCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"auth_token": "t", "id": 100, "name": "Fleet"}`)
	}))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	put := func(file string, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	put(filepath.Join(dir, "empty.pem"), []byte("nothing"))
	home := 0
	run := func(fresh bool, args ...string) (code int, said string) {
		if fresh {
			home++
		}
		var out bytes.Buffer
		code = Run(t.Context(), Process{Args: args, Stdin: strings.NewReader("token"), Stdout: &out, Stderr: &out, LookupEnv: func(name string) (string, bool) {
			return map[string]string{"SIMFERRY_HOME": filepath.Join(dir, fmt.Sprint(home))}[name], true
		}})
		return code, out.String()
	}
	login := []string{"login", "--server", server.URL, "--application-token-stdin"}
	if code, said := run(true, login...); code == 0 || !strings.Contains(said, "certificate") {
		t.Errorf("an unknown certificate: %d %s", code, said)
	}
	for _, flags := range [][]string{{"--ca-file", ca}, {"--insecure-skip-verify"}} {
		if code, said := run(true, append(login, flags...)...); code != 0 {
			t.Errorf("%v: %d %s", flags, code, said)
		}
		if code, said := run(false, "whoami"); code != 0 {
			t.Errorf("%v is not kept: %d %s", flags, code, said)
		}
	}
	for _, flags := range [][]string{{"--ca-file", filepath.Join(dir, "empty.pem")}, {"--ca-file", filepath.Join(dir, "none.pem")}, {"--ca-file", ca, "--insecure-skip-verify"}} {
		if code, said := run(true, append(login, flags...)...); code == 0 || !strings.Contains(said, "ca-file") {
			t.Errorf("%v: %d %s", flags, code, said)
		}
	}
	eachClient(newRoot(Process{LookupEnv: func(string) (string, bool) { return "", false }}), func(c *cobra.Command) {
		if c.Flags().Lookup("ca-file") == nil || c.Flags().Lookup("insecure-skip-verify") == nil {
			t.Errorf("%s has no --ca-file", c.CommandPath())
		}
	})
}

// eachClient goes through the commands that work over the API.
func eachClient(c *cobra.Command, do func(*cobra.Command)) {
	if c.Flags().Lookup("profile") != nil || c.Flags().Lookup("server") != nil {
		do(c)
	}
	for _, below := range c.Commands() {
		eachClient(below, do)
	}
}
