package httpapi_test

import (
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	// leastAUC and mostAUC bound the probability that a request for a foreign id takes longer
	// than one for an unknown id.
	leastAUC, mostAUC = 0.45, 0.55
	// plantedDelay is the difference that the measurement must find.
	plantedDelay = 100 * time.Microsecond
	// warmUp is the number of rounds that do not count, and planted the number of those that have
	// a request with the planted delay.
	warmUp, planted = 20, 200
)

// TestTimingOfForeign measures, for each place that accepts ids, whether the time of a response
// shows if a resource exists that the caller may not see. Requests for a foreign id, an unknown
// id, another unknown id, and an unknown id with a planted delay come in random order in each
// round. SIMFERRY_TIMING is the number of rounds; SIMFERRY_TIMING_ONLY selects places: a regular
// expression.
//
//	SIMFERRY_TIMING=3000 go test -run TestTimingOfForeign -v -timeout 3h ./internal/httpapi
func TestTimingOfForeign(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("SIMFERRY_TIMING"))
	if err != nil {
		t.Skip("SIMFERRY_TIMING is not set: it takes an hour")
	}
	only := regexp.MustCompile(os.Getenv("SIMFERRY_TIMING_ONLY"))
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, known := timedWorld(t, e)
		places := timedPlaces(t, s, known, manyIDs)
		watch := newStopwatch(t, s)
		found := 0
		for _, p := range places {
			if !only.MatchString(p.what) {
				continue
			}
			m := watch.measure(p, rounds)
			t.Log(e, m)
			if m.auc < leastAUC || m.auc > mostAUC {
				t.Errorf("%s %s", e, m)
			}
			if m.planted > mostAUC {
				found++
			}
		}
		if found == 0 {
			t.Errorf("the planted delay of %v was never found", plantedDelay)
		}
		t.Logf("%s: the planted delay of %v was found at %d places", e, plantedDelay, found)
	})
}

// timing is the result for one place: the AUC of foreign, other unknown, and delayed requests
// against unknown ones.
type timing struct {
	place              timedPlace
	statuses           [2]int // of foreign and unknown
	median             time.Duration
	auc, null, planted float64
}

func (m timing) String() string {
	return fmt.Sprintf("AUC %.3f, null %.3f, planted %.3f, median %7v, status %v: %s", m.auc, m.null, m.planted, m.median.Round(time.Microsecond), m.statuses, m.place.what)
}

// stopwatch sends requests to a server that can delay them.
type stopwatch struct {
	t      *testing.T
	s      *kit.Server
	url    string
	client *http.Client
	delay  bool
}

func newStopwatch(t *testing.T, s *kit.Server) *stopwatch {
	t.Helper()
	w := &stopwatch{t: t, s: s}
	h := httpapi.New(s.Control, httpx.Options{
		Log: slog.New(slog.DiscardHandler), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.delay { // set before the request is sent
			for start := time.Now(); time.Since(start) < plantedDelay; {
				continue
			}
		}
		h.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url, w.client = server.URL, server.Client()
	return w
}

// send returns how long a request took, and its status.
func (w *stopwatch) send(r timedRequest, token string) (time.Duration, int) {
	w.t.Helper()
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), r.method, w.url+r.path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	start := time.Now()
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	took := time.Since(start)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return took, resp.StatusCode
}

func (w *stopwatch) measure(p timedPlace, rounds int) timing {
	w.t.Helper()
	m := timing{place: p}
	token := w.s.As(p.as).Token
	kinds := [...]timedRequest{p.foreign, p.absent, p.other, p.absent}
	var took [len(kinds)][]time.Duration
	w.s.Exec("DELETE FROM auth_counters")
	w.send(p.absent, token)
	counts := fmt.Sprint(w.s.Rows("SELECT count(*) FROM auth_counters")[0][0]) != "0"
	for round := range warmUp + rounds {
		for _, kind := range rand.Perm(len(kinds)) {
			if kind == 3 && round >= warmUp+planted {
				continue
			}
			if counts { // else the next one is refused sooner
				w.s.Exec("DELETE FROM auth_counters")
			}
			w.delay = kind == 3
			d, status := w.send(kinds[kind], token)
			if kind < 2 {
				m.statuses[kind] = status
			}
			if round >= warmUp {
				took[kind] = append(took[kind], d)
			}
		}
	}
	m.auc, m.null, m.planted = auc(took[0], took[1]), auc(took[2], took[1]), auc(took[3], took[1])
	slices.Sort(took[1])
	m.median = took[1][len(took[1])/2]
	return m
}

// auc returns the probability that a value of x is above a value of y (the area under the ROC
// curve, from the rank sum of Mann and Whitney). Ties count half.
func auc(x, y []time.Duration) float64 {
	slices.Sort(y)
	above := 0
	for _, v := range x {
		lower, _ := slices.BinarySearch(y, v)
		upper, _ := slices.BinarySearch(y, v+1)
		above += lower + upper
	}
	return float64(above) / 2 / float64(len(x)) / float64(len(y))
}

func TestAUC(t *testing.T) {
	for _, tt := range []struct {
		x, y []time.Duration
		want float64
	}{
		{[]time.Duration{3, 4}, []time.Duration{2, 1}, 1},
		{[]time.Duration{1, 2}, []time.Duration{4, 3}, 0},
		{[]time.Duration{1, 4}, []time.Duration{3, 2}, 0.5},
		{[]time.Duration{2, 2}, []time.Duration{2, 2, 2}, 0.5},
		{[]time.Duration{1, 2, 3}, []time.Duration{2}, 0.5},
		{[]time.Duration{2, 3, 3}, []time.Duration{2, 1}, 11.0 / 12},
	} {
		if got := auc(tt.x, tt.y); got != tt.want {
			t.Errorf("%v against %v: %v, want %v", tt.x, tt.y, got, tt.want)
		}
	}
}
