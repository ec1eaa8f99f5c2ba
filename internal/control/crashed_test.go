package control_test

import (
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/world"
)

// Sign-ins interrupted by a crash do not stay counted as wrong guesses. They count while they
// may still be running, so that a burst is bounded, and for a minute at most.
func TestInterruptedSignInIsNotAGuess(t *testing.T) {
	t.Parallel()
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		t.Parallel()
		var passed atomic.Int64
		began := time.Now()
		c := controlAt(t, e.URL(t), func() time.Time { return began.Add(time.Duration(passed.Load())) })
		signIn := func(password string) error {
			sent := control.Credentials{Username: "a@example.com", Password: identity.WireDigest(password)}
			_, err := c.SignIn(t.Context(), sent, identity.Origin{Address: anywhere})
			return err
		}
		for i := range 100 {
			if err := c.TryAndCrash(t.Context(), "a@example.com", anywhere); err != nil {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
		var locked *fleet.Error
		if err := signIn("correct horse"); !errors.As(err, &locked) || locked.Code != fleet.LockedOut || locked.RetryAfter > time.Minute {
			t.Errorf("beside 100 under way: %v", err)
		}
		passed.Add(int64(61 * time.Second))
		if err := signIn("correct horse"); err != nil {
			t.Errorf("a minute after the crash: %v", err)
		}
		if err := signIn("wrong"); fleet.CodeOf(err) != fleet.BadCredentials {
			t.Errorf("a wrong password: %v", err)
		}
	})
}

var anywhere = netip.MustParseAddr("192.0.2.7")

// controlAt opens a fresh database with one user and a clock of the test's own.
func controlAt(t *testing.T, url string, clock func() time.Time) *control.Control {
	t.Helper()
	s, err := store.Open(t.Context(), url, store.Options{Clock: clock, MaxConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c, err := control.New(t.Context(), s, control.Options{Password: kit.CheapPassword})
	if err != nil {
		t.Fatal(err)
	}
	w, err := world.Parse(strings.NewReader(`
workspaces: [{id: 10, name: A, type: enterprise}]
users: [{id: 1, username: a@example.com, name: A, password: correct horse, default_workspace: 10, roles: {10: administrator}}]
`))
	if err == nil {
		_, err = operator.New(c).ApplyWorld(t.Context(), w)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
