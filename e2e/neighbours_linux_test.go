package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// maxSlowdown is how many times slower than idle the p99 of another Workspace may be.
const maxSlowdown = 3

// neighbourTimes are the times of one window: of a read and a write of the quiet Workspace, and
// of a request to a server that has nothing to do, which shows what the machine does.
type neighbourTimes struct{ read, write, floor []time.Duration }

// neighbours are a server with a noisy and a quiet Workspace, and a server without work.
type neighbours struct {
	*starved
	idle      *proc.Server
	client    *http.Client
	measured  bool // windows last a second
	suspended bool // the SIM that is written
}

const (
	toActivated = `{"status": {"id": 1}}`
	toSuspended = `{"status": {"id": 2}}`
)

// sim returns the URL of the quiet Workspace's SIM.
func (n *neighbours) sim() string { return n.server.URL + "/api/v1/sim/9000" }

// TestNoisyNeighbours measures how much a noisy Workspace, and floods of sign-ins, slow down
// reads and writes of another Workspace, on both engines. Windows with and without load take
// turns, because the machine is not the same at all times; the ratio is that of the medians of
// their p99. SIMFERRY_NEIGHBOURS is the number of windows: with it the bar of 3 is required.
// Without it one window of a few rounds checks that each request succeeds, and no time: a busy
// machine has any.
//
//	SIMFERRY_NEIGHBOURS=20 go test -run TestNoisyNeighbours -v -timeout 1h ./e2e
func TestNoisyNeighbours(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes several seconds")
	}
	windows, measured := 1, false
	if n, err := strconv.Atoi(os.Getenv("SIMFERRY_NEIGHBOURS")); err == nil {
		windows, measured = n, true
	}
	t.Run("sqlite", func(t *testing.T) {
		neighboursOn(t, "sqlite:"+filepath.Join(t.TempDir(), "fleet.db"), windows, measured)
	})
	if measured {
		t.Run("postgres", func(t *testing.T) {
			cluster, err := pgtest.Start(pgtest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := cluster.Remove(); err != nil {
					t.Error(err)
				}
			})
			neighboursOn(t, cluster.URL("postgres"), windows, measured)
		})
	}
}

func neighboursOn(t *testing.T, database string, windows int, measured bool) {
	t.Helper()
	n := &neighbours{starved: startStarvedOn(t, database), client: &http.Client{}, measured: measured}
	var err error
	n.idle, err = proc.Serve(t.Context(), proc.Options{Binary: "simferry", Database: "sqlite:" + filepath.Join(t.TempDir(), "idle.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.idle.Kill() })
	attacks := n.attacks()
	n.timed(t.Context(), http.MethodPatch, n.sim(), toActivated, http.StatusNoContent)
	n.window(t.Context()) // to be warm
	for _, name := range slices.Sorted(maps.Keys(attacks)) {
		if only := os.Getenv("SIMFERRY_NEIGHBOUR"); only != "" && !strings.Contains(name, only) {
			continue
		}
		var idle, busy []neighbourTimes
		for range windows {
			idle = append(idle, n.window(t.Context()))
			end := attacks[name](t)
			n.window(t.Context()) // while it begins
			busy = append(busy, n.window(t.Context()))
			end()
		}
		for what, of := range map[string]func(neighbourTimes) []time.Duration{
			"reads":  func(w neighbourTimes) []time.Duration { return w.read },
			"writes": func(w neighbourTimes) []time.Duration { return w.write },
			"floor":  func(w neighbourTimes) []time.Duration { return w.floor },
		} {
			i50, b50, i99, b99 := typical(idle, of, 50), typical(busy, of, 50), typical(idle, of, 99), typical(busy, of, 99)
			ratio := float64(b99) / float64(i99)
			t.Logf("%s: %s: p50 %v and %v (%.1f times), p99 %v and %v (%.1f times)", name, what,
				i50, b50, float64(b50)/float64(i50), i99, b99, ratio)
			if measured && what != "floor" && ratio > maxSlowdown {
				t.Errorf("%s: %s: p99 is %.1f times that of the idle server", name, what, ratio)
			}
		}
	}
}

// attacks are what a noisy Workspace, or strangers, do: each begins, and returns what ends it.
func (n *neighbours) attacks() map[string]func(*testing.T) (end func()) {
	url := n.server.URL
	flood := func(f floodOf) func(*testing.T) func() {
		f.URL = url + f.URL
		return func(t *testing.T) func() { t.Helper(); return startFlood(t, f) }
	}
	get := func(path, bearer string, header map[string]string) func(*testing.T) func() {
		return flood(floodOf{URL: path, Method: http.MethodGet, Bearer: bearer, Clients: 50, Header: header})
	}
	cookie := map[string]string{"Cookie": strings.TrimPrefix(n.console("admin@example.com"), "Cookie: ")}
	verdicts := n.doneJob() + "/sim"
	signIn := floodOf{URL: "/api/v1/authenticate", Method: http.MethodPost, Clients: 64, Body: []byte(starvedCredentials("x@example.com"))}
	signIns := signIn
	signIns.Many = true
	numbers := gzipOf(starvedNumbers(1 << 18))
	return map[string]func(*testing.T) func(){
		"lists":                       get("/api/v1/sim?per_page=2500", n.observer, nil),
		"sign-ins from one address":   flood(signIn),
		"sign-ins from many networks": flood(signIns),
		"pages of verdicts":           get(verdicts+"?per_page=2500", n.admin, nil),
		"verdicts as CSV":             get(verdicts, n.admin, map[string]string{"Accept": "text/csv"}),
		"verdicts as JSON Lines":      get(verdicts, n.admin, map[string]string{"Accept": "application/jsonl"}),
		"watches":                     get(strings.TrimSuffix(verdicts, "/sim")+"/watch", n.admin, map[string]string{"Accept": "text/event-stream"}),
		"exports of the console":      get("/sims/export", "", cookie),
		"pages of the console":        get("/sims", "", cookie),
		"jobs":                        func(t *testing.T) func() { t.Helper(); return n.jobs(t, false) },
		"previews of jobs":            func(t *testing.T) func() { t.Helper(); return n.jobs(t, true) },
		"uploads for jobs": func(t *testing.T) func() {
			t.Helper()
			end := startFlood(t, floodOf{
				URL: url + "/api/v1/migration_job?target_workspace=100", Method: http.MethodPost, Bearer: n.admin, Clients: 20, Body: numbers,
				Header: map[string]string{"Content-Type": "text/csv", "Content-Encoding": "gzip"},
			})
			return func() { end(); n.cancelJobs(t.Context()) }
		},
	}
}

const statusJob = `{"status": {"id": %d}, "select": {"filter": {"workspace": {"id": 100}}}, "dry_run": %t, "on_conflict": "skip"}`

// doneJob makes a job with a verdict for each SIM of the noisy Workspace, and returns its path.
func (n *neighbours) doneJob() string {
	n.t.Helper()
	path := n.makeJob(n.t.Context(), fmt.Sprintf(statusJob, 1, false))
	n.follow(n.t.Context(), path)
	return path
}

// jobs makes one job after the other, each of all SIMs of the noisy Workspace, until end is called;
// plans of them if dry is set.
func (n *neighbours) jobs(t *testing.T, dry bool) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for to := 2; ctx.Err() == nil; to = 3 - to {
			n.follow(t.Context(), n.makeJob(t.Context(), fmt.Sprintf(statusJob, to, dry)))
		}
	})
	return func() { cancel(); running.Wait() }
}

