package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/store"
)

// The database contains signing keys: a file that all users may read is refused.
func TestSQLiteFileThatOthersMayRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fleet.db")
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o660: true, 0o644: false, 0o602: false} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), "sqlite:"+file, store.Options{})
		if err == nil {
			_ = s.Close()
		}
		if good != (err == nil) || !good && !strings.Contains(err.Error(), "run chmod 600 "+file) {
			t.Errorf("%04o: %v", mode, err)
		}
		for _, left := range []string{file, file + "-wal", file + "-shm"} {
			_ = os.Remove(left)
		}
	}
}
