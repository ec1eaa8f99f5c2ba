package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// The size of the test, from the environment: make ferry-kill sets the large one.
var (
	killedSIMs  = fromEnv("SIMFERRY_TEST_KILL_SIMS", 2000)
	killedChunk = fromEnv("SIMFERRY_TEST_KILL_CHUNK", 50)
	kills       = fromEnv("SIMFERRY_TEST_KILLS", 6)
)

func fromEnv(name string, preset int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return preset
}

// However often the command is killed, and whatever server it uses, each SIM moves once, none is
// left out, and the report shows it.
func TestResumeAfterKill(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it needs SIGKILL")
	}
	t.Run("plain server", func(t *testing.T) {
		t.Parallel()
		f := plainFleet(killedSIMs)
		s := fakeserver.Start(t, f, plainHome, fakeserver.Options{Throttle: 97, LoseAfter: 9, FailBefore: 25, FailAfter: 13, Spend: 31})
		k := &killed{}
		k.start(t, k.proxy(t, s.URL), killedSIMs)
		k.through(t)
		in, moves, twice := f.Tally(plainTarget)
		if in != killedSIMs || moves != killedSIMs || twice != 0 || s.Reused > 0 {
			t.Errorf("%d SIMs arrived by %d moves, %d of them more than once; %d refresh tokens used again", in, moves, twice, s.Reused)
		}
		t.Logf("%d requests", s.Requests())
	})
	t.Run("Simferry", func(t *testing.T) {
		t.Parallel()
		url, stop := serveSIMs(t, killedSIMs)
		k := &killed{}
		k.start(t, k.proxy(t, url), killedSIMs)
		k.through(t)
		k.recorded(t, url)
		database := stop()
		if out, err := exec.CommandContext(t.Context(), "simferry", "fsck", "--database", database).CombinedOutput(); err != nil {
			t.Errorf("fsck: %v\n%s", err, out)
		}
	})
}

// killed is one run that is killed and resumed by new processes until it is complete.
type killed struct {
	home, file string
	environ    []string
	inFlight   int // kills while the outcome of a chunk was unknown
	hold       atomic.Pointer[hold]
}

// hold keeps chunks from the server from a length of the journal on. Without it, a process might
// end before a busy machine stops it.
type hold struct {
	lines    int
	released chan struct{} // chunks pass once it is closed
}

func newKilled(t testing.TB, url string, n int) *killed {
	t.Helper()
	k := &killed{}
	k.start(t, url, n)
	return k
}

