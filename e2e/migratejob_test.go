package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// jobSIMs is how many SIMs the jobs of these tests move: 20 chunks.
const jobSIMs = 10_000

// A job of simferry migrate continues after Ctrl-C. Other commands watch it, cancel it and
// take it back.
func TestMigrateJobAfterCtrlC(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it needs SIGINT")
	}
	t.Parallel()
	f := newJobFleet(t)
	f.front.holdNext()
	report := filepath.Join(t.TempDir(), "report.csv")
	migrate := f.start(t, "migrate", "--to", "Fleet FR", "--file", f.file, "--yes", "--report", report)
	migrate.await(t, "Job 1 is paused")
	id := f.front.held()
	migrate.interrupt(t)
	migrate.ends(t, bulk.ExitPartly, fmt.Sprintf("Job %d goes on without this command", id), fmt.Sprintf("simferry jobs watch %d", id),
		fmt.Sprintf("simferry jobs cancel %d", id), "interrupted")
	text, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(text), ",moved,") || !strings.Contains(string(text), ",not_moved,") {
		t.Errorf("the report after Ctrl-C: %v, %d bytes", err, len(text))
	}

	watch := f.start(t, "jobs", "watch", "1")
	watch.await(t, "Job 1 is paused")
	f.start(t, "jobs", "cancel", "1").ends(t, bulk.ExitDone, "Job 1 is cancelled")
	watch.ends(t, bulk.ExitPartly, "Job 1 is cancelled")
	if n := f.in(t, plainTarget); n == 0 || n == jobSIMs {
		t.Errorf("%d SIMs are in the target after the job was cancelled", n)
	}
	f.start(t, "jobs", "undo", "1", "--yes").ends(t, bulk.ExitDone, "is completed")
	if back := f.activated(t); back != jobSIMs {
		t.Errorf("%d SIMs are back and Activated, of %d", back, jobSIMs)
	}
	f.sound(t)
}

// The server restarts while simferry migrate watches its job: the command waits for it, and reports
// the job's end.
func TestMigrateJobOverRestart(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it needs SIGTERM")
	}
	t.Parallel()
	f := newJobFleet(t)
	f.front.holdNext()
	migrate := f.start(t, "migrate", "--to", "Fleet FR", "--file", f.file, "--yes")
	migrate.await(t, "Job 1 is paused")
	f.restart(t, func() { migrate.await(t, "trying again in") })
	f.start(t, "jobs", "resume", "1").ends(t, bulk.ExitDone, "Job 1 is ")
	migrate.ends(t, bulk.ExitDone, "10,000  moved to Fleet FR", "simferry jobs undo 1")
	f.sound(t)
}

// jobFleet is a server with SIMs, behind a front, and a user of it.
type jobFleet struct {
	*killed
	front    *holding
	client   *client.Client
	database string
	server   *program
}

func newJobFleet(t *testing.T) *jobFleet {
	t.Helper()
	address, stop := serveSIMs(t, jobSIMs)
	front := newHolding(t, address)
	f := &jobFleet{killed: newKilled(t, front.url, jobSIMs), front: front}
	c, err := client.New(address, client.WithPassword(fakeserver.Username, fakeserver.Password))
	if err != nil {
		t.Fatal(err)
	}
	front.admin.Store(c)
	f.client = c
	front.stop = stop
	return f
}

// restart stops the server, waits for what happens meanwhile, and starts it again on its database.
func (f *jobFleet) restart(t *testing.T, meanwhile func()) {
	t.Helper()
	f.database = f.front.stop()
	meanwhile()
	f.server = startServer(t, t.TempDir(), "--database", f.database)
	f.front.use(t, "http://"+f.server.address(t, "listening"))
}

