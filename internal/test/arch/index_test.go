package arch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// docs/README.md links to every page below docs. For a folder, a link to the folder or to its
// README.md is enough.
func TestIndexListsEveryPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	linked := make(map[string]bool)
	for _, l := range link.FindAllStringSubmatch(string(text), -1) {
		target, _, _ := strings.Cut(l[2], "#")
		linked[filepath.Join("docs", target)] = true
	}
	whole := func(folder string) bool {
		return linked[folder] || linked[filepath.Join(folder, "README.md")]
	}
	pages := 0
	for _, file := range docFiles(t) {
		if !strings.HasPrefix(file, "docs"+string(filepath.Separator)) || file == filepath.Join("docs", "README.md") {
			continue
		}
		pages++
		if !linked[file] && !whole(filepath.Dir(file)) {
			t.Errorf("docs/README.md does not list %s", file)
		}
	}
	if pages < 30 || whole("docs") {
		t.Errorf("only %d pages were checked", pages)
	}
}
