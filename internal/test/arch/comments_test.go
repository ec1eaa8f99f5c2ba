package arch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commentLine is a line that has only a comment of prose: not a directive, not code in a comment.
var commentLine = regexp.MustCompile(`^\t*// \S`)

// TestCommentLines requires that comments of Go files are wrapped at 100 columns, like documents. A
// tab counts 4 columns.
func TestCommentLines(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "bin" || strings.HasPrefix(entry.Name(), ".") && file != root):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		seen++
		text, err := os.ReadFile(file)
		for _, n := range longComments(string(text)) {
			t.Errorf("%s:%d: the comment is longer than %d columns: wrap it", file, n, maxColumns)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 500 {
		t.Errorf("only %d files were found", seen)
	}
}

// longComments returns the numbers of the lines that are too long. A line with a URL may be longer.
func longComments(text string) []int {
	var numbers []int
	n := 0
	for line := range strings.Lines(text) {
		n++
		width := len([]rune(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")))
		if commentLine.MatchString(line) && width > maxColumns && !strings.Contains(line, "://") {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestLongCommentsAreFound(t *testing.T) {
	long := "// " + strings.Repeat("word ", 20)
	for text, want := range map[string]int{
		long + "\n":                             1,
		"\t" + long[:96] + "\n":                 0,
		"\t" + long[:97] + "\n":                 1,
		"//nolint:all // " + long + "\n":        0,
		"x := 1 " + long + "\n":                 0,
		"// https://example.com/" + long + "\n": 0,
	} {
		if got := len(longComments(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