// sound stops the server and checks its database.
func (f *jobFleet) sound(t *testing.T) {
	t.Helper()
	if f.server != nil {
		f.server.stop(t)
	} else {
		f.database = f.front.stop()
	}
	if out, err := exec.CommandContext(t.Context(), "simferry", "fsck", "--database", f.database).CombinedOutput(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}

// in counts the SIMs of a Workspace.
func (f *jobFleet) in(t *testing.T, workspace int64) int { return f.count(t, workspace, "") }

// activated counts the SIMs that are as they were at first.
func (f *jobFleet) activated(t *testing.T) int { return f.count(t, plainHome, "status:1") }

func (f *jobFleet) count(t *testing.T, workspace int64, filter string) int {
	t.Helper()
	page, err := f.client.InWorkspace(workspace).ListSIMs(t.Context(), client.ListOptions{PerPage: 1, Filter: filter})
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

// start runs a command.
func (f *jobFleet) start(t *testing.T, args ...string) *command {
	t.Helper()
	c := &command{Cmd: f.command(t.Context(), args...), ended: make(chan error, 1)}
	c.Stdout, c.Stderr = &c.output, &c.output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.ended <- c.Wait() }()
	return c
}

// command is a command that runs.
type command struct {
	*exec.Cmd
	output transcript
	ended  chan error
}

// transcript is what a command has printed so far.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// jobPatience is how long a command may take on a slow machine.
const jobPatience = 2 * time.Minute

// await waits until the command has printed a text.
func (c *command) await(t *testing.T, text string) {
	t.Helper()
	poll, timeout := time.NewTicker(5*time.Millisecond), time.After(jobPatience)
	defer poll.Stop()
	for !strings.Contains(c.output.String(), text) {
		select {
		case <-poll.C:
		case err := <-c.ended:
			t.Fatalf("%v ended with %v, without %q:\n%s", c.Args, err, text, c.output.String())
		case <-timeout:
			t.Fatalf("%v does not say %q:\n%s", c.Args, text, c.output.String())
		}
	}
}

func (c *command) interrupt(t *testing.T) {
	t.Helper()
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// ends waits for the end of the command, and wants its exit code and texts.
func (c *command) ends(t *testing.T, code int, texts ...string) {
	t.Helper()
	var err error
	select {
	case err = <-c.ended:
	case <-time.After(jobPatience):
		t.Fatalf("%v does not end:\n%s", c.Args, c.output.String())
	}
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !strings.Contains(c.output.String(), text) {
			t.Errorf("%v does not say %q", c.Args, text)
		}
	}
	if got != code || t.Failed() {
		t.Fatalf("%v: exit code %d, want %d:\n%s", c.Args, got, code, c.output.String())
	}
}

// holding stands before a server, and pauses a job in its middle, before the response to its start.
type holding struct {
	url    string
	admin  atomic.Pointer[client.Client]
	target atomic.Pointer[url.URL]
	hold   atomic.Bool
	job    atomic.Int64
	stop   func() string // of the server
}

func newHolding(t *testing.T, address string) *holding {
	t.Helper()
	h := &holding{}
	h.use(t, address)
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(h.target.Load()) },
		ErrorLog: log.New(io.Discard, "", 0),
		ModifyResponse: func(r *http.Response) error {
			path := r.Request.URL.Path
			if !strings.HasSuffix(path, "/start") || r.StatusCode != http.StatusOK || !h.hold.CompareAndSwap(true, false) {
				return nil
			}
			var id int64
			if _, err := fmt.Sscanf(path, "/api/v1/migration_job/%d/start", &id); err != nil {
				return err
			}
			h.job.Store(id)
			return pausedInTheMiddle(r.Request.Context(), h.admin.Load(), id)
		},
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	h.url = front.URL
	return h
}

// use sends the requests to a server.
func (h *holding) use(t *testing.T, address string) {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	h.target.Store(target)
}

// holdNext pauses the job that is started next.
func (h *holding) holdNext() { h.hold.Store(true) }

// held returns the job that was paused.
func (h *holding) held() int64 { return h.job.Load() }

// pausedInTheMiddle pauses a job after its first chunk and before its last.
func pausedInTheMiddle(ctx context.Context, c *client.Client, id int64) error {
	for {
		if _, err := c.PauseJob(ctx, id); err != nil {
			return err
		}
		j, err := c.Job(ctx, id)
		if err != nil || j.Count(client.VerdictDone) > 0 {
			return err
		}
		if _, err := c.ResumeJob(ctx, id); err != nil {
			return err
		}
	}
}
