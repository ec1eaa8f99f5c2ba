package e2e_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOperatorPage runs the shell of docs/operations/operator-api.md as it stands there, but
// for the ports, which the system chooses.
func TestOperatorPage(t *testing.T) {
	for _, program := range []string{"curl", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: run .ci/setup", program)
		}
	}
	dir := t.TempDir()
	page, err := os.ReadFile("../docs/operations/operator-api.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		script.WriteString(block[1])
	}
	setUp, rest, found := strings.Cut(script.String(), "simferry serve --operator-token-file operator-tokens\n")
	if !found || strings.Count(rest, "operator ") < 10 {
		t.Fatalf("these are not the page's examples: %s", script.String())
	}
	shell(t, dir, setUp)
	address := serveOperator(t, dir)
	out := shell(t, dir, strings.ReplaceAll(rest, "127.0.0.1:8081", address))
	for _, want := range []string{`"name":"Fleet Germany"`, `"username":"admin@example.com"`, `{"added":1,"kept":0}`, `"application_token":`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in what the examples print: %s", want, out)
		}
	}
}

func shell(t *testing.T, dir, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// serveOperator runs a server with the page's file of tokens until the test ends, and tells
// where its operator API listens.
func serveOperator(t *testing.T, dir string) string {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), "simferry", "serve", "--operator-token-file", "operator-tokens",
		"--listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0")
	cmd.Dir, cmd.Stderr = dir, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
		_ = log.Close()
	})
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for late := time.After(patience); ; {
		select {
		case <-poll.C:
		case <-late:
			t.Fatalf("it does not listen after %v", patience)
		}
		text, err := os.ReadFile(log.Name())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var entry struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "the operator API is listening" {
				return entry.Address
			}
		}
	}
}
