package console_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/console"
)

// keyUses match the keys of texts in templates and in code.
var keyUses = []*regexp.Regexp{
	regexp.MustCompile(`\bt(?:ext)?[ (]"([\w.-]+)"`), regexp.MustCompile(`"(?:text|waits)" "([\w.-]+)"`), regexp.MustCompile(`\bplural[ (]"([\w.-]+)"`),
	regexp.MustCompile(`printf "([\w.%-]+)"`), regexp.MustCompile(`text\("([\w.-]+)"\s*\+`), regexp.MustCompile(`done\([^"\n]*(?:"[^"\n]*"[^"\n]*)?, "(\w+)"\)`), regexp.MustCompile(`Key: "(\w+)"`),
}

// Every text that a page or a handler names is in the catalogue, and every text there is used.
func TestConsole_Texts(t *testing.T) {
	texts := console.Texts()
	used := map[string]bool{}
	files, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	code, err := filepath.Glob("[a-z]*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, code...) {
		if strings.HasSuffix(name, "_test.go") || name == "doc.go" {
			continue
		}
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range keyUses {
			for _, m := range use.FindAllStringSubmatch(string(file), -1) {
				found := false
				pattern := regexp.MustCompile("^(error\\.|done\\.)?" + strings.ReplaceAll(regexp.QuoteMeta(m[1]), "%s", ".+") + rest(m[1]))
				for key := range texts {
					if pattern.MatchString(key) {
						used[key], found = true, true
					}
				}
				if !found && (strings.Contains(use.String(), "bt(") || strings.Contains(use.String(), "plural")) {
					t.Errorf("%s uses the text %q, which is not in the catalogue", name, m[1])
				}
			}
		}
	}
	for key := range texts {
		if !used[key] {
			t.Errorf("the text %s is not used", key)
		}
	}
}

// rest returns what may follow a key: the form of a plural, or the rest of a key that code puts
// together.
func rest(key string) string {
	if strings.HasSuffix(key, ".") {
		return ".+"
	}
	return "($|\\..*)"
}
