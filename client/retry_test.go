package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

var (
	someSIM = client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{kit.IssuedSIM}}
	moved   = status(http.StatusOK, fmt.Sprintf(`{"sim_count": 1, "dry_run": false, "target_workspace": {"id": %d, "name": "x"}, "sims": []}`, kit.FleetFR))
	shown   = status(http.StatusOK, fmt.Sprintf(`{"sim_count": 1, "dry_run": true, "target_workspace": {"id": %d, "name": "x"}, "sims": []}`, kit.FleetFR))
	sim     = status(http.StatusOK, fmt.Sprintf(`{"id": %d}`, kit.IssuedSIM))
	busy    = status(http.StatusServiceUnavailable, "")
)

// What is repeated, and what never is.
func TestRetryPolicy(t *testing.T) {
	read := func(ctx context.Context, c *client.Client) error { _, err := c.SIM(ctx, kit.IssuedSIM); return err }
	preview := func(ctx context.Context, c *client.Client) error { _, err := c.Preview(ctx, someSIM); return err }
	write := func(ctx context.Context, c *client.Client) error { _, err := c.Migrate(ctx, someSIM); return err }
	keyed := func(ctx context.Context, c *client.Client) error {
		_, err := c.Migrate(ctx, someSIM, client.IdempotencyKey("k"))
		return err
	}
	patch := func(ctx context.Context, c *client.Client) error {
		return c.SetSIMStatus(ctx, kit.IssuedSIM, client.SIMActivated)
	}
	signIn := func(ctx context.Context, c *client.Client) error {
		_, err := c.AuthenticateUser(ctx, admin, "x")
		return err
	}
	running := status(http.StatusConflict, `{"error_code": 1406, "message": "still running"}`, "Retry-After", "1")
	tests := []struct {
		name   string
		do     func(context.Context, *client.Client) error
		first  http.HandlerFunc
		then   http.HandlerFunc
		repeat bool
	}{
		{"a read, 503", read, busy, sim, true},
		{"a read, 429", read, status(http.StatusTooManyRequests, ""), sim, true},
		{"a read, 502", read, status(http.StatusBadGateway, ""), sim, true},
		{"a read, 504", read, status(http.StatusGatewayTimeout, ""), sim, true},
		{"a read, broken off", read, hangUp, sim, true},
		{"a read, an answer cut short", read, cutShort, sim, true},
		{"a read, 500", read, status(http.StatusInternalServerError, ""), sim, false},
		{"a read, 404", read, status(http.StatusNotFound, ""), sim, false},
		{"a dry run, broken off", preview, hangUp, shown, true},
		{"a dry run, 503", preview, busy, shown, true},
		{"a keyed write, broken off", keyed, hangUp, moved, true},
		{"a keyed write, 503", keyed, busy, moved, true},
		{"a keyed write whose first attempt still runs", keyed, running, moved, true},
		{"a keyed write that the rules refuse", keyed, status(http.StatusConflict, `{"status_code": 409, "errors": []}`), moved, false},
		{"a write, broken off", write, hangUp, moved, false},
		{"a write, an answer cut short", write, cutShort, moved, false},
		{"a write, 503", write, busy, moved, false},
		{"a write, 429", write, status(http.StatusTooManyRequests, ""), moved, false},
		{"a change of status, broken off", patch, hangUp, status(http.StatusNoContent, ""), false},
		{"a sign-in, 503", signIn, busy, status(http.StatusOK, `{"auth_token": "x"}`), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, s := startScript(t, tt.first, tt.then)
			clock := newClock()
			err := tt.do(t.Context(), newClient(t, url, client.WithClock(clock)))
			if repeated := len(s.requests()) == 2; repeated != tt.repeat || (err == nil) != tt.repeat || len(clock.sleeps()) != len(s.requests())-1 {
				t.Errorf("%d requests, %v slept, error %v; repeated should be %t", len(s.requests()), clock.sleeps(), err, tt.repeat)
			}
		})
	}
}

