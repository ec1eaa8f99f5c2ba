package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// notOnTheWire are the codes of package fleet that responses do not contain as such.
var notOnTheWire = map[string]bool{
	"BadCredentials": true, "LockedOut": true, "TooLarge": true, "KeyReused": true, "InUse": true, "KeyBusy": true, "Unavailable": true,
}

// TestTroubleshootingHasEveryCode requires a row of docs/troubleshooting.md for each error code.
func TestTroubleshootingHasEveryCode(t *testing.T) {
	page, err := os.ReadFile("../../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "|") {
			rows.WriteString(line)
		}
	}
	codes := 0
	for _, file := range []string{"../../fleet/error.go", "../../fleet/conflict.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || notOnTheWire[spec.Names[0].Name] {
				return true
			}
			lit, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			if n, err := strconv.Atoi(lit.Value); err == nil && n >= 1000 {
				codes++
				if !strings.Contains(rows.String(), lit.Value) {
					t.Errorf("docs/troubleshooting.md has no row for %s %s", lit.Value, spec.Names[0].Name)
				}
			}
			return true
		})
	}
	if codes < 25 {
		t.Errorf("found only %d codes", codes)
	}
}
