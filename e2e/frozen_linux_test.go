package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

const (
	frozenUsers   = 16 // Administrators who want the frozen server's SIMs
	frozenClients = 64 // their requests at once
	frozenPass    = "correct horse"

	// maxAnswerTime is how soon the other server answers for the SIMs of a frozen one.
	maxAnswerTime = 10 * time.Second

	// frozenSlower is how many times slower others may be meanwhile, beyond what the machine does
	// to a server that has nothing else to do.
	frozenSlower = 2

	// frozenOthers is how often others are served at least while these callers wait.
	frozenOthers = 10
)

// twoServers are two processes over one PostgreSQL.
type twoServers struct {
	database string
	a, b     *proc.Server
	floor    *proc.Server // on another database of the cluster, for the others only
	watch    *pgx.Conn
}

func startTwoServers(t *testing.T) *twoServers {
	t.Helper()
	cluster, err := pgtest.Start(pgtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Remove(); err != nil {
			t.Error(err)
		}
	})
	s := &twoServers{database: cluster.URL("postgres")}
	seed := filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(seed, frozenWorld(), 0o600); err != nil {
		t.Fatal(err)
	}
	s.a = s.serve(t, "--seed", seed)
	s.b = s.serve(t)
	if s.watch, err = pgx.Connect(t.Context(), s.database); err != nil {
		t.Fatal(err)
	}
	if _, err := s.watch.Exec(t.Context(), "CREATE DATABASE floor"); err != nil {
		t.Fatal(err)
	}
	on := &twoServers{database: cluster.URL("floor")}
	s.floor = on.serve(t, "--seed", seed)
	t.Cleanup(func() { _ = s.watch.Close(context.WithoutCancel(t.Context())) })
	return s
}

func (s *twoServers) serve(t *testing.T, args ...string) *proc.Server {
	t.Helper()
	server, err := proc.Serve(t.Context(), proc.Options{Binary: "simferry", Database: s.database, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() })
	return server
}

// frozenWorld has SIMs 1 to 100, which are moved by the server that freezes, and 101 to 200.
func frozenWorld() []byte {
	var b bytes.Buffer
	b.WriteString(`
workspaces:
  - {id: 1, name: Issuer, type: mno}
  - {id: 10, name: Fleet DE, type: enterprise, parent: 1}
  - {id: 20, name: Fleet FR, type: enterprise, parent: 1}
users:
`)
	for i := 1; i <= frozenUsers+1; i++ {
		fmt.Fprintf(&b, "  - {id: %d, username: u%d@example.com, name: U, password: %s, default_workspace: 10, roles: {10: administrator, 20: administrator}}\n", i, i, frozenPass)
	}
	fmt.Fprintf(&b, "sim_ranges:\n  - {first_id: 1, first_iccid: %q, count: 200, workspace: 10, issuer: 1, status: activated}\n", plainICCID(1))
	return b.Bytes()
}

// caller is a user with a bearer of one server.
type frozenCaller struct {
	url, bearer string
}

func frozenSignIn(t *testing.T, url string, user int) frozenCaller {
	t.Helper()
	digest := sha1.Sum([]byte(frozenPass))
	body := fmt.Sprintf(`{"username": "u%d@example.com", "password": %q}`, user, hex.EncodeToString(digest[:]))
	status, answer, _, err := frozenCaller{url: url}.post(t.Context(), "/api/v1/authenticate", body)
	var tokens struct {
		AuthToken string `json:"auth_token"`
	}
	if err != nil || status != http.StatusOK || json.Unmarshal(answer, &tokens) != nil {
		t.Fatalf("sign-in: %d %s %v", status, answer, err)
	}
	return frozenCaller{url, tokens.AuthToken}
}

func (c frozenCaller) post(ctx context.Context, path, body string) (status int, answer []byte, header http.Header, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, resp.Header, err
}

// move moves SIMs first to last for real.
func (c frozenCaller) move(ctx context.Context, first, last, target int) (status int, answer []byte, header http.Header, err error) {
	var ids []map[string]int
	for id := first; id <= last; id++ {
		ids = append(ids, map[string]int{"id": id})
	}
	body, _ := json.Marshal(map[string]any{ //nolint:errchkjson // numbers and booleans
		"sims": ids, "target_workspace": map[string]int{"id": target}, "dry_run": false,
	})
	return c.post(ctx, "/api/v1/sim/migration/workspace", string(body))
}

