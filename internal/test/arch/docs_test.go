package arch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxColumns is the longest line of prose in a document.
const maxColumns = 100

// docFiles returns the documents of the project, as paths from its root.
func docFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, top := range []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "docs", "api"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".md") {
				return err
			}
			name, err := filepath.Rel(root, file)
			files = append(files, name)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 30 {
		t.Fatalf("only %d documents were found", len(files))
	}
	return files
}

func TestDocumentLines(t *testing.T) {
	for _, file := range docFiles(t) {
		if file == filepath.Join("docs", "operations", "settings.md") { // generated
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range longLines(string(text)) {
			t.Errorf("%s:%d: longer than %d columns: one sentence per line, wrapped", file, n, maxColumns)
		}
	}
}

// longLines returns the numbers of the lines that are too long. Tables, code and the HTML of a
// picture may be longer.
func longLines(text string) []int {
	var numbers []int
	code := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\n")
		switch trimmed := strings.TrimSpace(line); {
		case strings.HasPrefix(trimmed, "```"):
			code = !code
		case code || strings.HasPrefix(trimmed, "|") || strings.HasPrefix(trimmed, "<img "):
		case utf8.RuneCountInString(line) > maxColumns:
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestDocumentLinks(t *testing.T) {
	for _, file := range docFiles(t) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range brokenLinks(t, file, string(text)) {
			t.Errorf("%s: %s does not exist", file, target)
		}
	}
}

var (
	heading    = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notAnchor  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	codeFenced = regexp.MustCompile("(?ms)^```.*?\n```")
)

// brokenLinks returns the relative links of a document whose file or heading does not exist.
func brokenLinks(t *testing.T, file, text string) []string {
	t.Helper()
	var broken []string
	for _, l := range link.FindAllStringSubmatch(codeFenced.ReplaceAllString(text, ""), -1) {
		target, anchor, _ := strings.Cut(l[2], "#")
		if strings.Contains(target, ":") {
			continue
		}
		path := filepath.Join(root, file)
		if target != "" {
			path = filepath.Join(root, filepath.Dir(file), target)
		}
		if _, err := os.Stat(path); err != nil || anchor != "" && !hasHeading(t, path, anchor) {
			broken = append(broken, l[2])
		}
	}
	return broken
}

func hasHeading(t *testing.T, path, anchor string) bool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heading.FindAllStringSubmatch(string(text), -1) {
		if strings.ReplaceAll(notAnchor.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}

// The checks of documents can fail.
func TestDocumentFaultsAreFound(t *testing.T) {
	long := strings.Repeat("x", maxColumns+1)
	if got := longLines("short\n" + long + "\n| " + long + " |\n```\n" + long + "\n```\n"); len(got) != 1 || got[0] != 2 {
		t.Errorf("long lines: %v, want line 2 only", got)
	}
	text := "[a](README.md) [b](docs/nowhere.md) [c](README.md#why) [d](README.md#nowhere) [e](https://example.com/x)"
	if got := brokenLinks(t, "README.md", text); strings.Join(got, " ") != "docs/nowhere.md README.md#nowhere" {
		t.Errorf("broken links: %v", got)
	}
}
