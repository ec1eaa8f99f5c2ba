package faults

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Root returns the directory of the source tree: the working directory or the first one above it
// that has a go.mod. Harnesses build the sources that they were started in. Root panics outside a
// module, because no harness can do anything there.
var Root = sync.OnceValue(func() string {
	start, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			panic("no go.mod in " + start + " or above it: start the harness in the source tree")
		}
	}
})

// Commit returns the commit of the tree, with a plus if there are uncommitted changes.
func Commit(ctx context.Context) string {
	out, err := git(ctx, "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return "unknown"
	}
	if changes, err := git(ctx, "status", "--porcelain"); err != nil || changes != "" {
		out += "+"
	}
	return out
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", Root()}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}