// patientFor is how long a session has waited for a lock when it is in its second, patient
// attempt. The first attempt ends after a moment, and takes its locks with it.
const patientFor = time.Second

// freezeInside lets server A begin to move SIMs 1 to 100, and stops it while their rows are
// locked by a transaction that waits for its next statement. On a slow machine the wait may end
// before the server is stopped; then it tries again.
func (s *twoServers) freezeInside(t *testing.T) {
	t.Helper()
	mover := frozenSignIn(t, s.a.URL, frozenUsers+1)
	moving, stop := context.WithCancel(t.Context())
	defer stop()
	last := make(chan string, 1)
	go mover.moveAlways(moving, last)
	for range 20 {
		if s.freezeOnce(t, last) {
			return
		}
		s.continueA(t)
	}
	t.Fatalf("server A was never stopped inside a migration\n%s", s.a.Log())
}

// moveAlways moves SIMs 1 to 100 back and forth until ctx ends, without canceling a request.
// last holds the last response.
func (c frozenCaller) moveAlways(ctx context.Context, last chan string) {
	for target := 20; ctx.Err() == nil; target = 30 - target {
		status, answer, _, err := c.move(context.WithoutCancel(ctx), 1, 100, target)
		select {
		case <-last:
		default:
		}
		last <- fmt.Sprintf("%d %.200s %v", status, answer, err)
		faults.Pause(ctx, 10*time.Millisecond)
	}
}

// freezeOnce stops server A once, and reports whether it was inside a migration.
func (s *twoServers) freezeOnce(t *testing.T, last chan string) bool {
	t.Helper()
	blocker, err := pgx.Connect(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = blocker.Close(context.WithoutCancel(t.Context())) }() // it ends the transaction
	if _, err := blocker.Exec(t.Context(), "BEGIN; LOCK TABLE events IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	var pid int
	s.await(t, "a migration that waits for the table", func() bool {
		err := s.watch.QueryRow(t.Context(), `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'
			AND query_start < clock_timestamp() - $1 * interval '1 ms' AND xact_start IS NOT NULL`, patientFor.Milliseconds()).Scan(&pid)
		select {
		case answer := <-last:
			t.Logf("a migration while the table is locked: %s", answer)
		default:
		}
		return err == nil
	})
	if err := s.a.Freeze(); err != nil {
		t.Fatal(err)
	}
	if _, err := blocker.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	var state string
	s.await(t, "the session of the frozen server has its lock", func() bool {
		err := s.watch.QueryRow(t.Context(), "SELECT coalesce((SELECT state FROM pg_stat_activity WHERE pid = $1), 'ended')", pid).Scan(&state)
		return err == nil && state != "active"
	})
	return state == "idle in transaction"
}

// continueA continues server A.
func (s *twoServers) continueA(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(s.a.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

func (s *twoServers) await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !done(); faults.Pause(t.Context(), 10*time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not within a minute: %s\n%s", what, s.a.Log())
		}
	}
}

// otherTimes are the durations of other callers' migrations, and alternately those of the same
// migrations on an idle server.
type otherTimes struct{ took, floor []time.Duration }

// others moves SIMs 101 to 150 back and forth on both servers until stop is closed.
func (s *twoServers) others(t *testing.T, c, floor frozenCaller, stop <-chan struct{}, most int) (all otherTimes) {
	for target := 20; len(all.took) < most; target = 30 - target {
		select {
		case <-stop:
			return all
		default:
		}
		for _, at := range []struct {
			frozenCaller
			took *[]time.Duration
		}{{c, &all.took}, {floor, &all.floor}} {
			began := time.Now()
			status, answer, _, err := at.move(t.Context(), 101, 150, target)
			if err != nil || status != http.StatusOK {
				t.Errorf("a migration of other SIMs: %d %s %v", status, answer, err)
				return all
			}
			*at.took = append(*at.took, time.Since(began))
			faults.Pause(t.Context(), 10*time.Millisecond)
		}
	}
	return all
}

// slower returns how much slower other callers are than usual, and how much slower the machine
// makes an idle server.
func (during otherTimes) slower(usual otherTimes) (others, floor float64) {
	ratio := func(a, b []time.Duration) float64 { return float64(median(a)) / float64(median(b)) }
	return ratio(during.took, usual.took), ratio(during.floor, usual.floor)
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// One of two servers is stopped inside a migration. The other answers for these SIMs within
// ten seconds, for others meanwhile, and stays ready.
func TestFrozenServerDoesNotBlockOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs two servers for half a minute")
	}
	s := startTwoServers(t)
	other, floor := frozenSignIn(t, s.b.URL, frozenUsers+1), frozenSignIn(t, s.floor.URL, frozenUsers+1)
	var callers []frozenCaller
	for i := 1; i <= frozenUsers; i++ {
		callers = append(callers, frozenSignIn(t, s.b.URL, i))
	}
	never := make(chan struct{})
	s.others(t, other, floor, never, 10)
	usual := s.others(t, other, floor, never, 40)

	s.freezeInside(t)
	frozen := time.Now()
	stop := make(chan struct{})
	var during otherTimes
	var ready []time.Duration
	var measuring, asking sync.WaitGroup
	measuring.Go(func() { during = s.others(t, other, floor, stop, 10_000) })
	measuring.Go(func() { ready = s.readiness(t, stop) })
	for i := range frozenClients {
		asking.Go(func() { s.askForFrozen(t, callers[i%len(callers)]) })
	}
	asking.Wait()
	stopped := time.Since(frozen)
	close(stop)
	measuring.Wait()
	if len(during.floor) < frozenOthers {
		t.Fatalf("others were served %d times", len(during.floor))
	}
	slower, machine := during.slower(usual)
	t.Logf("others: usually %v, meanwhile %v (worst %v of %d): %.2f times; the floor %v and %v: %.2f times; /readyz worst %v of %d; all answered after %v",
		median(usual.took), median(during.took), slices.Max(during.took), len(during.took), slower,
		median(usual.floor), median(during.floor), machine, slices.Max(ready), len(ready), stopped)
	if slower > frozenSlower*max(1, machine) {
		t.Errorf("others take %.2f times as long, the floor %.2f times", slower, machine)
	}
	// The machine may be busy with other things, so the worst time is compared with how long the
	// callers wait who want the frozen server's SIMs: seconds.
	if slices.Max(during.took) > stopped*3/4 {
		t.Errorf("others were served after %v at most", slices.Max(during.took))
	}
	if slices.Max(ready) > 2*time.Second {
		t.Errorf("/readyz took %v", slices.Max(ready))
	}
	s.checkContinued(t, callers[0])
}