// asAdmin sends a request of the noisy Workspace, and repeats it while the server has no room for
// it: requests of the last attack may still be running.
func (n *neighbours) asAdmin(ctx context.Context, method, path, body string) (status int, location string, text []byte) {
	for {
		req, err := http.NewRequestWithContext(ctx, method, n.server.URL+path, strings.NewReader(body))
		if err != nil {
			n.t.Error(err)
			return 0, "", nil
		}
		req.Header.Set("Authorization", "Bearer "+n.admin)
		resp, err := n.client.Do(req)
		if err != nil {
			n.t.Error(err)
			return 0, "", nil
		}
		text, _ = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
			return resp.StatusCode, resp.Header.Get("Location"), text
		}
	}
}

// makeJob makes a job of the noisy Workspace, and returns its path.
func (n *neighbours) makeJob(ctx context.Context, body string) string {
	status, location, text := n.asAdmin(ctx, http.MethodPost, "/api/v1/sim_status_job", body)
	if status != http.StatusCreated {
		n.t.Errorf("a job: %d %s", status, text)
	}
	return location
}

// cancelJobs cancels the jobs that are being planned, so that nothing is left to do.
func (n *neighbours) cancelJobs(ctx context.Context) {
	status, _, text := n.asAdmin(ctx, http.MethodGet, "/api/v1/migration_job?q=state:planning&per_page=1000", "")
	var jobs []struct{ ID int64 }
	if err := json.Unmarshal(text, &jobs); err != nil {
		n.t.Errorf("jobs that are being planned: %d %s: %v", status, text, err)
	}
	for _, j := range jobs { // a job may have been planned meanwhile
		n.asAdmin(ctx, http.MethodPost, fmt.Sprintf("/api/v1/migration_job/%d/cancel", j.ID), "")
	}
}

// follow watches a job until it has ended or is planned.
func (n *neighbours) follow(ctx context.Context, path string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.server.URL+path+"/watch", http.NoBody)
	if err != nil {
		n.t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+n.admin)
	req.Header.Set("Accept", "text/event-stream")
	resp, err := n.client.Do(req)
	if err != nil {
		n.t.Error(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if line := lines.Text(); strings.Contains(line, `"state":"planned"`) {
			return
		}
	}
}

// windowRounds is the number of rounds of a window that is not measured.
const windowRounds = 20

// window measures for a second, or only makes some rounds.
func (n *neighbours) window(ctx context.Context) (w neighbourTimes) {
	until := time.Now().Add(time.Second)
	for i := 0; n.measured && time.Now().Before(until) || !n.measured && i < windowRounds; i++ {
		took, status := n.read(n.client)
		if status != http.StatusOK {
			n.t.Errorf("a read of the quiet Workspace got a %d", status)
		}
		w.read = append(w.read, took)
		body := toSuspended
		if n.suspended {
			body = toActivated
		}
		n.suspended = !n.suspended
		w.write = append(w.write, n.timed(ctx, http.MethodPatch, n.sim(), body, http.StatusNoContent))
		w.floor = append(w.floor, n.timed(ctx, http.MethodGet, n.idle.URL+"/healthz", "", http.StatusOK))
	}
	return w
}

func (n *neighbours) timed(ctx context.Context, method, url, body string, want int) time.Duration {
	n.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+n.quiet)
	start := time.Now()
	resp, err := n.client.Do(req)
	if err != nil {
		n.t.Errorf("%s %s: %v", method, url, err)
		return time.Since(start)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != want {
		n.t.Errorf("%s %s: %d %s", method, url, resp.StatusCode, text)
	}
	return time.Since(start)
}

// typical returns the median over all windows of a percentile of each.
func typical(windows []neighbourTimes, of func(neighbourTimes) []time.Duration, p int) time.Duration {
	each := make([]time.Duration, len(windows))
	for i, w := range windows {
		each[i] = percentile(of(w), p)
	}
	return percentile(each, 50)
}

// percentile of measured times.
func percentile(all []time.Duration, p int) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*p/100)]
}
