package client_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

// A job is planned, started, followed to its end, listed and undone.
func TestJobs(t *testing.T) {
	s := startFerry(t)
	c := clientAs(t, s, admin)
	ctx := t.Context()
	if offered, err := c.OffersJobs(ctx); err != nil || !offered {
		t.Fatalf("OffersJobs: %t, %v", offered, err)
	}
	to := api.RefTo(kit.FleetUS)
	made, err := c.CreateMigrationJob(ctx, api.JobRequest{TargetWorkspace: &to, Select: &api.JobSelect{SIMs: []api.IDRef{api.RefTo(250)}}, AutoDetachDevices: api.Some(true)})
	if err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	plan, err := c.Job(ctx, made.ID)
	if err != nil || plan.State != client.JobPlanned || plan.ETag == "" || plan.Ended() {
		t.Fatalf("planned: %+v, %v", plan, err)
	}
	if _, err := c.StartJob(ctx, made.ID, plan.ETag); err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	ended := false
	for j, err := range c.WatchJob(ctx, made.ID) {
		if err != nil {
			t.Fatal(err)
		}
		ended = j.State == client.JobCompleted && j.Count(client.VerdictDone) == 1
	}
	if !ended {
		t.Error("the job was not followed to its end")
	}
	for sim, err := range c.AllJobSIMs(ctx, made.ID, client.ListOptions{Filter: "verdict:done"}) {
		if err != nil || sim.ID != kit.AttachedSIM {
			t.Errorf("SIM %+v, %v", sim, err)
		}
	}
	undo, err := c.UndoJob(ctx, made.ID, api.JobUndoRequest{DryRun: api.Some(false)})
	if err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	if back, err := c.Job(ctx, undo.ID); err != nil || back.Count(client.VerdictDone) != 1 {
		t.Errorf("undone: %+v, %v", back, err)
	}
}

// A server of the contract without jobs says so with a 404.
func TestServerWithoutJobs(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	if offered, err := newClient(t, server.URL).OffersJobs(t.Context()); err != nil || offered {
		t.Errorf("OffersJobs: %t, %v", offered, err)
	}
}

// A page for browsers where a list of jobs should be is not an offer of jobs.
func TestPageIsNoOfferOfJobs(t *testing.T) {
	for body, want := range map[string]bool{"<html></html>": false, `{"jobs": []}`: false, "[]": true} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		t.Cleanup(server.Close)
		if offered, err := newClient(t, server.URL).OffersJobs(t.Context()); err != nil || offered != want {
			t.Errorf("%s: %t, %v", body, offered, err)
		}
	}
}

// A list of ICCIDs is uploaded with the options of the job.
func TestUploadMigrationJob(t *testing.T) {
	s := startFerry(t)
	c := clientAs(t, s, admin)
	to := api.RefTo(300)
	r := api.JobRequest{
		TargetWorkspace: &to, DryRun: api.Some(true), AutoDetachDevices: api.Some(true), OnConflict: api.Some("skip"), NotBefore: api.Some("2036-12-04T22:00:00Z"),
		AllowedSIMStatuses: api.Some([]api.IDRef{api.RefTo(client.SIMIssued), api.RefTo(client.SIMSuspended)}),
		Landing:            &api.JobLanding{Status: "activate"}, Reference: api.Some("CHG 1&2"), Reason: api.Some("a, b"),
	}
	made, err := c.UploadMigrationJob(t.Context(), []byte("iccid\n89883030000000002524\n8988303000000000251\n"), r)
	if err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	j, err := c.Job(t.Context(), made.ID)
	if err != nil || j.Count(client.VerdictPlanned) != 1 || j.Count(client.VerdictRefused) != 1 || j.Reference != "CHG 1&2" || j.Reason != "a, b" ||
		j.Landing.Status != "activate" || !j.AutoDetachDevices || len(j.AllowedSIMStatuses) != 2 || j.OnConflict != "skip" || j.NotBefore == nil || !j.DryRun {
		t.Errorf("%+v, %v", j, err)
	}
	r.Select = &api.JobSelect{}
	if _, err := c.UploadMigrationJob(t.Context(), nil, r); err == nil {
		t.Error("an upload with Select was sent")
	}
}

