package store_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
)

// smallDisk mounts a small disk.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m,mode=700"); err != nil {
		t.Skipf("a small disk cannot be mounted here, as root it can: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes until there is no room left.
func fill(t *testing.T, dir string) (filler string) {
	t.Helper()
	filler = filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // the disk is full
	block := make([]byte, 64<<10)
	_, _ = rand.Read(block)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return filler
}

// A server whose disk is full is not ready until there is space again.
func TestNotReadyOnAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	s := open(t, "sqlite:"+filepath.Join(dir, "simferry.db"), store.Options{})
	put(t, s, named(1, "before"))
	filler := fill(t, dir)
	err := s.Ready(t.Context())
	var refusal *fleet.Error
	if !errors.As(err, &refusal) || refusal.Code != fleet.Unavailable || !strings.Contains(refusal.Message, "full") {
		t.Errorf("%v, want an error about the full disk", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	put(t, s, named(2, "after"))
}

// A start on a full disk says that the disk is full.
func TestStartOnAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	url := "sqlite:" + filepath.Join(dir, "simferry.db")
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, named(1, "before"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, there := range []bool{true, false} {
		filler := fill(t, dir)
		place := url
		if !there {
			place = "sqlite:" + filepath.Join(dir, "new.db")
		}
		s, err := store.Open(t.Context(), place, store.Options{})
		if err == nil {
			err = s.Ready(t.Context())
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "the disk of the database is full") && !strings.Contains(err.Error(), "The disk of the database is full") {
			t.Errorf("a database that is there %v: %v", there, err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
}

// Inspect, Backup and Restore report the full disk as well.
func TestInspectOnAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	url := "sqlite:" + filepath.Join(dir, "simferry.db")
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	source := "sqlite:" + filepath.Join(t.TempDir(), "source.db")
	s = open(t, source, store.Options{})
	put(t, s, named(1, "before"))
	fill(t, dir)
	for name, look := range map[string]func() error{
		"Inspect": func() error {
			s, err := store.Inspect(t.Context(), url, store.Options{})
			if err == nil {
				err = s.Close()
			}
			return err
		},
		"Backup": func() error {
			_, err := fsck.Backup(t.Context(), source, filepath.Join(dir, "copy.db"))
			if err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("a backup to a full disk: %v", err)
			}
			return err
		},
		"Restore": func() error {
			_, err := fsck.Restore(t.Context(), filepath.Join(dir, "simferry.db"), "sqlite:"+filepath.Join(dir, "again.db"))
			return err
		},
	} {
		if err := look(); err != nil && !strings.Contains(err.Error(), "full") && !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s: %v", name, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if strings.Contains(f.Name(), "partial") || strings.Contains(f.Name(), "again") || strings.Contains(f.Name(), "copy") {
			t.Errorf("%s is left", f.Name())
		}
	}
}
