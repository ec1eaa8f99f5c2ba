package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/simferry/simferry/internal/cli/atomicfile"
)

func TestCreateRefusesUnwritableFiles(t *testing.T) {
	dir := t.TempDir()
	for name, file := range map[string]string{
		"a folder":        dir,
		"a missing one":   filepath.Join(dir, "none", "report.csv"),
		"a device":        os.DevNull,
		"below a file":    filepath.Join(os.DevNull, "report.csv"),
		"link to folder":  link(t, dir, dir),
		"link to devices": link(t, dir, os.DevNull),
	} {
		if p, err := atomicfile.Create(file); err == nil {
			p.Discard()
			t.Errorf("%s: it was created", name)
		}
	}
}

func link(t *testing.T, dir, to string) string {
	t.Helper()
	name := filepath.Join(dir, "link-to-"+filepath.Base(to))
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPendingKeepsTheOldFileUntilCommit(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "real.csv")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	named := link(t, dir, file)
	p, err := atomicfile.Create(named)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if text := read(t, file); text != "old" {
		t.Errorf("before Commit: %q", text)
	}
	if err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	p.Discard()
	if text := read(t, file); text != "new" {
		t.Errorf("after Commit: %q", text)
	}
	if info, err := os.Lstat(named); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v %v", info, err)
	}
	discarded, err := atomicfile.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	discarded.Discard()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