// watched returns a server with one job, whose stream of events is a script.
func watched(t *testing.T, states []string, stream http.HandlerFunc) (c *client.Client, reads *atomic.Int32) {
	t.Helper()
	reads = &atomic.Int32{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/migration_job/7", func(w http.ResponseWriter, _ *http.Request) {
		n := min(int(reads.Add(1)), len(states))
		w.Header().Set("ETag", `"plan"`)
		_, _ = fmt.Fprintf(w, `{"id": 7, "state": %q}`, states[n-1])
	})
	mux.HandleFunc("GET /api/v1/migration_job/7/watch", stream)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return newClient(t, server.URL, client.WithClock(newClock())), reads
}

func statesOf(t *testing.T, c *client.Client) (states []string) {
	t.Helper()
	for j, err := range c.WatchJob(t.Context(), 7) {
		if err != nil {
			t.Fatal(err)
		}
		if j.State == client.JobPlanned && j.ETag == "" {
			t.Error("a plan without its ETag")
		}
		if len(states) == 0 || states[len(states)-1] != j.State {
			states = append(states, j.State)
		}
	}
	return states
}

// WatchJob polls a short job, and a server without events.
func TestWatchJobByPolling(t *testing.T) {
	want := []string{"planning", "running", "paused", "completed"}
	long := slices.Concat(slices.Repeat([]string{"running"}, 20), []string{"completed"})
	for name, stream := range map[string]http.HandlerFunc{
		"no events":    http.NotFound,
		"another type": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") },
		"unavailable":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
	} {
		c, reads := watched(t, want, stream)
		if got := statesOf(t, c); !slices.Equal(got, want) || int(reads.Load()) != len(want) {
			t.Errorf("%s: %v by %d reads", name, got, reads.Load())
		}
		c, reads = watched(t, long, stream)
		if got := statesOf(t, c); !slices.Equal(got, []string{"running", "completed"}) || int(reads.Load()) != len(long) {
			t.Errorf("%s, a long job: %v by %d reads", name, got, reads.Load())
		}
	}
}

// WatchJob reads a long job from its events, and continues a stream that was cut off after its last
// event.
func TestWatchJobByEvents(t *testing.T) {
	var ids []string
	later := []string{"paused", "planned", "running", "waiting", "completed"}
	c, reads := watched(t, []string{"running", "running", "running", "running", "running", "running", "planned", "running"}, func(w http.ResponseWriter, r *http.Request) {
		last := r.Header.Get("Last-Event-ID")
		ids = append(ids, last)
		first, _ := strconv.Atoi(last) // 0 without
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		for n := first + 1; n <= min(first+3, len(later)); n++ { // then the connection is lost
			_, _ = fmt.Fprintf(w, ": ping\n\nid: %d\nevent: job\ndata: {\"id\": 7,\ndata: \"state\": %q}\n\n", n, later[n-1])
		}
	})
	if got, want := statesOf(t, c), []string{"running", "paused", "planned", "running", "waiting", "completed"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if !slices.Equal(ids, []string{"", "3"}) {
		t.Errorf("Last-Event-ID: %q", ids)
	}
	if n := reads.Load(); n > 9 {
		t.Errorf("%d reads of the job", n)
	}
}

// JobVerdicts reads JSON Lines, and pages from a server that has none. A stream that breaks off is
// an error.
func TestJobVerdicts(t *testing.T) {
	for name, tt := range map[string]struct {
		kind, body string
		sims       int
		fails      bool
	}{
		"lines":      {"application/jsonl", "{\"id\": 1}\n{\"id\": 2}\n", 2, false},
		"none":       {"application/jsonl", "", 0, false},
		"pages":      {"application/json", `[{"id": 1}, {"id": 2}, {"id": 3}]`, 3, false},
		"broken off": {"application/jsonl", "{\"id\": 1}\n{\"id\"", 1, true},
	} {
		var asked []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.Header.Get("Accept")+" "+r.URL.Query().Get("q"))
			for _, header := range []string{"X-Total-Count", "X-Total-Pages", "X-Current-Page"} {
				w.Header().Set(header, "1")
			}
			w.Header().Set("Content-Type", tt.kind)
			_, _ = io.WriteString(w, tt.body)
		}))
		t.Cleanup(server.Close)
		sims, failed := 0, false
		for sim, err := range newClient(t, server.URL).JobVerdicts(t.Context(), 7, "verdict:refused") {
			if failed = err != nil; !failed {
				sims++
				if sim.ID != int64(sims) {
					t.Errorf("%s: SIM %d", name, sim.ID)
				}
			}
		}
		if sims != tt.sims || failed != tt.fails || asked[0] != "application/jsonl verdict:refused" {
			t.Errorf("%s: %d SIMs, failed %t, asked %q", name, sims, failed, asked)
		}
	}
}