// cutShort promises more than it sends.
func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"id": `)
}

// Where no connection came about nothing can have been processed, so even a write without
// a key goes out again.
func TestUnsentWriteIsRetried(t *testing.T) {
	url, s := startScript(t, moved)
	refusals := 2
	dialer := &http.Transport{}
	defer dialer.CloseIdleConnections()
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if refusals > 0 {
			refusals--
			return nil, errors.New("connection refused")
		}
		return dialer.RoundTrip(r)
	})
	c := newClient(t, url, client.WithClock(newClock()), client.WithHTTPClient(&http.Client{Transport: transport}))
	if _, err := c.Migrate(t.Context(), someSIM); err != nil || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRetriesAreBounded(t *testing.T) {
	url, s := startScript(t, busy)
	clock := newClock()
	policy := client.Retry{Attempts: 6, MinDelay: 100 * time.Millisecond, MaxDelay: 500 * time.Millisecond}
	_, err := newClient(t, url, client.WithClock(clock), client.WithRetry(policy)).SIM(t.Context(), kit.IssuedSIM)
	if !client.IsUnavailable(err) || len(s.requests()) != 6 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
	for i, ms := range []int{kit.FleetDE, kit.FleetFR, kit.FleetBR, kit.SuspendedFleet, kit.SuspendedFleet} {
		longest := time.Duration(ms) * time.Millisecond
		if got := clock.sleeps()[i]; got < longest/2 || got > longest {
			t.Errorf("wait %d: %v, want between %v and %v", i+1, got, longest/2, longest)
		}
	}
}

// Jitter is what keeps a thousand clients from coming back in the same instant.
func TestBackoffHasJitter(t *testing.T) {
	url, _ := startScript(t, busy)
	clock := newClock()
	policy := client.Retry{Attempts: 20, MinDelay: time.Second, MaxDelay: time.Second}
	if _, err := newClient(t, url, client.WithClock(clock), client.WithRetry(policy)).SIM(t.Context(), kit.IssuedSIM); err == nil {
		t.Fatal("it was served")
	}
	distinct := map[time.Duration]bool{}
	for _, d := range clock.sleeps() {
		distinct[d] = true
	}
	if len(distinct) < 10 {
		t.Errorf("%d distinct waits of %d", len(distinct), len(clock.sleeps()))
	}
}

func TestNoRetry(t *testing.T) {
	url, s := startScript(t, busy)
	if _, err := newClient(t, url, client.WithRetry(client.NoRetry)).SIM(t.Context(), kit.IssuedSIM); err == nil || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

func TestRetryAfter(t *testing.T) {
	const date = "Sun, 22 Nov 2026 09:30:00 GMT" // the server's clock is half an hour slow
	tests := []struct {
		name      string
		header    []string
		low, high time.Duration // bounds of the wait; 0, 0 for no retry
	}{
		{"seconds", []string{"Retry-After", "7"}, 7 * time.Second, 8 * time.Second},
		{"a date, by the server's clock", []string{"Retry-After", "Sun, 22 Nov 2026 09:30:20 GMT", "Date", date}, 20 * time.Second, 21 * time.Second},
		{"a date that has passed", []string{"Retry-After", "Sun, 22 Nov 2026 09:00:00 GMT", "Date", date}, 1, time.Second},
		{"nothing that can be read", []string{"Retry-After", "soon"}, 1, time.Second},
		{"a negative number", []string{"Retry-After", "-5"}, 1, time.Second},
		{"longer than the policy waits", []string{"Retry-After", "3600"}, 0, 0},
		{"beyond any number", []string{"Retry-After", "18446744073709551615"}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := startScript(t, status(http.StatusServiceUnavailable, "", tt.header...), sim)
			clock := newClock()
			_, err := newClient(t, url, client.WithClock(clock)).SIM(t.Context(), kit.IssuedSIM)
			if tt.high == 0 {
				if got := asError[*client.APIError](t, err); got.RetryAfter < time.Hour || len(clock.sleeps()) != 0 {
					t.Errorf("%+v, slept %v", got, clock.sleeps())
				}
				return
			}
			if err != nil || len(clock.sleeps()) != 1 || clock.sleeps()[0] < tt.low || clock.sleeps()[0] > tt.high {
				t.Errorf("%v, slept %v, want between %v and %v", err, clock.sleeps(), tt.low, tt.high)
			}
		})
	}
}

// A proxy may omit Date: then the client's clock is used.
func TestRetryAfterDateUsesTheServersClock(t *testing.T) {
	clock := newClock()
	at := clock.Now().Add(20 * time.Second).Format(http.TimeFormat)
	url, _ := startScript(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		status(http.StatusServiceUnavailable, "", "Retry-After", at)(w, r)
	}, sim)
	if _, err := newClient(t, url, client.WithClock(clock)).SIM(t.Context(), kit.IssuedSIM); err != nil || clock.sleeps()[0] < 20*time.Second || clock.sleeps()[0] > 21*time.Second {
		t.Errorf("%v, slept %v", err, clock.sleeps())
	}
}

// If the deadline is too short for the wait, the original error is returned immediately.
func TestDeadlineEndsRetries(t *testing.T) {
	url, s := startScript(t, status(http.StatusServiceUnavailable, "", "Retry-After", "30"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := newClient(t, url).SIM(ctx, kit.IssuedSIM)
	if !client.IsUnavailable(err) || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

func TestCanceledContextEndsTheRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url, s := startScript(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		hangUp(w, r)
	})
	_, err := newClient(t, url, client.WithClock(newClock())).SIM(ctx, kit.IssuedSIM)
	if !errors.Is(err, context.Canceled) || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

// An invalid certificate is not retried.
func TestWrongCertificateIsNotRetried(t *testing.T) {
	server := httptest.NewTLSServer(sim)
	defer server.Close()
	server.Config.ErrorLog = discard
	clock := newClock()
	_, err := newClient(t, server.URL, client.WithClock(clock)).SIM(t.Context(), kit.IssuedSIM)
	if err == nil || len(clock.sleeps()) != 0 {
		t.Errorf("%v, slept %v", err, clock.sleeps())
	}
}

func TestSystemClock(t *testing.T) {
	url, s := startScript(t, busy, sim)
	policy := client.Retry{Attempts: 2, MinDelay: time.Millisecond, MaxDelay: time.Millisecond}
	if _, err := newClient(t, url, client.WithRetry(policy)).SIM(t.Context(), kit.IssuedSIM); err != nil || len(s.requests()) != 2 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

// net/http automatically resends a request with an Idempotency-Key when a kept connection
// breaks. NoRetry must prevent that too: the server may not support such keys and may have
// processed the request.
func TestNoRetryMeansOnce(t *testing.T) {
	var runs atomic.Int32
	url, _ := startScript(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"dry_run":true`) {
			shown(w, r)
			return
		}
		runs.Add(1)
		hangUp(w, r)
	})
	c := newClient(t, url, client.WithBearer("t"), client.WithRetry(client.NoRetry))
	if _, err := c.Preview(t.Context(), someSIM); err != nil { // the connection is kept
		t.Fatal(err)
	}
	if _, err := c.Migrate(t.Context(), someSIM, client.IdempotencyKey("k")); err == nil || runs.Load() != 1 {
		t.Errorf("%d runs, %v", runs.Load(), err)
	}
}
