package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit"
)

func refresh(s *kit.Server, token string) *kit.Answer {
	s.T.Helper()
	return s.Anonymous().Post(authenticate, object{"refresh_token": token})
}

// newSession signs in as user@example.com.
func newSession(s *kit.Server) api.AuthResponse {
	s.T.Helper()
	return tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password))
}

// wantEnded checks that neither the bearers nor the refresh tokens of a session are valid.
func wantEnded(s *kit.Server, session ...api.AuthResponse) {
	s.T.Helper()
	for _, t := range session {
		withBearer(s, t.AuthToken).Get(whoami).Is(http.StatusUnauthorized)
		if got := refresh(s, t.RefreshToken).Is(http.StatusUnauthorized); len(got.Body) != 0 {
			s.T.Errorf("the refusal has a body: %s", got.Body)
		}
	}
}

// theftEvents returns the events about reused refresh tokens.
func theftEvents(s *kit.Server) (events []api.Event) {
	s.T.Helper()
	s.As("admin@example.com").Get("/api/v1/event?q=event_type:6").Is(http.StatusOK).JSON(&events)
	return events
}

func TestContract_RefreshRotates(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		seen := make(map[string]bool)
		for now, i := newSession(s), 0; i < 3; i++ {
			if now.RefreshToken == "" || seen[now.RefreshToken] {
				t.Fatalf("the refresh token %q is not the next", now.RefreshToken)
			}
			seen[now.RefreshToken] = true
			withBearer(s, now.AuthToken).Get(whoami).Is(http.StatusOK)
			s.Clock.Advance(beyond)
			withBearer(s, now.AuthToken).Get(whoami).Is(http.StatusUnauthorized)
			now = tokensOf(refresh(s, now.RefreshToken))
		}
	})
}

func TestContract_RefreshReuse(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		first, other := newSession(s), newSession(s)
		second := tokensOf(refresh(s, first.RefreshToken))
		third := tokensOf(refresh(s, second.RefreshToken))
		refresh(s, first.RefreshToken).Is(http.StatusUnauthorized)
		wantEnded(s, first, second, third)
		tokensOf(refresh(s, other.RefreshToken)) // another sign-in is another family
		old := newSession(s)
		s.Clock.Advance(control.RefreshTTL)
		refresh(s, old.RefreshToken).Is(http.StatusUnauthorized)
		if got := theftEvents(s); len(got) != 1 {
			t.Errorf("%d events, want one: %+v", len(got), got)
		}
	})
}

// A client that keeps its first refresh token works until that token expires.
func TestRefreshWithoutRotation(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		one, other := twoServers(t, e)
		first := newSession(one)
		next := ""
		for i := range 5 {
			one.Clock.Advance(beyond)
			got := tokensOf(refresh([]*kit.Server{one, other}[i%2], first.RefreshToken))
			if next == "" {
				next = got.RefreshToken
			}
			if got.RefreshToken != next || got.RefreshToken == first.RefreshToken {
				t.Errorf("use %d got another successor", i)
			}
			withBearer(one, got.AuthToken).Get(whoami).Is(http.StatusOK)
		}
		if rows := one.Rows("SELECT hash FROM refresh_tokens"); len(rows) != 2 {
			t.Errorf("%d refresh tokens are stored, want the first and its successor", len(rows))
		}
		one.Clock.Advance(control.RefreshTTL - 5*beyond)
		refresh(one, first.RefreshToken).Is(http.StatusUnauthorized)
		tokensOf(refresh(one, next)) // each use of its predecessor extends it
		if got := theftEvents(one); len(got) != 0 {
			t.Errorf("events of thefts: %+v", got)
		}
	})
}

// A client whose response was lost sends the same token again and continues from there.
func TestRefreshAnswerLost(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		now := newSession(s)
		for range 4 {
			lost := tokensOf(refresh(s, now.RefreshToken))
			s.Clock.Advance(time.Minute)
			again := tokensOf(refresh(s, now.RefreshToken))
			if lost.RefreshToken != again.RefreshToken || lost.AuthToken == again.AuthToken {
				t.Error("want the same refresh token with a new bearer")
			}
			now = again
		}
		withBearer(s, now.AuthToken).Get(whoami).Is(http.StatusOK)
	})
}

// Two processes that refresh at the same time, at two servers, get the same successor, and both
// continue with it.
func TestRefreshInParallel(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		one, other := twoServers(t, e)
		now := newSession(one)
		for range 5 {
			var answers [4]*kit.Answer
			var wg sync.WaitGroup
			for i := range answers {
				wg.Go(func() { answers[i] = refresh([]*kit.Server{one, other}[i%2], now.RefreshToken) })
			}
			wg.Wait()
			now = tokensOf(answers[0])
			for _, a := range answers {
				got := tokensOf(a)
				if got.RefreshToken != now.RefreshToken {
					t.Error("two successors of one refresh token")
				}
				withBearer(one, got.AuthToken).Get(whoami).Is(http.StatusOK)
			}
		}
		if got := theftEvents(one); len(got) != 0 {
			t.Errorf("events of thefts: %+v", got)
		}
	})
}

