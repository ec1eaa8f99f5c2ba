package arch_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWalkOfARequest follows the walk of docs/life-of-a-migration.md through the code: each
// function is named by one above it, or by a table of a file above it.
func TestWalkOfARequest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "life-of-a-migration.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## Function by function\n")
	if !found {
		t.Fatal("the page has no walk")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var steps [][2]string
	for _, l := range link.FindAllStringSubmatch(section, -1) {
		if name := strings.Trim(l[1], "`"); name != l[1] {
			steps = append(steps, [2]string{filepath.Join("docs", l[2]), name})
		}
	}
	if len(steps) < 20 {
		t.Fatalf("only %d functions were found", len(steps))
	}
	for _, fault := range walkFaults(t, steps) {
		t.Error(fault)
	}
}

// walkFaults returns the steps that no step above them leads to.
func walkFaults(t *testing.T, steps [][2]string) []string {
	t.Helper()
	var faults []string
	known := make(map[string]bool)
	for i, step := range steps {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, step[0]), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && !known[step[1]] {
			faults = append(faults, fmt.Sprintf("no function above %s of %s names it", step[1], step[0]))
		}
		isDeclared := false
		for _, d := range file.Decls {
			if f, isFunc := d.(*ast.FuncDecl); isFunc {
				if f.Name.Name != step[1] {
					continue
				}
				isDeclared = true
			}
			isDeclared = isDeclared || declaresVariable(d, step[1])
			ast.Inspect(d, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					known[id.Name] = true
				}
				return true
			})
		}
		if !isDeclared {
			faults = append(faults, fmt.Sprintf("%s has no function or table %s", step[0], step[1]))
		}
	}
	return faults
}

// declaresVariable reports whether a declaration has a variable of this name.
func declaresVariable(d ast.Decl, name string) bool {
	g, isGeneral := d.(*ast.GenDecl)
	if !isGeneral || g.Tok != token.VAR {
		return false
	}
	return slices.ContainsFunc(g.Specs, func(s ast.Spec) bool {
		v, isValue := s.(*ast.ValueSpec)
		return isValue && v.Names[0].Name == name
	})
}

// The check of the walk can fail.
func TestWalkFaultsAreFound(t *testing.T) {
	const request, rule = "internal/httpapi/request.go", "internal/control/migrate.go"
	for _, steps := range [][][2]string{
		{{request, "serve"}, {"internal/store/migrate.go", "Apply"}},
		{{request, "serve"}, {request, "permit"}},
		{{rule, "attempt"}, {request, "replied"}},
	} {
		if len(walkFaults(t, steps)) == 0 {
			t.Errorf("the gap in %v is not found", steps)
		}
	}
	if faults := walkFaults(t, [][2]string{{rule, "attempt"}, {"internal/store/migrate.go", "Snapshot"}}); len(faults) > 0 {
		t.Error(faults)
	}
}