// askForFrozen wants the frozen server's SIMs.
func (s *twoServers) askForFrozen(t *testing.T, c frozenCaller) {
	began := time.Now()
	status, answer, header, err := c.move(t.Context(), 1, 100, 20)
	if took := time.Since(began); took > maxAnswerTime {
		t.Errorf("an answer after %v: %d", took, status)
	}
	switch {
	case err != nil:
		t.Error(err)
	case status == http.StatusOK, status == http.StatusConflict:
	case (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) && header.Get("Retry-After") != "":
	default:
		t.Errorf("%d %s", status, answer)
	}
}

func (s *twoServers) readiness(t *testing.T, stop <-chan struct{}) (took []time.Duration) {
	for {
		select {
		case <-stop:
			return took
		default:
		}
		began := time.Now()
		resp, err := http.Get(s.b.URL + "/readyz") //nolint:noctx // it must not end with the test
		if err != nil {
			t.Error(err)
			return took
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("/readyz: %d", resp.StatusCode)
			return took
		}
		took = append(took, time.Since(began))
		faults.Pause(t.Context(), 20*time.Millisecond)
	}
}

// checkContinued lets the frozen server continue: it finds its session ended, and nothing is half
// done.
func (s *twoServers) checkContinued(t *testing.T, c frozenCaller) {
	t.Helper()
	if status, answer, _, err := c.move(t.Context(), 1, 100, 10); err != nil || status != http.StatusOK && status != http.StatusConflict {
		t.Errorf("the SIMs cannot be moved: %d %s %v", status, answer, err)
	}
	s.continueA(t)
	s.await(t, "the continued server is ready", func() bool {
		resp, err := http.Get(s.a.URL + "/readyz") //nolint:noctx // asked until it is
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	for _, server := range []*proc.Server{s.a, s.b} {
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "simferry", "fsck", "--database", s.database).CombinedOutput(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}
