package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/test/kit"
)

// watched is a stream of the events of a job.
type watched struct {
	t     *testing.T
	resp  *http.Response
	lines *bufio.Scanner
	last  string // id of the last event
	pings int
}

// streaming starts another server beside that of a test, on which streams last, and which allows 3
// to a caller. stop ends them, as a server does that stops.
func streaming(t *testing.T, s *kit.Server) (on *kit.Server, stop func()) {
	t.Helper()
	stopping := make(chan struct{})
	server := httptest.NewServer(httpapi.New(s.Control, httpx.Options{Log: slog.New(slog.DiscardHandler), Streams: httpx.Streams{
		PerCaller: 3, Check: 100 * time.Millisecond, Ping: 100 * time.Millisecond, Stopping: stopping,
	}}))
	t.Cleanup(server.Close)
	stop = sync.OnceFunc(func() { close(stopping) })
	t.Cleanup(stop) // before the server waits for its requests
	return &kit.Server{T: t, URL: server.URL, HTTP: s.HTTP}, stop
}

// watchJob opens a stream of events.
func watchJob(t *testing.T, on *kit.Server, c *kit.Client, path string) *watched {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, on.URL+path+"/watch", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = c.Header.Clone()
	req.Header.Set("Authorization", "Bearer "+c.Token)
	resp, err := (&http.Client{}).Do(req) // not judged: the judge waits for the end
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return &watched{t: t, resp: resp, lines: bufio.NewScanner(resp.Body)}
}

// next waits for the next event; ended is true if there is none.
func (w *watched) next() (j api.Job, ended bool) {
	w.t.Helper()
	for w.lines.Scan() {
		switch field, value, _ := strings.Cut(w.lines.Text(), ": "); field {
		case "id":
			w.last = value
		case "":
			w.pings++
		case "data":
			if err := json.Unmarshal([]byte(value), &j); err != nil {
				w.t.Fatal(err)
			}
			return j, false
		}
	}
	if err := w.lines.Err(); err != nil {
		w.t.Fatal(err)
	}
	return j, true
}

// until waits for an event with a state.
func (w *watched) until(state string) api.Job {
	w.t.Helper()
	for {
		j, ended := w.next()
		if ended {
			w.t.Fatalf("the stream ended before the job was %s", state)
		}
		if j.State == state {
			return j
		}
	}
}

// A watcher sees the job at once, each change of it, also by another server, and its end. It
// sees what GET shows it.
func TestContract_JobWatch(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path := admin.Post(migrationJobs, plus(selecting(250, 251, 260, 4711), "on_conflict", "skip")).Is(http.StatusCreated).Header.Get("Location")
		on, _ := streaming(t, s)
		w := watchJob(t, on, admin, path)
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"} {
			if got := w.resp.Header.Get(name); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		if j, _ := w.next(); j.State != "planning" {
			t.Errorf("the first event: %+v", j)
		}
		s.RunJobsElsewhere()
		w.until("planned")
		s.SetRole(5, 300, fleet.Observer)
		for name, c := range map[string]*kit.Client{
			"the maker": admin, "a source": s.As("observer@example.com"), "the target": s.As("stranger@example.com"),
			"an operator": s.As("root@example.com"), "a program": s.Program(100), "a program of the target": s.Program(300),
		} {
			seen := watchJob(t, on, c, path)
			j, _ := seen.next()
			if diff := cmp.Diff(readJob(t, c, path), j); diff != "" {
				t.Errorf("%s (-GET +event):\n%s", name, diff)
			}
			_ = seen.resp.Body.Close()
		}
		for before := w.pings; w.pings == before; {
			if !w.lines.Scan() {
				t.Fatal("the stream has no pings")
			}
			if strings.HasPrefix(w.lines.Text(), ":") {
				w.pings++
			}
		}
		startJob(s, admin, path)
		isJob(t, w.until("completed_with_refusals"), "completed_with_refusals", "2 done, 1 refused, 1 not_found")
		if j, ended := w.next(); !ended {
			t.Errorf("the stream goes on after the end: %+v", j)
		}
		status := strings.Replace(path, "migration_job", "sim_status_job", 1)
		admin.Get(status + "/watch").Is(http.StatusOK)
		admin.With("Last-Event-ID", w.last).Get(path + "/watch").Is(http.StatusNoContent)
		admin.With("Last-Event-ID", "?").Do(http.MethodHead, path+"/watch", nil).Is(http.StatusOK)
	})
}

// A stream ends when the session ends or the job may no longer be seen, and when the server
// stops. A caller cannot hold more streams than allowed.
func TestContract_JobWatchEnds(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		path, _ := jobOf(t, s, admin, selecting(251, 252))
		root := s.As("root@example.com")
		on, stop := streaming(t, s)
		for name, end := range map[string]struct {
			as string
			do func()
		}{
			"lost membership": {"observer@example.com", func() { s.SetRole(3, 100, fleet.NoRole) }},
			"suspended user":  {"user@example.com", func() { suspend(s, 4) }},
			"signed out":      {"target@example.com", func() { s.As("target@example.com").Post("/api/v1/logout", "").Is(http.StatusNoContent) }},
		} {
			w := watchJob(t, on, s.As(end.as), path)
			if j, ended := w.next(); ended || j.State != "planned" {
				t.Fatalf("%s: %+v", name, j)
			}
			end.do()
			if j, ended := w.next(); !ended {
				t.Errorf("%s: %+v", name, j)
			}
		}
		var streams []*watched
		for range 3 { // the most of a test's server
			w := watchJob(t, on, root, path)
			if streams = append(streams, w); w.resp.StatusCode != http.StatusOK {
				t.Fatal(w.resp.Status)
			}
		}
		wantCode(t, onServer(on, root).Get(path+"/watch"), http.StatusTooManyRequests, 1105)
		streams = append(streams, watchJob(t, on, admin, path))
		stop()
		for i, w := range streams {
			for ended := false; !ended; {
				_, ended = w.next()
			}
			if w.last == "" {
				t.Error(fmt.Sprint("stream ", i, " had no event"))
			}
		}
	})
}
