package client_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

// counted returns an HTTP client that counts the requests to one path.
func counted(s *kit.Server, path string) (h *http.Client, count func() int) {
	var mu sync.Mutex
	n := 0
	h = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == path {
			mu.Lock()
			n++
			mu.Unlock()
		}
		return s.HTTP.Transport.RoundTrip(r)
	})}
	return h, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

const signInPath = "/api/v1/authenticate"

func TestSignsInOnceForManyRequests(t *testing.T) {
	s := startFerry(t)
	h, signIns := counted(s, signInPath)
	c := clientAs(t, s, admin, client.WithHTTPClient(h))
	inParallel(t, 16, func() error { _, err := c.SIM(t.Context(), kit.IssuedSIM); return err })
	if signIns() != 1 {
		t.Errorf("%d sign-ins for 16 requests", signIns())
	}
}

// Before the bearer expires, one request renews it while the others wait.
func TestExpiringBearerIsRenewed(t *testing.T) {
	s := startFerry(t)
	h, signIns := counted(s, signInPath)
	c := clientAs(t, s, admin, client.WithHTTPClient(h))
	for range 3 {
		inParallel(t, 8, func() error { _, err := c.SIM(t.Context(), kit.IssuedSIM); return err })
		s.Clock.Advance(4 * time.Hour)
	}
	if signIns() != 3 {
		t.Errorf("%d sign-ins, want 3", signIns())
	}
}

// A refusal by the server counts more than the expiry in the bearer.
func TestRefusedBearerIsRenewed(t *testing.T) {
	s := startFerry(t)
	h, signIns := counted(s, signInPath)
	slow := kit.NewClock() // stopped: nothing expires for the client
	c := clientAs(t, s, admin, client.WithHTTPClient(h), client.WithClock(&clock{Clock: slow}))
	for range 2 {
		inParallel(t, 8, func() error { _, err := c.SIM(t.Context(), kit.IssuedSIM); return err })
		s.Clock.Advance(5 * time.Hour)
	}
	if signIns() != 2 {
		t.Errorf("%d sign-ins, want 2", signIns())
	}
}

