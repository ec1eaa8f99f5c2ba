package httpapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

const wrong = "no password of anybody"

func TestSignIn(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		for name, body := range map[string]object{
			"as documented":        credentials("admin@example.com", kit.Password),
			"the name in capitals": credentials("Admin@EXAMPLE.com", kit.Password),
			"the hash in capitals": {"username": "admin@example.com", "password": strings.ToUpper(identity.WireDigest(kit.Password))},
			"a fingerprint":        {"username": "admin@example.com", "password": identity.WireDigest(kit.Password), "fingerprint": "abc"},
		} {
			got := tokensOf(s.Anonymous().Post(authenticate, body))
			if got.RefreshToken == "" {
				t.Errorf("%s: no refresh token", name)
			}
			var place struct{ ID int64 }
			withBearer(s, got.AuthToken).Get("/api/v1/organisation/my").Is(http.StatusOK).JSON(&place)
			if place.ID != kit.FleetDE {
				t.Errorf("%s: signed in to Workspace %d", name, place.ID)
			}
		}
	})
}

// The response to a refused sign-in does not reveal the reason.
func TestRefusalsAreAlike(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		s.Seed(`users: [{id: 20, username: pending@example.com, name: Pending, password: correct horse, status: activation_pending, default_workspace: 100, roles: {100: administrator}}]`)
		s.Exec(fmt.Sprintf("INSERT INTO users (id, username, name, status, super_admin, default_workspace_id, password_hash, session_epoch, created_at) SELECT 21, 'homeless@example.com', name, 1, 0, NULL, password_hash, 0, 0 FROM users WHERE id = %d", kit.AdminID))
		want := normalized(signIn(s.Anonymous(), "admin@example.com", wrong).Is(http.StatusUnauthorized), "admin@example.com")
		if want["body"] != "" {
			t.Errorf("the body is %q", want["body"])
		}
		for name, body := range map[string]object{
			"unknown user":                           credentials("unknown@example.com", kit.Password),
			"suspended":                              credentials("suspended@example.com", kit.Password),
			"suspended, wrong":                       credentials("suspended@example.com", wrong),
			"not activated":                          credentials("pending@example.com", kit.Password),
			"no Workspace":                           credentials("homeless@example.com", kit.Password),
			"no text":                                credentials("admin\x00@example.com", kit.Password),
			"very long name":                         credentials(strings.Repeat("long.", 1500)+"@example.com", kit.Password),
			"empty name":                             credentials("", kit.Password),
			"unknown refresh token":                  {"refresh_token": "bm90aGluZw"},
			"garbled refresh token":                  {"refresh_token": "\x00\n"},
			"garbled application":                    {"application_token": "abc"},
			"an application token without a subject": {"application_token": "eyJhbGciOiJub25lIn0.e30."},
		} {
			got := normalized(s.Anonymous().Post(authenticate, body), "admin@example.com")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: the response is not that to a wrong password (-wrong +got):\n%s", name, diff)
			}
		}
	})
}

// A plain-text password is a 400 that says what to send and does not repeat the password.
func TestPlainPassword(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	for _, password := range []string{kit.Password, "", strings.Repeat("z", 40), strings.Repeat("a", 41)} {
		got := wantCode(t, s.Anonymous().Post(authenticate, object{"username": "admin@example.com", "password": password}), 400, 1000)
		if !strings.HasPrefix(got.Message, "password: ") || password != "" && strings.Contains(got.Message, password) {
			t.Errorf("%q: %s", password, got.Message)
		}
	}
}

func TestLockout(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		here := fromAddress(s, "203.0.113.5")
		for range 2 {
			signIn(here, "admin@example.com", wrong).Is(http.StatusUnauthorized)
		}
		tokensOf(signIn(here, "admin@example.com", kit.Password)) // not three in a row
		for range 3 {
			if got := signIn(here, "ADMIN@example.com", wrong).Is(http.StatusUnauthorized); len(got.Body) != 0 {
				t.Fatalf("locked too early: %s", got.Body)
			}
		}
		locked := signIn(here, "admin@example.com", kit.Password)
		wantCode(t, locked, http.StatusUnauthorized, 1105)
		if locked.Header.Get("Retry-After") != "300" {
			t.Errorf("Retry-After: %s", locked.Header.Get("Retry-After"))
		}
		s.Clock.Advance(5*time.Minute - time.Second)
		wantCode(t, signIn(here, "admin@example.com", kit.Password), http.StatusUnauthorized, 1105)
		s.Clock.Advance(time.Second)
		tokensOf(signIn(here, "admin@example.com", kit.Password))
	})
}

// A lock that was set while the clock was years ahead ends when the clock is corrected.
func TestLockoutAfterClockCorrection(t *testing.T) {
	const years = 3 * 365 * 24 * time.Hour
	s := kit.StartFerry(t, kit.SQLite)
	s.Clock.Advance(years)
	for range 3 {
		signIn(s.Anonymous(), "admin@example.com", wrong).Is(http.StatusUnauthorized)
	}
	wantCode(t, signIn(s.Anonymous(), "admin@example.com", kit.Password), http.StatusUnauthorized, 1105)
	s.Clock.Advance(-years)
	tokensOf(signIn(s.Anonymous(), "admin@example.com", kit.Password))
}

