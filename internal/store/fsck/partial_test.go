//go:build unix

package fsck_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
	"github.com/simferry/simferry/internal/store/storetest"
)

// partials returns the files that a backup or a restore left.
func partials(t *testing.T, dir string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*.partial*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// A backup or restore that is aborted at any moment leaves no files.
func TestAbortedCopyIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url, backup := "sqlite:"+filepath.Join(dir, "fleet.db"), filepath.Join(dir, "backup.db")
	s := open(t, url, store.Options{})
	storetest.Load(t, s)
	if _, err := fsck.Backup(t.Context(), url, backup); err != nil {
		t.Fatal(err)
	}
	aborted := 0
	for i := range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*2*time.Millisecond)
		target := filepath.Join(dir, "target.db")
		_, err := fsck.Restore(ctx, backup, "sqlite:"+target)
		if i%2 == 1 {
			_, err = fsck.Backup(ctx, url, target)
		}
		cancel()
		if err != nil {
			aborted++
		}
		if left := partials(t, dir); len(left) > 0 {
			t.Fatalf("after %d ms: %v", 2*i, left)
		}
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			if err := os.Remove(target + suffix); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
	if aborted == 0 {
		t.Error("none was aborted: the test shows nothing")
	}
}

// A copy removes the files of a killed copy to the same place, but not those of a running
// process.
func TestCopyRemovesFilesOfAKilledCopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url, backup := "sqlite:"+filepath.Join(dir, "fleet.db"), filepath.Join(dir, "backup[1].db")
	storetest.Load(t, open(t, url, store.Options{}))
	for _, name := range []string{"backup[1].db.17.partial", "backup[1].db.17.partial-wal", "backup[1].db.17.partial-shm", "other.db.17.partial", "backup[1].db.18.partial"} {
		write(t, filepath.Join(dir, name), "left")
	}
	alive, err := os.Open(filepath.Join(dir, "backup[1].db.18.partial"))
	if err == nil {
		err = syscall.Flock(int(alive.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = alive.Close() }()
	if _, err := fsck.Backup(t.Context(), url, backup); err != nil {
		t.Fatal(err)
	}
	left := strings.Join(partials(t, dir), " ")
	if strings.Contains(left, ".17.partial-") || strings.Contains(left, "backup[1].db.17") || !strings.Contains(left, "other.db.17") || !strings.Contains(left, "backup[1].db.18") {
		t.Errorf("left: %s", left)
	}
}