func inParallel(t *testing.T, n int, do func() error) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := do(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestApplicationToken(t *testing.T) {
	s := startFerry(t)
	made, err := operator.New(s.Control).CreateApplicationToken(t.Context(), control.NewToken{Workspace: kit.FleetDE, Description: "reporting"})
	if err != nil {
		t.Fatal(err)
	}
	c := clientFor(t, s, client.WithApplicationToken(made.Text))
	if ws, err := c.MyWorkspace(t.Context()); err != nil || ws.ID != 100 {
		t.Errorf("%+v %v", ws, err)
	}
	s.Clock.Advance(5 * time.Hour)
	if ws, err := c.MyWorkspace(t.Context()); err != nil || ws.ID != 100 {
		t.Errorf("after the bearer's expiry: %+v %v", ws, err)
	}
	if _, err := c.Preview(t.Context(), someSIM); !client.IsForbidden(err) {
		t.Errorf("a program previews a migration: %v", err)
	}
	if _, err := clientFor(t, s, client.WithApplicationToken("garbled")).MyWorkspace(t.Context()); !client.IsUnauthorized(err) {
		t.Errorf("%v", err)
	}
}

func TestRefreshTokenRotates(t *testing.T) {
	s := startFerry(t)
	first, err := clientFor(t, s).AuthenticateUser(t.Context(), admin, kit.Password)
	if err != nil || first.RefreshToken == "" {
		t.Fatalf("%+v %v", first, err)
	}
	var kept []string
	c := clientFor(t, s, client.WithRefreshToken(first.RefreshToken, func(next string) { kept = append(kept, next) }))
	for range 2 {
		if _, err := c.MyWorkspace(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(5 * time.Hour)
	}
	if len(kept) != 2 || kept[0] == first.RefreshToken || kept[0] == kept[1] {
		t.Errorf("%d refresh tokens were reported", len(kept))
	}
	next, err := clientFor(t, s).AuthenticateRefresh(t.Context(), kept[1])
	if err != nil {
		t.Fatalf("the last one that was reported is not valid: %v", err)
	}
	if _, err := clientFor(t, s).AuthenticateRefresh(t.Context(), next.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if _, err := c.MyWorkspace(t.Context()); !client.IsUnauthorized(err) {
		t.Errorf("a session whose refresh token another client has used twice goes on: %v", err)
	}
}

// With a password, a lost response leads to a new sign-in.
func TestLostRefreshSignsInAgain(t *testing.T) {
	var refreshes, passwords atomic.Int32
	url, _ := startScript(t, func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		switch {
		case r.URL.Path != signInPath && r.Header.Get("Authorization") == "Bearer t2":
			sim(w, r)
		case r.URL.Path != signInPath:
			status(http.StatusUnauthorized, `{"message": "expired"}`)(w, r)
		case strings.Contains(string(body), "refresh_token"):
			refreshes.Add(1)
			hangUp(w, r)
		default:
			status(http.StatusOK, fmt.Sprintf(`{"auth_token": "t%d", "refresh_token": "r"}`, passwords.Add(1)))(w, r)
		}
	})
	c := newClient(t, url, client.WithPassword(admin, "x"), client.WithClock(newClock()))
	if _, err := c.SIM(t.Context(), kit.IssuedSIM); err != nil || refreshes.Load() != 1 || passwords.Load() != 2 {
		t.Errorf("%v after %d refreshes and %d passwords", err, refreshes.Load(), passwords.Load())
	}
}

// Without a password it sends the same refresh token again.
func TestLostRefreshIsRetried(t *testing.T) {
	url, s := startScript(t, hangUp, status(http.StatusOK, `{"auth_token": "t", "refresh_token": "r2"}`), sim)
	c := newClient(t, url, client.WithRefreshToken("r1", nil), client.WithClock(newClock()))
	if _, err := c.SIM(t.Context(), kit.IssuedSIM); err == nil {
		t.Error("it was served without a bearer")
	}
	if _, err := c.SIM(t.Context(), kit.IssuedSIM); err != nil || len(s.requests()) != 3 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

// A refused refresh token is not sent again.
func TestRefusedRefreshIsNotRetried(t *testing.T) {
	url, s := startScript(t, status(http.StatusUnauthorized, ""), sim)
	c := newClient(t, url, client.WithRefreshToken("r1", nil), client.WithClock(newClock()))
	for range 2 {
		if _, err := c.SIM(t.Context(), kit.IssuedSIM); err == nil {
			t.Error("it was served without a bearer")
		}
	}
	if len(s.requests()) != 1 {
		t.Errorf("the refresh token was sent %d times", len(s.requests()))
	}
}

// A refresh that the server did not process can be repeated.
func TestThrottledRefreshCanBeRetried(t *testing.T) {
	url, _ := startScript(t, status(http.StatusTooManyRequests, ""), status(http.StatusOK, `{"auth_token": "t", "refresh_token": "r2"}`), sim)
	c := newClient(t, url, client.WithRefreshToken("r1", nil), client.WithClock(newClock()))
	if _, err := c.SIM(t.Context(), kit.IssuedSIM); !client.IsTooManyRequests(err) {
		t.Errorf("%v", err)
	}
	if _, err := c.SIM(t.Context(), kit.IssuedSIM); err != nil {
		t.Error(err)
	}
}

// A retry does not cause another renewal.
func TestOneRenewalForAllRetries(t *testing.T) {
	refused := status(http.StatusUnauthorized, `{"message": "no"}`)
	first, second := status(http.StatusOK, `{"auth_token": "a"}`), status(http.StatusOK, `{"auth_token": "b"}`)
	url, s := startScript(t, []http.HandlerFunc{first, refused, second, busy, refused}...)
	_, err := newClient(t, url, client.WithPassword(admin, "x"), client.WithClock(newClock())).SIM(t.Context(), kit.IssuedSIM)
	if !client.IsUnauthorized(err) || len(s.requests()) != 5 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

// A bearer is renewed once per request: a server that refuses every bearer must not cause an
// endless loop.
func TestOneRenewalPerRequest(t *testing.T) {
	url, s := startScript(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == signInPath {
			status(http.StatusOK, `{"auth_token": "`+rand()+`"}`)(w, r)
			return
		}
		status(http.StatusUnauthorized, `{"message": "no"}`)(w, r)
	})
	_, err := newClient(t, url, client.WithPassword(admin, "x")).SIM(t.Context(), kit.IssuedSIM)
	if !client.IsUnauthorized(err) || len(s.requests()) != 4 {
		t.Errorf("%v after %d requests, want sign-in, refusal, sign-in, refusal", err, len(s.requests()))
	}
}

func rand() string { return client.NewIdempotencyKey() }

func TestStaticBearerIsNotRenewed(t *testing.T) {
	url, s := startScript(t, status(http.StatusUnauthorized, `{"message": "expired"}`))
	_, err := newClient(t, url, client.WithBearer("old")).SIM(t.Context(), kit.IssuedSIM)
	if !client.IsUnauthorized(err) || !strings.Contains(err.Error(), "expired") || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}

// bearers is a custom TokenSource.
type bearers func(refused string) (string, error)

func (b bearers) Token(_ context.Context, refused string) (string, error) { return b(refused) }

func TestOwnTokenSource(t *testing.T) {
	url, s := startScript(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer new" {
			sim(w, r)
			return
		}
		status(http.StatusUnauthorized, "")(w, r)
	})
	source := bearers(func(refused string) (string, error) {
		if refused == "old" {
			return "new", nil
		}
		return "old", nil
	})
	if _, err := newClient(t, url, client.WithTokenSource(source)).SIM(t.Context(), kit.IssuedSIM); err != nil || len(s.requests()) != 2 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
	vault := errors.New("the vault is sealed")
	failing := bearers(func(string) (string, error) { return "", vault })
	if _, err := newClient(t, url, client.WithTokenSource(failing)).SIM(t.Context(), kit.IssuedSIM); !errors.Is(err, vault) {
		t.Errorf("%v", err)
	}
}

func TestSwitchWorkspace(t *testing.T) {
	s := startFerry(t)
	c := clientAs(t, s, admin)
	there := c.InWorkspace(kit.FleetFR)
	if ws, err := there.MyWorkspace(t.Context()); err != nil || ws.ID != 200 {
		t.Errorf("%+v %v", ws, err)
	}
	if ws, err := c.MyWorkspace(t.Context()); err != nil || ws.ID != 100 {
		t.Errorf("the first has moved as well: %+v %v", ws, err)
	}
	s.Clock.Advance(5 * time.Hour)
	if ws, err := there.MyWorkspace(t.Context()); err != nil || ws.ID != 200 {
		t.Errorf("after both bearers' expiry: %+v %v", ws, err)
	}
	if _, err := c.SwitchWorkspace(t.Context(), kit.Elsewhere); !client.IsUnauthorized(err) {
		t.Errorf("a Workspace of which the caller is not a member: %v", err)
	}
}

// Bearers need not be JWTs, and the claims of a JWT may be invalid.
func TestBearersWithoutExpiry(t *testing.T) {
	for name, claims := range map[string]string{
		"opaque": "", "no dates": `{}`, "backwards": `{"iat": 20, "exp": 10}`, "no JSON": `x`, "for ever": `{"iat": 1, "exp": 1e300}`,
	} {
		t.Run(name, func(t *testing.T) {
			bearer := "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s"
			if claims == "" {
				bearer = "opaque"
			}
			url, s := startScript(t, status(http.StatusOK, `{"auth_token": "`+bearer+`"}`), sim)
			clock := newClock()
			c := newClient(t, url, client.WithPassword(admin, "x"), client.WithClock(clock))
			for range 3 {
				if _, err := c.SIM(t.Context(), kit.IssuedSIM); err != nil {
					t.Fatal(err)
				}
				clock.Advance(24 * time.Hour)
			}
			if len(s.requests()) != 4 {
				t.Errorf("%d requests, want one sign-in and three reads", len(s.requests()))
			}
		})
	}
}

// A request that waits for another's renewal can be cancelled.
func TestWaitForRenewalCanBeCanceled(t *testing.T) {
	signingIn, finish := make(chan struct{}), make(chan struct{})
	url, _ := startScript(t, func(w http.ResponseWriter, r *http.Request) {
		close(signingIn)
		<-finish
		status(http.StatusOK, `{"auth_token": "x"}`)(w, r)
	}, sim)
	c := newClient(t, url, client.WithPassword(admin, "x"))
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := c.SIM(t.Context(), kit.IssuedSIM); err != nil {
			t.Error(err)
		}
	})
	<-signingIn
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.SIM(ctx, kit.IssuedSIM); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(finish)
	wg.Wait()
}