// One process still uses a token while another already uses its successor. The first either
// succeeds in time or ends the session; it never fails with an error or deadlocks.
func TestRefreshOfNeighboursInParallel(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		one, other := twoServers(t, e)
		ended := 0
		for range 8 {
			first := newSession(one)
			second := tokensOf(refresh(one, first.RefreshToken))
			var late, next *kit.Answer
			var wg sync.WaitGroup
			wg.Go(func() { late = refresh(one, first.RefreshToken) })
			wg.Go(func() { next = refresh(other, second.RefreshToken) })
			wg.Wait()
			if late.Status == http.StatusUnauthorized {
				ended++
				wantEnded(one, first, second)
			} else if tokensOf(late).RefreshToken != second.RefreshToken {
				t.Error("another successor")
			}
			if next.Status != http.StatusOK && late.Status != http.StatusUnauthorized {
				t.Errorf("answers %d and %d", late.Status, next.Status)
			}
		}
		if got := theftEvents(one); len(got) != ended {
			t.Errorf("%d events, want %d", len(got), ended)
		}
	})
}

// A stolen refresh token is detected when the owner or the thief uses a token whose successor
// the other has used.
func TestRefreshTheft(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		for name, steal := range map[string]func(first api.AuthResponse) []api.AuthResponse{
			"before the owner's refresh": func(first api.AuthResponse) []api.AuthResponse {
				attacker := tokensOf(refresh(s, first.RefreshToken))
				thief2 := tokensOf(refresh(s, attacker.RefreshToken))
				refresh(s, first.RefreshToken).Is(http.StatusUnauthorized) // the owner
				return []api.AuthResponse{attacker, thief2}
			},
			"after the owner's refresh": func(first api.AuthResponse) []api.AuthResponse {
				owner := tokensOf(refresh(s, first.RefreshToken))
				owner2 := tokensOf(refresh(s, owner.RefreshToken))
				refresh(s, first.RefreshToken).Is(http.StatusUnauthorized) // the thief
				return []api.AuthResponse{owner, owner2}
			},
			"between two refreshes of the owner": func(first api.AuthResponse) []api.AuthResponse {
				owner := tokensOf(refresh(s, first.RefreshToken))
				attacker := tokensOf(refresh(s, first.RefreshToken)) // the same tokens as the owner
				owner2 := tokensOf(refresh(s, owner.RefreshToken))
				owner3 := tokensOf(refresh(s, owner2.RefreshToken))
				refresh(s, attacker.RefreshToken).Is(http.StatusUnauthorized)
				return []api.AuthResponse{owner, attacker, owner2, owner3}
			},
		} {
			t.Run(name, func(t *testing.T) {
				before := len(theftEvents(s))
				first := newSession(s)
				wantEnded(s, append(steal(first), first)...)
				events := theftEvents(s)
				if len(events) != before+1 {
					t.Fatalf("%d events, want one more than %d", len(events), before)
				}
				got := events[0]
				if got.User == nil || got.User.ID != kit.PlainUserID || got.Severity.ID != 2 || got.Organisation.ID != kit.FleetDE ||
					!strings.Contains(got.Description, "user@example.com") {
					t.Errorf("the event is %+v", got)
				}
			})
		}
	})
}

// The database contains no refresh token, and no key of a token that was replaced.
func TestRefreshTokensAreNotReadable(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		first := newSession(s)
		second := tokensOf(refresh(s, first.RefreshToken))
		third := tokensOf(refresh(s, second.RefreshToken))
		for table, lines := range s.Dump() {
			for _, line := range lines {
				for _, secret := range []string{first.RefreshToken, second.RefreshToken, third.RefreshToken} {
					if strings.Contains(line, secret) {
						t.Errorf("%s holds a refresh token: %s", table, line)
					}
				}
			}
		}
		got := s.Rows("SELECT count(*) FROM refresh_tokens WHERE successor_key IS NOT NULL AND spent_at IS NULL")
		left := s.Rows("SELECT count(*) FROM refresh_tokens WHERE successor_key IS NOT NULL AND spent_at IS NOT NULL")
		if fmt.Sprint(got, left) != "[[1]] [[0]]" {
			t.Errorf("%v keys of tokens in use, %v of spent ones, want 1 and 0", got, left)
		}
	})
}
