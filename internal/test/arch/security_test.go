package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// testNames are the tests of the module: per folder its test functions, and every text that
// occurs in its test files, among them the names of subtests.
type testNames struct {
	functions map[string][]string // name to the folders that have it
	texts     map[string]map[string]bool
}

func readTestNames(t *testing.T) testNames {
	t.Helper()
	n := testNames{map[string][]string{}, map[string]map[string]bool{}}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.Dir(file)
		if n.texts[dir] == nil {
			n.texts[dir] = map[string]bool{}
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.FuncDecl:
				if node.Recv == nil {
					n.functions[node.Name.Name] = append(n.functions[node.Name.Name], dir)
				}
			case *ast.BasicLit:
				if text, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING {
					n.texts[dir][text] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// has reports whether a test of that name exists, such as TestContract_Logout.
func (n testNames) has(name string) bool {
	function, sub, _ := strings.Cut(name, "/")
	for _, dir := range n.functions[function] {
		if sub == "" || n.texts[dir][sub] {
			return true
		}
	}
	return false
}

var testName = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]*(?:/[a-z0-9-]+)?)`")

// Each line of the threat model names tests that exist, or says why there is none.
func TestThreatModelNamesTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := readTestNames(t)
	rows := 0
	judged := false // within a table that ends with tests
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			judged = false
		}
		for _, m := range testName.FindAllStringSubmatch(line, -1) {
			if !known.has(m[1]) {
				t.Errorf("there is no %s: %s", m[1], line)
			}
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		last := strings.TrimSpace(cells[len(cells)-1])
		switch {
		case last == "tests":
			judged = true
		case judged && !strings.HasPrefix(last, "---"):
			rows++
			if len(cells) != 3 || !testName.MatchString(last) && !strings.HasPrefix(last, "none: ") {
				t.Errorf("it names no test and does not say why: %s", line)
			}
		}
	}
	if rows < 45 {
		t.Errorf("only %d lines were found", rows)
	}
}

// A check that never fails would be useless.
func TestMissingTestsAreFound(t *testing.T) {
	known := readTestNames(t)
	for name, want := range map[string]bool{
		"TestThreatModelNamesTests": true, "TestNowhere": false, "TestContract_Logout": true, "TestContract_NoSuchDecision": false, "TestNowhere/logout": false,
	} {
		if known.has(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
