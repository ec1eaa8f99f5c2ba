package cli_test

import (
	"database/sql"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/cli"
)

// stuckReader reads the first bytes of an export, signals it, and reads the rest when released.
type stuckReader struct {
	io.Writer
	reached chan struct{}
	release chan struct{}
	stuck   bool
}

func (w *stuckReader) Write(b []byte) (int, error) {
	if !w.stuck {
		w.stuck = true
		close(w.reached)
		<-w.release
	}
	return w.Writer.Write(b)
}

// An export whose reader is stuck holds no snapshot, so the log of SQLite can be emptied. The test
// runs every command that exports to standard output.
func TestSlowExportReaderHoldsNoSnapshot(t *testing.T) {
	for _, args := range [][]string{{"sim", "export"}, {"device", "export"}, {"audit", "export"}} {
		t.Run(args[0], func(t *testing.T) {
			temporary := t.TempDir() // of this export only
			t.Setenv("TMPDIR", temporary)
			db := database(t)
			if got := run(t, db, "", "workspace", "create", "Fleet DE"); got.code != 0 {
				t.Fatal(got.errors)
			}
			other, err := sql.Open("sqlite", db)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = other.Close() }()
			var text strings.Builder
			w := &stuckReader{Writer: &text, reached: make(chan struct{}), release: make(chan struct{})}
			ended := make(chan int, 1)
			go func() {
				ended <- cli.Run(t.Context(), cli.Process{
					Args: append(args, "--database", "sqlite:"+db), Stdin: strings.NewReader(""), Stdout: w, Stderr: io.Discard,
					LookupEnv: func(string) (string, bool) { return "", false },
				})
			}()
			<-w.reached
			blocked := -1
			_, err = other.ExecContext(t.Context(), "UPDATE workspaces SET name = 'changed'")
			if err == nil {
				err = other.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, new(int), new(int))
			}
			if err != nil || blocked != 0 {
				t.Errorf("the log cannot be emptied beside the export: blocked %d, %v", blocked, err)
			}
			close(w.release)
			if code := <-ended; code != 0 || text.Len() == 0 {
				t.Errorf("exit code %d, %q", code, text.String())
			}
			left, err := filepath.Glob(filepath.Join(temporary, "simferry-export-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("%v, %v is left", err, left)
			}
		})
	}
}
