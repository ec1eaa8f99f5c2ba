package e2e_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHangupOfTheDemo closes the terminal of the demo: it ends in order and removes its files.
// TestKilledAndResumed does the same to a run, serve.txtar to a server.
func TestHangupOfTheDemo(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGHUP")
	}
	t.Parallel()
	dir := t.TempDir()
	temporary := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		t.Fatal(err)
	}
	p := startProgram(t, dir, append(os.Environ(), "TMPDIR="+temporary), "demo")
	p.await(t, func(text string) string {
		_, url, _ := strings.Cut(text, "http://127.0.0.1:") // of the request to paste, at the end
		return url
	})
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(2 * time.Minute):
		t.Fatal("it goes on after SIGHUP")
	}
	if p.err != nil || !strings.Contains(p.text(t), "Stopped. The database was removed.") {
		t.Errorf("it ended with %v:\n%s", p.err, p.text(t))
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("it has left %v, %v", left, err)
	}
}
