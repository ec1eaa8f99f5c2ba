package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// installationPages have commands for an installation as docs/operations/install.md describes it.
var installationPages = []string{"../docs/operations/audit.md", "../docs/operations/backup-and-fsck.md"}

// TestInstallationPages runs the commands of pages about an installation. Its folders are below a
// temporary one. systemctl is a script that only prints its arguments, so no server runs.
func TestInstallationPages(t *testing.T) {
	requirePrograms(t, "sh")
	world, err := filepath.Abs("../internal/world/testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range installationPages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, folder := range []string{"bin", "var/lib/simferry", "var/backups", "etc/simferry"} {
				if err := os.MkdirAll(filepath.Join(dir, folder), 0o750); err != nil {
					t.Fatal(err)
				}
			}
			database := "sqlite:" + filepath.Join(dir, "var", "lib", "simferry", "fleet.db")
			writeFile(t, filepath.Join(dir, "etc", "simferry", "database-url"), database+"\n")
			if err := os.WriteFile(filepath.Join(dir, "bin", "systemctl"), []byte("#!/bin/sh\necho systemctl \"$@\"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			script := shellOf(t, page)
			for _, folder := range []string{"/var/lib/simferry", "/var/backups", "/etc/simferry"} {
				script = strings.ReplaceAll(script, folder, dir+folder)
			}
			env := append(os.Environ(), "SIMFERRY_DATABASE="+database, "PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
			runShell(t, dir, env, "simferry seed "+world+"\n"+script)
		})
	}
}
