package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRulesPage runs the commands of docs/operations/rules.md as they are written, on a database
// with a fleet in it, and gives its example to the check.
func TestRulesPage(t *testing.T) {
	requirePrograms(t, "sh")
	script := shellOf(t, rulesPage)
	if !strings.Contains(script, "rule apply rules.json") {
		t.Fatalf("the page does not apply rules: %s", script)
	}
	world, err := filepath.Abs("../internal/world/testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	runShell(t, dir, nil, "simferry seed "+world)
	if out := runShell(t, dir, nil, script); !strings.Contains(out, "BR-1") {
		t.Errorf("the commands do not show BR-1: %s", out)
	}
	examples := blocksIn(t, rulesPage, "text")
	if len(examples) != 1 {
		t.Fatalf("the page has %d examples", len(examples))
	}
	if err := os.WriteFile(filepath.Join(dir, "example.json"), []byte(examples[0].text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := runShell(t, dir, nil, "simferry rule check example.json && simferry rule apply example.json && simferry rule list")
	if !strings.Contains(out, "H-1") || !strings.Contains(out, "H-2") {
		t.Errorf("the rules of the example are not applied: %s", out)
	}
}
