package arch_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestErrorChecksExist requires that the comments of package client name only checks of errors that
// the package has, such as IsNotFound.
func TestErrorChecksExist(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "client", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	declared, named := make(map[string]bool), make(map[string]string)
	declaration, check := regexp.MustCompile(`(?m)^func (Is[A-Z]\w*)\(`), regexp.MustCompile(`\bIs[A-Z]\w*`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declaration.FindAllSubmatch(text, -1) {
			declared[string(m[1])] = true
		}
		for line := range strings.Lines(string(text)) {
			if _, comment, found := strings.Cut(line, "//"); found {
				for _, name := range check.FindAllString(comment, -1) {
					named[name] = file
				}
			}
		}
	}
	for name, file := range named {
		if !declared[name] {
			t.Errorf("%s: a comment names %s, which package client does not have", file, name)
		}
	}
	if len(named) < 5 {
		t.Errorf("only %d checks are named", len(named))
	}
}
