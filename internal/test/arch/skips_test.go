package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// skips lists every place that skips a test, with its condition. CONTRIBUTING.md promises that a
// full run as root on Linux skips nothing else. A skip of a rapid check draws another example.
var skips = map[string]string{
	"e2e/hangup_test.go":                           "Windows has no SIGHUP",
	"e2e/killed_test.go":                           "Windows has no SIGKILL",
	"e2e/migratejob_test.go":                       "Windows has no SIGINT and SIGTERM",
	"e2e/neighbours_linux_test.go":                 "-short",
	"e2e/starved_linux_test.go":                    "-short",
	"e2e/frozen_linux_test.go":                     "-short",
	"internal/test/kit/pgtest/database.go":         "-short",
	"internal/test/faults/mutants/mutants_test.go": "-short",
	"internal/store/sqlite_full_linux_test.go":     "without root: it mounts a disk",
	"internal/console/browser_test.go":             "-short",
	"internal/metrics/alerts_test.go":              "-short",
	"internal/cli/importpipe_test.go":              "only Linux has /dev/fd",
	"internal/fleet/model_test.go":                 "a rapid check",
	"internal/httpapi/timing_auc_test.go":          "without SIMFERRY_TIMING: it takes an hour",
}

// TestEverySkipIsListed finds skips without a reason in the list, and reasons without a skip.
func TestEverySkipIsListed(t *testing.T) {
	found := map[string]bool{}
	const root = "../../.."
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if skipsATest(file) {
			found[filepath.ToSlash(name)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for file := range found {
		if skips[file] == "" {
			t.Errorf("%s skips a test: make it run, or add its condition to skips", file)
		}
	}
	for file := range skips {
		if !found[file] {
			t.Errorf("%s skips no test any more: remove it from skips", file)
		}
	}
}

// skipsATest reports whether a file calls t.Skip, t.Skipf or t.SkipNow.
func skipsATest(file *ast.File) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if method, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, method.Sel.Name) {
			receiver, ok := method.X.(*ast.Ident)
			found = found || ok && slices.Contains([]string{"t", "tb", "b", "f"}, receiver.Name)
		}
		return true
	})
	return found
}
