package kit

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/simferry/simferry/internal/store"
)

// sqliteFile is the content of a database file that is made once per process and copied: a copy
// takes a hundredth of what the schema steps take.
type sqliteFile struct {
	fill func(t testing.TB, url string) // leaves no connection open

	mu      sync.Mutex
	content []byte
}

// The files that tests begin with: the schema alone, and the world Ferry.
var (
	schemaFile = sqliteFile{fill: func(t testing.TB, url string) { openStore(t, url, store.Options{}).close() }}
	ferryFile  = sqliteFile{fill: fillFerry}
)

// copy returns the name of a new file with the content.
func (f *sqliteFile) copy(t testing.TB) string {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.content == nil {
		first := filepath.Join(t.TempDir(), "first.db")
		f.fill(t, "sqlite:"+first)
		content, err := os.ReadFile(first) // closed, so nothing is in its log any more
		if err != nil {
			t.Fatal(err)
		}
		f.content = content
	}
	file := filepath.Join(t.TempDir(), "simferry.db")
	if err := os.WriteFile(file, f.content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
