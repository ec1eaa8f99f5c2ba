package control_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// Sign-ins interrupted by a crash do not stay counted as wrong guesses. They count while they
// may still be running, so that a burst is bounded, and for a minute at most.
func TestASignInCutOffByACrashIsNoGuess(t *testing.T) {
	t.Parallel()
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		t.Parallel()
		var passed atomic.Int64
		began := time.Now()
		in := install(t, e.URL(t), func() time.Time { return began.Add(time.Duration(passed.Load())) })
		in.apply(t, clockWorld)
		signIn := func(password string) error {
			sent := control.Credentials{Username: "a@example.com", Password: identity.WireDigest(password)}
			_, err := in.SignIn(t.Context(), sent, identity.Origin{Address: anywhere})
			return err
		}
		for i := range 100 {
			if err := in.TryAndCrash(t.Context(), "a@example.com", anywhere); err != nil {
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
