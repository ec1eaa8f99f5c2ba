package arch

import (
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// most is how many odd phrases are left. It only goes down.
const most = 216

// TestPlainEnglish keeps odd phrases out of comments, messages, documents and descriptions.
// internal/archtest/language.go lists them with their plain forms.
func TestPlainEnglish(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", "../../..", "ls-files", "*.go", "*.md", "*.yaml", "*.yml").Output()
	if err != nil {
		t.Fatalf("git lists the files to check: %v", err)
	}
	total := 0
	counts := make(map[string]int)
	for _, name := range strings.Fields(string(out)) {
		if strings.Contains(name, "/testdata/") || strings.HasPrefix(filepath.Base(name), "language") {
			continue
		}
		found, err := oddIn(filepath.Join("..", "..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		total += len(found)
		counts[filepath.Dir(name)] += len(found)
		if testing.Verbose() {
			for _, f := range found {
				t.Logf("%s:%d: %q", name, f.line, f.text)
			}
		}
	}
	if total > most {
		t.Errorf("%d odd phrases, at most %d are allowed", total, most)
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			if counts[name] > 0 {
				t.Logf("%4d %s", counts[name], name)
			}
		}
	}
	if total < most {
		t.Logf("%d odd phrases: lower most to that", total)
	}
}