// Only the address from a trusted proxy counts: the right-most one that is not a trusted proxy.
func TestLockoutAddresses(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	for _, forged := range []string{"203.0.113.5", "198.51.100.1, 203.0.113.5", "198.51.100.2,203.0.113.5, 127.0.0.1"} {
		signIn(fromAddress(s, forged), "admin@example.com", wrong).Is(http.StatusUnauthorized)
	}
	wantCode(t, signIn(fromAddress(s, "192.0.2.99, ::ffff:203.0.113.5"), "admin@example.com", kit.Password), http.StatusUnauthorized, 1105)
	tokensOf(signIn(fromAddress(s, "203.0.113.6"), "admin@example.com", kit.Password))
	tokensOf(signIn(fromAddress(s, "not an address"), "admin@example.com", kit.Password))
	tokensOf(signIn(s.Anonymous(), "admin@example.com", kit.Password))
}

// An unknown user name is locked like an existing one.
func TestLockoutOfUnknownUser(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	for _, name := range []string{"unknown@example.com", "suspended@example.com"} {
		for range 3 {
			signIn(s.Anonymous(), name, wrong).Is(http.StatusUnauthorized)
		}
		wantCode(t, signIn(s.Anonymous(), name, wrong), http.StatusUnauthorized, 1105)
	}
}

// A correct password counts as a failure for a user who cannot sign in. Otherwise the missing
// lock would reveal that it is correct.
func TestLockoutOfUsersWhoCannotSignIn(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		s.Exec(fmt.Sprintf("DELETE FROM membership_roles WHERE user_id = %d", kit.ObserverID))
		s.Exec(fmt.Sprintf("DELETE FROM memberships WHERE user_id = %d", kit.ObserverID)) // observer@example.com is in no Workspace
		for _, name := range []string{"observer@example.com", "suspended@example.com"} {
			for range 3 {
				signIn(s.Anonymous(), name, kit.Password).Is(http.StatusUnauthorized)
			}
			wantCode(t, signIn(s.Anonymous(), name, kit.Password), http.StatusUnauthorized, 1105)
		}
		if left := s.Rows("SELECT key FROM auth_counters WHERE kind = 'guesses under way' AND count > 0"); len(left) != 0 {
			t.Errorf("attempts are still counted as under way: %v", left)
		}
	})
}

func TestAttemptsPerAddress(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		here := fromAddress(s, "203.0.113.5")
		for i := range 100 { // of every kind
			here.Post(authenticate, []any{`{}`, `no JSON`, object{"refresh_token": "x"}, object{"application_token": "x"}}[i%4])
		}
		got := signIn(here, "admin@example.com", kit.Password)
		wantCode(t, got, http.StatusTooManyRequests, 1105)
		if wait, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 300 {
			t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
		}
		tokensOf(signIn(fromAddress(s, "203.0.113.6"), "admin@example.com", kit.Password))
		s.Clock.Advance(5 * time.Minute)
		tokensOf(signIn(here, "admin@example.com", kit.Password))
	})
}

// At most 100 attempts per account and hour are evaluated, from any number of addresses. It is
// TestContract_GuessCeiling.
func guessCeiling(t *testing.T, e kit.Engine) {
	t.Helper()
	s := kit.StartFerry(t, e)
	for i := range 100 {
		if got := signIn(fromAddress(s, fmt.Sprintf("203.0.113.%d", i)), "admin@example.com", wrong).Is(http.StatusUnauthorized); len(got.Body) != 0 {
			t.Fatalf("guess %d: %s", i+1, got.Body)
		}
	}
	refused := signIn(fromAddress(s, "203.0.113.200"), "admin@example.com", kit.Password)
	wantCode(t, refused, http.StatusUnauthorized, 1105)
	if refused.Header.Get("Retry-After") != "3600" {
		t.Errorf("Retry-After: %s", refused.Header.Get("Retry-After"))
	}
	tokensOf(signIn(fromAddress(s, "203.0.113.200"), "user@example.com", kit.Password)) // another account
	s.Clock.Advance(time.Hour)
	tokensOf(signIn(fromAddress(s, "203.0.113.200"), "admin@example.com", kit.Password))
}

func TestPasswordChangeEndsSessions(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		session := tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password))
		other := s.As("admin@example.com")
		if err := operator.New(s.Control).SetPassword(t.Context(), "User@example.com", "battery staple"); err != nil {
			t.Fatal(err)
		}
		withBearer(s, session.AuthToken).Get("/api/v1/organisation/my").Is(http.StatusUnauthorized)
		s.Anonymous().Post(authenticate, object{"refresh_token": session.RefreshToken}).Is(http.StatusUnauthorized)
		signIn(s.Anonymous(), "user@example.com", kit.Password).Is(http.StatusUnauthorized)
		fresh := tokensOf(signIn(s.Anonymous(), "user@example.com", "battery staple"))
		withBearer(s, fresh.AuthToken).Get("/api/v1/organisation/my").Is(http.StatusOK)
		other.Get("/api/v1/organisation/my").Is(http.StatusOK)
	})
}

func TestSuspensionTakesEffectImmediately(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		session := tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password))
		elsewhere := withBearer(s, session.AuthToken).In(kit.FleetFR)
		suspend(s, kit.PlainUserID)
		withBearer(s, session.AuthToken).Get("/api/v1/sim").Is(http.StatusUnauthorized)
		elsewhere.Get("/api/v1/sim").Is(http.StatusUnauthorized)
		s.Anonymous().Post(authenticate, object{"refresh_token": session.RefreshToken}).Is(http.StatusUnauthorized)
	})
}
