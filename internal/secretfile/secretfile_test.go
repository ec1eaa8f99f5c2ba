//go:build unix

package secretfile_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/secretfile"
)

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := os.Getuid() == 0
	for mode, good := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o700: true, 0o440: root, 0o640: root,
		0o644: false, 0o604: false, 0o606: false, 0o602: false, 0o660: false, 0o620: false, 0o666: false, 0o601: false,
	} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		text, err := secretfile.Read(file)
		switch {
		case good && (err != nil || string(text) != "secret"):
			t.Errorf("%04o: %q, %v", mode, text, err)
		case !good && (err == nil || !strings.Contains(err.Error(), "run chmod 6") || !strings.Contains(err.Error(), file) || text != nil):
			t.Errorf("%04o: %q, %v", mode, text, err)
		}
	}
	if _, err := secretfile.Read(file + ".none"); err == nil {
		t.Error("a missing file was read")
	}
	link := file + ".link"
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := secretfile.Read(link); err == nil {
		t.Errorf("%s was read through a link", file)
	}
}
