package httpapi_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// twoServers starts two servers over one database.
func twoServers(t *testing.T, e kit.Engine) (one, other *kit.Server) {
	t.Helper()
	one = kit.StartFerry(t, e)
	return one, kit.StartOn(t, one.DB, one.Clock)
}

// onServer returns the same client for another server.
func onServer(s *kit.Server, c *kit.Client) *kit.Client {
	other := *c
	other.Server = s
	return &other
}

// Both servers see the same state: none is kept in one process only.
func TestTwoServers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		for name, test := range map[string]func(t *testing.T, one, other *kit.Server){
			"tokens": func(t *testing.T, one, other *kit.Server) {
				t.Helper()
				session := tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password))
				withBearer(other, session.AuthToken).Get("/api/v1/organisation/my").Is(http.StatusOK)
				next := tokensOf(refresh(other, session.RefreshToken))
				last := tokensOf(refresh(one, next.RefreshToken))
				refresh(one, session.RefreshToken).Is(http.StatusUnauthorized) // spent at both servers
				refresh(other, last.RefreshToken).Is(http.StatusUnauthorized)
				program := application(one, newApplicationToken(other, control.NewToken{}))
				onServer(other, program).Get("/api/v1/sim/status").Is(http.StatusOK)
			},
			"lockout": func(t *testing.T, one, other *kit.Server) {
				t.Helper()
				signIn(one.Anonymous(), "admin@example.com", wrong).Is(http.StatusUnauthorized)
				signIn(other.Anonymous(), "admin@example.com", wrong).Is(http.StatusUnauthorized)
				signIn(one.Anonymous(), "admin@example.com", wrong).Is(http.StatusUnauthorized)
				for _, s := range []*kit.Server{one, other} {
					wantCode(t, signIn(s.Anonymous(), "admin@example.com", kit.Password), http.StatusUnauthorized, 1105)
				}
			},
			"attempts": func(t *testing.T, one, other *kit.Server) {
				t.Helper()
				for i := range 100 {
					s := []*kit.Server{one, other}[i%2]
					s.Anonymous().Post(authenticate, `{}`).Is(http.StatusBadRequest)
				}
				for _, s := range []*kit.Server{one, other} {
					wantCode(t, s.Anonymous().Post(authenticate, `{}`), http.StatusTooManyRequests, 1105)
				}
			},
			"idempotency": func(t *testing.T, one, other *kit.Server) {
				t.Helper()
				c := one.As("admin@example.com").With("Idempotency-Key", "k1")
				body := fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetFR, kit.IssuedSIM)
				first := c.Post(migration, body).Is(http.StatusOK)
				again := onServer(other, c).Post(migration, body).Is(http.StatusOK)
				if again.Header.Get("Idempotent-Replayed") != "true" || again.Header.Get("Location") != first.Header.Get("Location") {
					t.Errorf("the answer of the other: %v", again.Header)
				}
				if diff := cmp.Diff(string(first.Body), string(again.Body)); diff != "" {
					t.Errorf("the replay differs:\n%s", diff)
				}
				wantCode(t, onServer(other, c).Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetUS, kit.IssuedSIM)), 422, 1406)
			},
			"suspension": func(t *testing.T, one, other *kit.Server) {
				t.Helper()
				c := one.As("user@example.com")
				onServer(other, c).Get("/api/v1/sim/status").Is(http.StatusOK) // the other has seen the token
				one.Seed(`users: [{id: 4, username: user@example.com, name: User, password: correct horse, status: suspended, default_workspace: 100, roles: {100: user, 200: user}}]`)
				onServer(other, c).Get("/api/v1/sim/status").Is(http.StatusUnauthorized)
				signIn(other.Anonymous(), "user@example.com", kit.Password).Is(http.StatusUnauthorized)
			},
		} {
			t.Run(name, func(t *testing.T) {
				one, other := twoServers(t, e)
				test(t, one, other)
			})
		}
	})
}

// A running server accepts a key that another server created later, for bearers and application
// tokens, and keeps accepting its own.
func TestNewSigningKey(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		for _, kind := range []string{"bearer", "application token"} {
			t.Run(kind, func(t *testing.T) {
				one := kit.StartFerry(t, e)
				before := one.As("admin@example.com")
				key, err := identity.GenerateKey(one.Clock.Now().Add(1))
				if err != nil {
					t.Fatal(err)
				}
				literal := map[kit.Engine]string{kit.SQLite: "x'%x'", kit.Postgres: "'\\x%x'"}[e]
				one.Exec(fmt.Sprintf("INSERT INTO signing_keys VALUES ('%s', "+literal+", %d)", key.ID, []byte(key.Private), one.Clock.Now().UnixMicro()+1))
				other := kit.StartOn(t, one.DB, one.Clock)
				if kind == "bearer" {
					after := onServer(one, other.As("user@example.com"))
					if kid := decodePart(t, after.Token, 0)["kid"]; kid != key.ID {
						t.Fatalf("the other signs with %v, not with the newest key", kid)
					}
					after.Get("/api/v1/sim/status").Is(http.StatusOK)
				} else {
					application(one, newApplicationToken(other, control.NewToken{}))
				}
				before.Get("/api/v1/sim/status").Is(http.StatusOK)
				onServer(other, before).Get("/api/v1/sim/status").Is(http.StatusOK)
				if set := string(one.Anonymous().Get("/.well-known/jwks.json").Body); strings.Count(set, `"kid"`) != 2 {
					t.Errorf("the key set is %s", set)
				}
				forged := encode(object{"alg": "EdDSA", "kid": "nobody's"}) + "." + encode(object{}) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))
				withBearer(one, forged).Get("/api/v1/sim/status").Is(http.StatusUnauthorized)
			})
		}
	})
}
