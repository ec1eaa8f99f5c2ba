package arch_test

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

// root is the module's, seen from here.
const root = "../../.."

// pages are the documents that lead their readers into the code.
var pages = []string{"docs/ARCHITECTURE.md", "docs/life-of-a-migration.md"}

var (
	link = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)
	// path is what a diagram or a sentence names without a link.
	path = regexp.MustCompile(`\b(?:internal|cmd)/[a-z0-9/]+\b`)
)

// A map that leads astray is worse than none: each path exists, and each name that links to
// a Go file is declared in it.
func TestPagesMatchTheCode(t *testing.T) {
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		links := link.FindAllStringSubmatch(string(text), -1)
		if len(links) < 20 {
			t.Errorf("%s: only %d links were found", page, len(links))
		}
		for _, l := range links {
			for _, fault := range astray(filepath.Dir(page), l[1], l[2]) {
				t.Errorf("%s: %s", page, fault)
			}
		}
		for _, p := range path.FindAllString(string(text), -1) {
			if _, err := os.Stat(filepath.Join(root, p)); err != nil {
				if _, err := os.Stat(filepath.Join(root, p+".go")); err != nil {
					t.Errorf("%s: there is no %s", page, p)
				}
			}
		}
	}
}

// A check that never fails would be useless.
func TestPageFaultsAreFound(t *testing.T) {
	for name, l := range map[string][2]string{
		"no such file":     {"`Migrate`", "../internal/control/nowhere.go"},
		"no such function": {"`Emigrate`", "../internal/control/migrate.go"},
		"no such folder":   {"somewhere", "../internal/somewhere/"},
	} {
		if len(astray("docs", l[0], l[1])) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
	if faults := astray("docs", "`control.Migrate`", "../internal/control/migrate.go"); len(faults) > 0 {
		t.Errorf("a correct page has faults: %v", faults)
	}
}

// astray describes the fault of a link of a page in a folder.
func astray(dir, text, target string) []string {
	if strings.Contains(target, "://") {
		return nil
	}
	file := filepath.Join(root, dir, target)
	if _, err := os.Stat(file); err != nil {
		return []string{"there is no " + target}
	}
	name, quoted := strings.CutPrefix(text, "`")
	if !quoted || !strings.HasSuffix(target, ".go") {
		return nil
	}
	name = strings.TrimSuffix(name, "`")
	name = name[strings.LastIndexByte(name, '.')+1:]
	if !declared(file, name) {
		return []string{target + " does not declare " + name}
	}
	return nil
}

// declared reports whether a Go file declares a function, method, type, variable or constant.
func declared(file, name string) bool {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	for _, d := range parsed.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == name {
				return true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if specifies(s, name) {
					return true
				}
			}
		}
	}
	return false
}

func specifies(s ast.Spec, name string) bool {
	switch s := s.(type) {
	case *ast.TypeSpec:
		return s.Name.Name == name
	case *ast.ValueSpec:
		for _, n := range s.Names {
			if n.Name == name {
				return true
			}
		}
	}
	return false
}
