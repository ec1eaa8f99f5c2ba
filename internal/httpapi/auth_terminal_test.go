package httpapi_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

const terminalURL = "/api/v1/authenticate/device"

func startTerminal(s *kit.Server) api.DeviceAuthorization {
	s.T.Helper()
	return decodeBody[api.DeviceAuthorization](s.T, s.Anonymous().Post(terminalURL, nil), http.StatusOK)
}

func pollTerminal(s *kit.Server, start api.DeviceAuthorization) *kit.Answer {
	s.T.Helper()
	return s.Anonymous().Post(authenticate, object{"device_code": start.DeviceCode})
}

// person returns the principal of a signed-in user, as the console has it.
func person(s *kit.Server, username string) identity.Principal {
	s.T.Helper()
	origin := identity.Origin{Address: netip.MustParseAddr("127.0.0.1")}
	claims, err := s.Control.VerifyToken(s.T.Context(), s.As(username).Token)
	if err != nil {
		s.T.Fatal(err)
	}
	caller, err := s.Control.Authenticate(s.T.Context(), claims, origin)
	if err != nil {
		s.T.Fatal(err)
	}
	return caller
}

// wantPending checks that a terminal waits: it gets nothing but that.
func wantPending(s *kit.Server, start api.DeviceAuthorization) {
	s.T.Helper()
	if got := decodeBody[api.AuthResponse](s.T, pollTerminal(s, start), http.StatusOK); got != (api.AuthResponse{AuthorizationPending: true}) {
		s.T.Errorf("a waiting terminal got %+v", got)
	}
}

// A terminal gets a session of the user who approves it, once, and no password passes through it.
func TestContract_Terminal(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		start := startTerminal(s)
		if !regexp.MustCompile(`^[B-Z]{4}-[B-Z]{4}$`).MatchString(start.UserCode) || start.VerificationURI != "/terminal" || start.ExpiresIn != 600 || start.Interval < 1 {
			t.Errorf("started: %+v", start)
		}
		for _, row := range s.Rows("SELECT * FROM terminal_sign_ins") {
			if strings.Contains(fmt.Sprint(row...), start.DeviceCode) {
				t.Errorf("the database has the device code: %v", row)
			}
		}
		wantPending(s, start)
		user := person(s, "user@example.com")
		typed := strings.ToLower(strings.Replace(start.UserCode, "-", " ", 1))
		if found, err := s.Control.Terminal(t.Context(), user, typed); err != nil || found.Address != "127.0.0.1" || found.UserCode != start.UserCode {
			t.Errorf("found %+v, %v", found, err)
		}
		if err := s.Control.DecideTerminal(t.Context(), user, typed, true); err != nil {
			t.Fatal(err)
		}
		if err := s.Control.DecideTerminal(t.Context(), user, typed, true); fleet.CodeOf(err) != fleet.NotFound {
			t.Errorf("decided twice: %v", err)
		}
		got := tokensOf(pollTerminal(s, start))
		withBearer(s, got.AuthToken).Get(whoami).Is(http.StatusOK)
		tokensOf(refresh(s, got.RefreshToken))
		pollTerminal(s, start).Is(http.StatusUnauthorized)
	})
}

// What ends the sessions of the user between the approval and the tokens ends this one as well.
func TestContract_TerminalRefused(t *testing.T) {
	decide := func(approve bool) func(*kit.Server, api.DeviceAuthorization) {
		return func(s *kit.Server, start api.DeviceAuthorization) {
			if err := s.Control.DecideTerminal(s.T.Context(), person(s, "user@example.com"), start.UserCode, approve); err != nil {
				s.T.Fatal(err)
			}
		}
	}
	approved := decide(true)
	for name, then := range map[string]func(*kit.Server, api.DeviceAuthorization){
		"refused": decide(false),
		"expired": func(s *kit.Server, _ api.DeviceAuthorization) { s.Clock.Advance(10 * time.Minute) },
		"approved, then expired": func(s *kit.Server, start api.DeviceAuthorization) {
			approved(s, start)
			s.Clock.Advance(10 * time.Minute)
		},
		"approved, then signed out everywhere": func(s *kit.Server, start api.DeviceAuthorization) {
			approved(s, start)
			s.As("user@example.com").Post("/api/v1/logout", object{"everywhere": true}).Is(http.StatusNoContent)
		},
		"approved, then suspended": func(s *kit.Server, start api.DeviceAuthorization) {
			approved(s, start)
			s.SetStatus(kit.PlainUserID, fleet.UserSuspended)
		},
		"approved, then removed": func(s *kit.Server, start api.DeviceAuthorization) {
			approved(s, start)
			s.SetRole(kit.PlainUserID, kit.FleetDE, fleet.NoRole)
			s.SetRole(kit.PlainUserID, kit.FleetFR, fleet.NoRole)
		},
	} {
		t.Run(name, func(t *testing.T) {
			kit.OnEach(t, func(t *testing.T, e kit.Engine) {
				s := kit.StartFerry(t, e)
				start := startTerminal(s)
				then(s, start)
				for range 2 {
					if got := pollTerminal(s, start).Is(http.StatusUnauthorized); len(got.Body) != 0 {
						t.Errorf("the refusal has a body: %s", got.Body)
					}
				}
			})
		})
	}
}

// Codes cannot be guessed: after 20 wrong ones in an hour, the right one is refused, too.
func TestContract_TerminalGuesses(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		start, user := startTerminal(s), person(s, "user@example.com")
		for i := range 20 {
			if _, err := s.Control.Terminal(t.Context(), user, []string{"BCDF-GHJK", "short", "", "aeio-uaei", "\x00\xff"}[i%5]); fleet.CodeOf(err) != fleet.NotFound {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		for _, decide := range []func() error{
			func() error { _, err := s.Control.Terminal(t.Context(), user, start.UserCode); return err },
			func() error { return s.Control.DecideTerminal(t.Context(), user, start.UserCode, true) },
		} {
			if err := decide(); fleet.CodeOf(err) != fleet.TooManyRequests {
				t.Errorf("after 20 wrong codes: %v", err)
			}
		}
		wantPending(s, start)
		if err := s.Control.DecideTerminal(t.Context(), person(s, "admin@example.com"), start.UserCode, true); err != nil {
			t.Errorf("another user: %v", err)
		}
	})
}

// Without a console no terminal is started.
func TestContract_TerminalWithoutConsole(t *testing.T) {
	s := kit.StartWith(t, kit.SQLite.FerryURL(t), kit.NewClock(), control.Options{})
	s.Anonymous().Post(terminalURL, nil).Is(http.StatusForbidden)
}
