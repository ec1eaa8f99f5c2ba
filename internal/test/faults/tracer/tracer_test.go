package tracer_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/simferry/simferry/internal/test/faults/tracer"
)

// helperEnv turns this test binary into the traced program.
const helperEnv = "TRACER_HELPER"

func TestMain(m *testing.M) {
	if file := os.Getenv(helperEnv); file != "" {
		if err := work(file); err != nil {
			panic(err)
		}
		return
	}
	m.Run()
}

// work writes, syncs, truncates, renames, and records the result of each in another file.
func work(file string) error {
	f, err := os.Create(filepath.Clean(file))
	if err != nil {
		return err
	}
	n, failed := f.WriteAt([]byte("twelve bytes"), 4096)
	notes := fmt.Sprintln(n, failed != nil, f.Sync() != nil, f.Truncate(5000) != nil)
	if err := os.Rename(file, file+".done"); err != nil {
		return err
	}
	return os.WriteFile(file+".notes", []byte(notes), 0o600)
}

// watcher records the calls on the file and gives one of them a fate.
type watcher struct {
	file      string
	at        int
	injection tracer.Injection
	seen      []string
	n         int
}

func (w *watcher) Begins(c *tracer.Call) tracer.Injection {
	if c.Path != w.file {
		return tracer.Injection{}
	}
	w.n++
	if w.n == w.at {
		return w.injection
	}
	return tracer.Injection{}
}

func (w *watcher) Ends(c *tracer.Call) {
	if c.Path == w.file {
		w.seen = append(w.seen, fmt.Sprintf("%v %d %d %s %s = %d", c.Kind, c.Offset, c.Size, c.Data, filepath.Base(c.To), c.Result))
	}
}

// watch runs the program and returns its notes; "" if it did not get that far.
func watch(t *testing.T, at int, injection tracer.Injection) (w *watcher, notes string, how syscall.WaitStatus) {
	t.Helper()
	w = &watcher{file: filepath.Join(t.TempDir(), "file"), at: at, injection: injection}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+w.file)
	p, err := tracer.Start(cmd, w)
	if err != nil {
		t.Fatal(err)
	}
	if how, err = p.Wait(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(w.file + ".notes")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return w, string(text), how
}

func TestEveryCallIsSeen(t *testing.T) {
	t.Parallel()
	w, notes, how := watch(t, 0, tracer.Injection{})
	want := []string{"write 4096 0 twelve bytes . = 12", "sync 0 0  . = 0", "truncate 0 5000  . = 0", "rename 0 0  file.done = 0"}
	if notes != "12 false false false\n" || how.ExitStatus() != 0 || fmt.Sprint(w.seen[1:]) != fmt.Sprint(want) {
		t.Errorf("notes %q, end %v, calls %q", notes, how, w.seen)
	}
}

func TestInjections(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		at        int
		injection tracer.Injection
		notes     string
		killed    bool
	}{
		"the write fails":            {2, tracer.Injection{Fail: syscall.ENOSPC}, "0 true false false\n", false},
		"the write falls short":      {2, tracer.Injection{Short: 5}, "12 false false false\n", false}, // package os writes the rest
		"the sync fails":             {3, tracer.Injection{Fail: syscall.EIO}, "12 false true false\n", false},
		"the truncation fails":       {4, tracer.Injection{Fail: syscall.EIO}, "12 false false true\n", false},
		"killed before the truncate": {4, tracer.Injection{Kill: tracer.Before}, "", true},
		"killed after the rename":    {5, tracer.Injection{Kill: tracer.After}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, notes, how := watch(t, tt.at, tt.injection)
			if notes != tt.notes || how.Signaled() != tt.killed {
				t.Errorf("notes %q, end %v, calls %q", notes, how, w.seen)
			}
			if _, err := os.Stat(w.file + ".done"); err == nil != (tt.at == 5 || !tt.killed) {
				t.Errorf("renamed: %v", err)
			}
		})
	}
}
