package faults

import (
	"context"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Root returns the directory of the tree that this program was built from. Harnesses build and
// run the same sources.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

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
