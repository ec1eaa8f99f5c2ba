package httpapi_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

func keyIDs(s *kit.Server) (ids []string) {
	s.T.Helper()
	var set struct{ Keys []struct{ Kid string } }
	s.Anonymous().Get("/.well-known/jwks.json").Is(http.StatusOK).JSON(&set)
	for _, k := range set.Keys {
		ids = append(ids, k.Kid)
	}
	return ids
}

func rotate(s *kit.Server) string {
	s.T.Helper()
	s.Clock.Advance(time.Second)
	made, err := operator.New(s.Control).RotateKey(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	return made.ID
}

// A new key is used by every server immediately, and published before its first token; no
// session ends.
func TestKeysRotate(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		one, other := twoServers(t, e)
		old := keyIDs(one)
		session := tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password))
		made := newApplicationToken(one, control.NewToken{})
		program := application(one, made)
		next := rotate(one)
		for _, s := range []*kit.Server{other, one} {
			if got := keyIDs(s); !slices.Equal(got, []string{next, old[0]}) {
				t.Errorf("the key set is %v, want %s before %s", got, next, old[0])
			}
			withBearer(s, session.AuthToken).Get(whoami).Is(http.StatusOK)
			onServer(s, program).Get(whoami).Is(http.StatusOK)
			application(s, made)
			fresh := tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password))
			if kid := decodePart(t, fresh.AuthToken, 0)["kid"]; kid != next {
				t.Errorf("signed with %v, want %s", kid, next)
			}
		}
		tokensOf(refresh(other, session.RefreshToken))
		one.Clock.Advance(-time.Hour) // the rotating server's clock may be slow
		if last := rotate(one); keyIDs(other)[0] != last {
			t.Errorf("%s does not sign", last)
		}
	})
}

// An old key is removed when nothing uses it: its bearers have expired, and its application
// tokens have expired or are revoked.
func TestOldKeysRetire(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		old := keyIDs(s)[0]
		made := newApplicationToken(s, control.NewToken{})
		next := rotate(s)
		sweep := func(want ...string) {
			t.Helper()
			if err := operator.New(s.Control).Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := keyIDs(s); !slices.Equal(got, want) {
				t.Errorf("the keys are %v, want %v", got, want)
			}
		}
		s.Clock.Advance(720 * time.Hour)
		sweep(next, old)
		s.Clock.Advance(2 * time.Hour)
		sweep(next, old)
		application(s, made)
		revoke(s, made.ID)
		sweep(next)
		s.Clock.Advance(10_000 * time.Hour)
		sweep(next) // the one that signs stays
	})
}

// A compromised key is removed: its tokens become invalid immediately on every server, even if
// cached.
func TestRemovedKeyTakesEffectImmediately(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		one, other := twoServers(t, e)
		old := keyIDs(one)[0]
		session := tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password))
		made := newApplicationToken(one, control.NewToken{})
		program := application(one, made)
		onServer(other, program).Get(whoami).Is(http.StatusOK)
		withBearer(other, session.AuthToken).Get(whoami).Is(http.StatusOK)
		if err := operator.New(one.Control).RemoveKey(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*kit.Server{other, one} {
			onServer(s, program).Get(whoami).Is(http.StatusUnauthorized)
			withBearer(s, session.AuthToken).Get(whoami).Is(http.StatusUnauthorized)
			exchange(s.Anonymous(), made.Text).Is(http.StatusUnauthorized)
			if got := keyIDs(s); len(got) != 1 || got[0] == old {
				t.Errorf("the keys are %v", got)
			}
		}
		next := tokensOf(refresh(other, session.RefreshToken)) // users stay signed in
		withBearer(one, next.AuthToken).Get(whoami).Is(http.StatusOK)
	})
}