// start writes the file of n SIMs and signs in.
func (k *killed) start(t testing.TB, url string, n int) {
	t.Helper()
	dir := t.TempDir()
	k.home, k.file = filepath.Join(dir, "home"), filepath.Join(dir, "sims.txt")
	k.environ = append(os.Environ(), "SIMFERRY_HOME="+k.home)
	var list strings.Builder
	for i := 1; i <= n; i++ {
		list.WriteString(plainICCID(i) + "\n")
	}
	if err := os.WriteFile(k.file, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	login := k.command(t.Context(), "login", "--server", url, "--username", fakeserver.Username, "--password-stdin")
	login.Stdin = strings.NewReader(fakeserver.Password)
	if out, err := login.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// proxy starts a server that passes requests on. It holds a chunk when the journal is long
// enough.
func (k *killed) proxy(t *testing.T, server string) string {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(target)
	pass.ErrorLog = log.New(io.Discard, "", 0) // it reports each client that was killed
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a server notices only then that a client is gone
		r.Body = io.NopCloser(bytes.NewReader(body))
		lines, err := k.readJournal()
		if err != nil {
			t.Error(err)
		}
		if h := k.hold.Load(); h != nil && len(lines) >= h.lines && inFlight(lines) {
			select {
			case <-r.Context().Done():
				return
			case <-h.released:
			}
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func (k *killed) command(ctx context.Context, args ...string) *exec.Cmd {
	hangupsReachPrograms()
	cmd := exec.CommandContext(ctx, "simferry", args...)
	cmd.Env = k.environ
	return cmd
}

// through starts and kills processes until enough kills have happened, and lets the last one
// finish.
func (k *killed) through(t *testing.T) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	began := time.Now()
	args := []string{"migrate", "--to", "Fleet FR", "--file", k.file, "--detach", "--yes", "--chunk", strconv.Itoa(killedChunk)}
	// The lines that one process may write: together they stay below those of the whole run.
	most := 2*killedSIMs/killedChunk/(kills+spare) - 2
	life := 0
	for ; life < kills || k.inFlight == 0 && life < kills+spare; life++ {
		if !k.die(t, args, 1+random.IntN(most), life%2 == 0) {
			t.Fatalf("process %d ended before it was killed: the test proves nothing", life)
		}
		args = []string{"migrate", "resume"}
	}
	k.interrupted(t, os.Interrupt)
	k.interrupted(t, syscall.SIGHUP) // the terminal was closed
	out, err := k.command(t.Context(), args...).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("  moved to Fleet FR")) {
		t.Fatalf("%v:\n%s", err, out)
	}
	k.report(t)
	if k.inFlight == 0 {
		t.Error("no kill hit a chunk under way: the test shows nothing")
	}
	t.Logf("seed %d: %d SIMs, %d a request, killed %d times, %d of them with a chunk in doubt, %.1f s",
		seed, killedSIMs, killedChunk, life, k.inFlight, time.Since(began).Seconds())
}

// spare is how many more kills there may be if none has hit a chunk in flight.
const spare = 4

// die starts a process and kills it once it has written that many lines to the journal and, if
// underWay, has a chunk in flight. It reports whether the process was killed before its end.
func (k *killed) die(t *testing.T, args []string, lines int, underWay bool) bool {
	t.Helper()
	ctx, giveUp := context.WithTimeout(t.Context(), 2*time.Minute)
	defer giveUp()
	before := len(k.journal(t))
	k.hold.Store(&hold{lines: before + lines + 2})
	defer k.hold.Store(nil)
	cmd := k.command(ctx, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case err := <-ended:
			t.Logf("%v: %s", err, said.String())
			return false
		case <-poll.C:
		}
		if all := k.journal(t); len(all) < before+lines || underWay && !inFlight(all) {
			continue
		}
		_ = cmd.Process.Kill()
		if err := <-ended; err == nil {
			return false
		}
		if inFlight(k.journal(t)) {
			k.inFlight++
		}
		return true
	}
}

// interrupted resumes the run, and sends a signal when something has moved: the command ends
// normally, and says how to continue.
func (k *killed) interrupted(t *testing.T, how os.Signal) {
	t.Helper()
	before := len(k.journal(t))
	h := &hold{lines: before + 2, released: make(chan struct{})}
	k.hold.Store(h)
	defer k.hold.Store(nil)
	cmd := k.command(t.Context(), "migrate", "resume")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for len(k.journal(t)) == before {
		select {
		case err := <-ended:
			t.Fatalf("%v: %s", err, said.String())
		case <-poll.C:
		}
	}
	if err := cmd.Process.Signal(how); err != nil {
		t.Fatal(err)
	}
	close(h.released)
	err := <-ended
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != bulk.ExitPartly || !strings.Contains(said.String(), "To continue: simferry migrate resume") {
		t.Errorf("interrupted: %v\n%s", err, said.String())
	}
}

// inFlight reports whether a chunk is in flight.
func inFlight(lines []string) bool {
	return len(lines) > 0 && strings.Contains(lines[len(lines)-1], `"step":"sent"`)
}

// journal returns the lines of the only run's journal so far.
func (k *killed) journal(t *testing.T) []string {
	t.Helper()
	lines, err := k.readJournal()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func (k *killed) readJournal() (lines []string, err error) {
	files, err := filepath.Glob(filepath.Join(k.home, "runs", "*", "journal.jsonl"))
	if err != nil || len(files) == 0 {
		return nil, err
	}
	if len(files) > 1 {
		return nil, fmt.Errorf("there is more than one run: %v", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	return slices.Collect(strings.Lines(string(text))), nil
}

// report wants every SIM in it once, moved.
func (k *killed) report(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(k.home, "runs", "*", "report.csv"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v: %v", files, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	seen := make(map[string]bool)
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Split(lines.Text(), ","); fields[2] == "moved" {
			seen[fields[0]] = true
		}
	}
	if len(seen) != killedSIMs {
		t.Errorf("%d SIMs are said to have moved, of %d", len(seen), killedSIMs)
	}
}

// recorded wants each SIM in the target, and as many moves in the ledger as there are SIMs.
func (k *killed) recorded(t *testing.T, url string) {
	t.Helper()
	c, err := client.New(url, client.WithPassword(fakeserver.Username, fakeserver.Password))
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.InWorkspace(plainTarget).ListSIMs(t.Context(), client.ListOptions{PerPage: 1})
	if err != nil || page.Total != killedSIMs {
		t.Fatalf("%v, %v", page, err)
	}
	moves := 0
	for m, err := range c.AllMigrations(t.Context(), client.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if m.TargetWorkspace.ID == plainTarget {
			moves += m.SIMCount
		}
	}
	if moves != killedSIMs {
		t.Errorf("the ledger has %d moves of %d SIMs", moves, killedSIMs)
	}
}

// issuerName is the Administrator of the Workspace that issued the SIMs of serveSIMs.
const issuerName = "issuer@example.com"

// serveSIMs runs a Simferry server in a process of its own. stop ends it and returns its
// database.
func serveSIMs(t testing.TB, n int) (url string, stop func() string) {
	t.Helper()
	dir := t.TempDir()
	world := fmt.Sprintf(`
workspaces:
  - {id: 1, name: Issuer, type: mno}
  - {id: %d, name: Fleet DE, type: enterprise, parent: 1}
  - {id: %d, name: Fleet FR, type: enterprise, parent: 1}
users:
  - {id: 1, username: %s, name: Admin, password: %s, default_workspace: %d, roles: {%d: administrator, %d: administrator}}
  - {id: 2, username: %s, name: Issuer, password: %s, default_workspace: 1, roles: {1: administrator}}
sim_ranges:
  - {first_id: 1, first_iccid: "%s", count: %d, workspace: %d, issuer: 1, status: activated}
`, plainHome, plainTarget, fakeserver.Username, fakeserver.Password, plainHome, plainHome, plainTarget,
		issuerName, fakeserver.Password, plainICCID(1), n, plainHome)
	seed := filepath.Join(dir, "world.yaml")
	if err := os.WriteFile(seed, []byte(world), 0o600); err != nil {
		t.Fatal(err)
	}
	database := "sqlite:" + filepath.Join(dir, "fleet.db")
	server := startServer(t, dir, "--database", database, "--seed", seed)
	return "http://" + server.address(t, "listening"), func() string {
		server.stop(t)
		return database
	}
}
