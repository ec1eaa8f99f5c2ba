package metrics_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/simferry/simferry/internal/metrics"
)

func noSource(context.Context, metrics.Set) {}

// Requests are counted by pattern, method and class. What a client can choose freely becomes one
// label.
func TestRequests(t *testing.T) {
	t.Parallel()
	m := metrics.New(noSource, slog.New(slog.DiscardHandler))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			m.Requests.Ended("/api/v1/sim/{sim_id}", "GET", 200, 0, 3*time.Millisecond)
			m.Requests.Ended("/api/v1/sim/{sim_id}", "GET", 404, 1201, time.Millisecond)
			m.Requests.Ended("", "BREW", 405, 4050, 0)
		})
	}
	all.Wait()
	want := `
# HELP simferry_http_requests_total HTTP requests that have ended, by route pattern, method and class of the status (2xx to 5xx)
# TYPE simferry_http_requests_total counter
simferry_http_requests_total{class="2xx",method="GET",route="/api/v1/sim/{sim_id}"} 4
simferry_http_requests_total{class="4xx",method="GET",route="/api/v1/sim/{sim_id}"} 4
simferry_http_requests_total{class="4xx",method="other",route="none"} 4
# HELP simferry_http_refusals_total Refused HTTP requests, by error code of the API
# TYPE simferry_http_refusals_total counter
simferry_http_refusals_total{code="1201"} 4
simferry_http_refusals_total{code="4050"} 4
`
	if err := testutil.GatherAndCompare(m.Gatherer(), strings.NewReader(want), "simferry_http_requests_total", "simferry_http_refusals_total"); err != nil {
		t.Error(err)
	}
}

// To record a request of a known kind allocates nothing.
func TestRequestsDoNotAllocate(t *testing.T) {
	q := metrics.New(noSource, slog.New(slog.DiscardHandler)).Requests
	record := func() { q.Ended("/api/v1/sim", "GET", 200, 0, time.Millisecond) }
	record()
	if n := testing.AllocsPerRun(100, record); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRequests(b *testing.B) {
	q := metrics.New(noSource, slog.New(slog.DiscardHandler)).Requests
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			q.Ended("/api/v1/sim", "GET", 200, 0, time.Millisecond)
		}
	})
}

// A source that reports an unknown metric, or wrong labels, does not hide the other metrics.
func TestMistakesOfASource(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	m := metrics.New(func(_ context.Context, set metrics.Set) {
		set("simferry_unknown", 1)
		set("simferry_build_info", 1, "one label of two")
	}, slog.New(slog.NewTextHandler(&log, nil)))
	m.Requests.Ended("/healthz", "GET", 200, 0, 0)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	body, _ := io.ReadAll(w.Body)
	if w.Code != http.StatusOK || !strings.Contains(string(body), `route="/healthz"`) || !strings.Contains(string(body), "go_goroutines") {
		t.Errorf("%d %s", w.Code, body)
	}
	for _, word := range []string{"simferry_unknown", "simferry_build_info"} {
		if !strings.Contains(log.String(), word) {
			t.Errorf("the log does not name %s: %s", word, log.String())
		}
	}
}
