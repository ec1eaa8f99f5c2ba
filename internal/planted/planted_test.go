package planted_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/planted"
)

// What is built without tags has no bug: neither does its constant say so, nor is any of
// the names in the program.
func TestWhatIsShippedHasNone(t *testing.T) {
	if planted.Bug != "" {
		t.Fatalf("these tests were built with -tags planted_%s", planted.Bug)
	}
	file := filepath.Join(t.TempDir(), "simferry")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, "./cmd/simferry")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(program, []byte("planted_")) || bytes.Contains(program, []byte("internal/planted.")) {
		t.Error("the program knows of planted bugs")
	}
}

// Each bug has a tag, and the file for "none" excludes them all: a tag that it forgets
// would not build.
func TestEveryBugHasItsTag(t *testing.T) {
	text, err := os.ReadFile("planted.go")
	if err != nil {
		t.Fatal(err)
	}
	none, err := os.ReadFile("none.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`bug == "(\w+)"`).FindAllSubmatch(text, -1)
	if len(names) < 20 {
		t.Fatalf("%d bugs, at least 20 must be", len(names))
	}
	for _, m := range names {
		name := string(m[1])
		file, err := os.ReadFile("bug_" + name + ".go")
		if err != nil {
			t.Error(err)
			continue
		}
		if want := "//go:build planted_" + name + "\n\npackage planted\n\nconst bug = \"" + name + "\"\n"; string(file) != want {
			t.Errorf("bug_%s.go is %q, want %q", name, file, want)
		}
		if !strings.Contains(string(none), "planted_"+name+" ") && !strings.Contains(string(none), "planted_"+name+")") {
			t.Errorf("none.go does not exclude planted_%s", name)
		}
	}
	if files, err := filepath.Glob("bug_*.go"); err != nil || len(files) != len(names) {
		t.Errorf("%d files for %d bugs, %v", len(files), len(names), err)
	}
}
