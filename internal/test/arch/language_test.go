package arch

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlainEnglish keeps odd phrases out of comments, messages, documents and descriptions.
// language.go lists them with their plain forms.
func TestPlainEnglish(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", "../../..", "ls-files", "*.go", "*.md", "*.yaml", "*.yml").Output()
	if err != nil {
		t.Fatalf("git lists the files to check: %v", err)
	}
	for _, name := range strings.Fields(string(out)) {
		if strings.Contains(name, "/testdata/") || strings.HasPrefix(filepath.Base(name), "language") {
			continue
		}
		found, err := oddPhrasesIn(filepath.Join("..", "..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			t.Errorf("%s:%d: %q: write it in plain English; language.go has the plain forms", name, f.line, f.text)
		}
	}
}

// TestOddPhrases checks phrases that must be found, and ordinary uses of the same words.
func TestOddPhrases(t *testing.T) {
	for text, want := range map[string]bool{
		"is " + "no plan": true, "there is no plan": false, "it is no longer valid": false,
		"the program who " + "asks": true, "a user who is suspended": false,
		"they are " + "told": true, "cannot be told apart": false,
		"closed, for " + "nothing can reach it": true, "more retries, for a nightly job": false,
		"Reuse does what Clone " + "does, for tests": true, "why, for the giver to " + "read": true,
		"a pause behind " + "each wave": true, "a clock behind the last entry": false,
		"every" + "body": true, "administrators or everybody": false,
	} {
		if got := len(oddPhrases(text)) > 0; got != want {
			t.Errorf("%q: odd %v, want %v", text, got, want)
		}
	}
}
