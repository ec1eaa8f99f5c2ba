package httpapi_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// limited returns the same server with other limits.
func limited(t *testing.T, s *kit.Server, l httpx.Limits) *kit.Server {
	t.Helper()
	server := httptest.NewServer(httpapi.New(s.Control, httpx.Options{
		Log: slog.New(slog.DiscardHandler), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Limits: l,
	}))
	t.Cleanup(server.Close)
	return &kit.Server{T: t, URL: server.URL, HTTP: &http.Client{Transport: contract.New(t).RoundTripper(server.Client().Transport)}}
}

// pendingBody is a request whose body is not complete yet.
type pendingBody struct {
	body   *io.PipeWriter
	status chan int
}

// flushed exceeds a client's buffer, so the start of the body reaches the server.
const flushed = 6 << 10

// hold sends the head of a request and size bytes of its body, and stops.
func hold(t *testing.T, s *kit.Server, c *kit.Client, pattern, from string, size int) pendingBody {
	t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	out, in := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, out)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", from)
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	h := pendingBody{in, make(chan int, 1)}
	go func() {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			h.status <- 0
			return
		}
		_ = resp.Body.Close()
		h.status <- resp.StatusCode
	}()
	if _, err := io.WriteString(in, "{"+strings.Repeat(" ", size)); err != nil {
		t.Log(err) // refused while it was sent
	}
	return h
}

func (h pendingBody) end(text string) int { return endAll([]pendingBody{h}, text)[0] }

// endAll sends the ends of all bodies before it waits for a response: one of the requests may be
// queued behind the others.
func endAll(all []pendingBody, text string) (statuses []int) {
	for _, h := range all {
		_, _ = io.WriteString(h.body, text) // it may have been refused
		_ = h.body.Close()
	}
	for _, h := range all {
		statuses = append(statuses, <-h.status)
	}
	return statuses
}

// until repeats a request until the response has the status.
func until(t *testing.T, status int, ask func() *kit.Answer) *kit.Answer {
	t.Helper()
	for range 1000 {
		if got := ask(); got.Status == status {
			return got
		}
	}
	t.Fatalf("there was never a %d", status)
	return nil
}

// crowd sends four requests to a server that handles two and queues one: the fourth is refused.
// It returns the other three.
func crowd(t *testing.T, s *kit.Server, c *kit.Client, pattern, from string) []pendingBody {
	t.Helper()
	all := make([]pendingBody, 4)
	for i := range all {
		all[i] = hold(t, s, c, pattern, from, flushed)
	}
	var refused int
	var got int
	select {
	case got = <-all[0].status:
		refused = 0
	case got = <-all[1].status:
		refused = 1
	case got = <-all[2].status:
		refused = 2
	case got = <-all[3].status:
		refused = 3
	}
	if got != http.StatusTooManyRequests {
		t.Errorf("%s: one too many: %d", pattern, got)
	}
	return slices.Delete(all, refused, refused+1)
}

// A caller at the limit of concurrent requests waits and then gets a 429; another caller does
// not.
func TestCallersTakeTurns(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	l := limited(t, s, httpx.Limits{PerCaller: 2, Waiting: 1, PerAddress: 2})
	admin, observer := onServer(l, s.As("admin@example.com")), onServer(l, s.As("observer@example.com"))
	rest := crowd(t, l, admin, "POST "+migration, "192.0.2.1")
	got := admin.Get(whoami)
	if wantCode(t, got, http.StatusTooManyRequests, 1105); got.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
	}
	for range 3 {
		observer.Get(whoami).Is(http.StatusOK)
		l.Anonymous().Get("/healthz").Is(http.StatusOK)
	}
	for _, got := range endAll(rest, fmt.Sprintf(`"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetFR, kit.IssuedSIM)) {
		if got != http.StatusOK {
			t.Errorf("a held request: %d", got)
		}
	}
	admin.Get(whoami).Is(http.StatusOK)
	// The same by address for requests without a bearer or with a forged one.
	rest = crowd(t, l, l.Anonymous(), "POST "+authenticate, "198.51.100.1")
	wantCode(t, withBearer(l, "forged").With("X-Forwarded-For", "198.51.100.1").Get("/api/v1/sim"), http.StatusTooManyRequests, 1105)
	signIn(fromAddress(l, "198.51.100.2"), "admin@example.com", kit.Password).Is(http.StatusOK)
	admin.With("X-Forwarded-For", "198.51.100.1").Get(whoami).Is(http.StatusOK)
	for _, got := range endAll(rest, "}") {
		if got != http.StatusBadRequest {
			t.Errorf("a held sign-in: %d", got)
		}
	}
}

// Pending bodies use at most the memory for bodies; small ones use none of it.
func TestBodiesShareMemory(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	l := limited(t, s, httpx.Limits{BodyMemory: 4 << 20, BodyMemoryPerCaller: 2 << 20})
	admin, observer := onServer(l, s.As("admin@example.com")), onServer(l, s.As("observer@example.com"))
	const large = 1<<20 - 200
	request := fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetFR, kit.IssuedSIM)
	padded := request + strings.Repeat(" ", large-len(request))
	holders := []pendingBody{
		hold(t, l, admin, "POST "+migration, "192.0.2.1", large-1000), hold(t, l, observer, "POST "+migration, "192.0.2.2", large-1000),
	}
	var more []pendingBody
	got := until(t, http.StatusServiceUnavailable, func() *kit.Answer {
		if len(more) < 3 {
			more = append(more, hold(t, l, admin, "POST "+migration, "192.0.2.1", large-1000))
		}
		return admin.Post(migration, padded)
	})
	if wantCode(t, got, http.StatusServiceUnavailable, 1000); got.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
	}
	observer.Post(migration, padded).Is(http.StatusNotFound) // it was read: others have memory left
	for range 3 {
		admin.Post(migration, request).Is(http.StatusOK)
		signIn(l.Anonymous(), "admin@example.com", kit.Password).Is(http.StatusOK)
	}
	for _, h := range append(holders, more...) {
		h.end("x")
	}
	until(t, http.StatusOK, func() *kit.Answer { return admin.Post(migration, padded) })
}

// Bodies without a bearer must be short and uncompressed, on every operation that accepts them.
func TestAnonymousBodies(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	tried := 0
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		body := accesses[r.Pattern].body
		if r.Need != identity.Public || method == http.MethodGet {
			continue
		}
		tried++
		got := s.Anonymous().Do(method, path, strings.Repeat(" ", 9<<10)+body)
		wantCode(t, got, http.StatusRequestEntityTooLarge, 1000)
		zip := s.Anonymous().With("Content-Encoding", "gzip").Do(method, path, zipped(t, []byte(body)))
		if got := wantCode(t, zip, http.StatusBadRequest, 1000); !strings.Contains(got.Message, "bearer") {
			t.Errorf("%s: %s", r.Pattern, got.Message)
		}
	}
	if tried < 3 {
		t.Errorf("only %d operations without a bearer take a body", tried)
	}
}

// Two bytes of a body can decode to a value of hundreds of bytes.
func TestBodyOfManyValues(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	admin := s.As("admin@example.com")
	many := "[" + strings.Repeat("{},", 60_000) + "{}]"
	for _, op := range takesBody() {
		got := admin.Do(op.method, op.path, many)
		if got.Status != http.StatusBadRequest && got.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s: %d", op.method, op.path, got.Status)
		}
	}
	got := wantCode(t, admin.Do(http.MethodDelete, "/api/v1/sim/multi", many), http.StatusBadRequest, 1000)
	if !strings.Contains(got.Message, "50000") {
		t.Error(got.Message)
	}
}
