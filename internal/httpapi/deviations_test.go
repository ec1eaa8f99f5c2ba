package httpapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryDeviationHasATest compares api/DEVIATIONS.md with the tests: each decision names
// a test, and each TestContract_X belongs to a decision.
func TestEveryDeviationHasATest(t *testing.T) {
	list, err := os.ReadFile("../../api/DEVIATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := contractTests(t)
	row := regexp.MustCompile("(?m)^\\| (D[0-9]+) \\|.*`(Test[A-Za-z0-9_]+)` \\|$")
	named := make(map[string]bool)
	for _, m := range row.FindAllStringSubmatch(string(list), -1) {
		named[m[2]] = true
		if !tests[m[2]] {
			t.Errorf("%s names %s, and there is no such test", m[1], m[2])
		}
	}
	for name := range tests {
		if !named[name] {
			t.Errorf("api/DEVIATIONS.md does not name %s", name)
		}
	}
	if len(named) < 60 {
		t.Errorf("only %d rows were found", len(named))
	}
}

// contractTests returns the names of this package's tests of decisions.
func contractTests(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "TestContract_") {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
