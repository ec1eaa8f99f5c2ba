package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

// Every sign-in costs one password hash, successful or not, so the response time does not
// reveal whether a user name exists. The test counts hashes, because timing would be
// unreliable; BenchmarkUserEnumeration measures the time. (TestRefusalsAreAlike compares bodies
// and headers.)
func TestSignInWorkIsTheSameForUnknownUsers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		s.Exec(fmt.Sprintf("INSERT INTO users (id, username, name, status, super_admin, default_workspace_id, password_hash, session_epoch, created_at) SELECT 21, 'homeless@example.com', name, 1, 0, NULL, password_hash, 0, 0 FROM users WHERE id = %d", kit.AdminID))
		s.Exec(fmt.Sprintf("INSERT INTO users (id, username, name, status, super_admin, default_workspace_id, password_hash, session_epoch, created_at) SELECT 22, 'invited@example.com', name, 0, 0, NULL, '', 0, 0 FROM users WHERE id = %d", kit.AdminID))
		_, _ = withFactor(s, "user@example.com")
		hashes := func(send func()) uint64 {
			before := s.Control.PasswordHashes()
			send()
			return s.Control.PasswordHashes() - before
		}
		for i, name := range []string{"admin@example.com", "unknown@example.com", "suspended@example.com", "homeless@example.com", "invited@example.com", "user@example.com", "", "no text\x00", "observer@example.com"} {
			for j, password := range []string{wrong, kit.Password} {
				here := fromAddress(s, fmt.Sprintf("203.0.113.%d", 10*i+j))
				for _, fingerprint := range []string{"", "a fingerprint"} {
					body := credentials(name, password)
					if fingerprint != "" {
						body["fingerprint"] = fingerprint
					}
					if n := hashes(func() { here.Post(authenticate, body) }); n != 1 {
						t.Errorf("%q with %q costs %d hashes", name, password, n)
					}
				}
			}
		}
		// A locked sign-in costs no hash, for existing and unknown names.
		for _, name := range []string{"target@example.com", "nobody@example.com"} {
			lock(s.Anonymous(), name)
			if n := hashes(func() { wantCode(t, signIn(s.Anonymous(), name, kit.Password), http.StatusUnauthorized, 1105) }); n != 0 {
				t.Errorf("%s, locked, costs %d hashes", name, n)
			}
		}
	})
}

// BenchmarkUserEnumeration measures refused sign-ins over HTTP at the real cost of passwords,
// alternating between an existing and an unknown name, and reports the medians and their ratio.
func BenchmarkUserEnumeration(b *testing.B) {
	clock := kit.NewClock()
	s := kit.StartWith(b, kit.SQLite.FerryURL(b), clock, control.Options{Password: identity.DefaultParams})
	if got := s.Rows("SELECT count(*) FROM users"); fmt.Sprint(got[0][0]) == "0" {
		b.Fatal("there are no users")
	}
	names := [2]string{"admin@example.com", "nobody@example.com"}
	sign := s.Anonymous()
	digest := identity.WireDigest("password of admin")
	// The seeded hash is of the cheap kind: set one of the real cost.
	if err := operator.New(s.Control).SetPassword(b.Context(), names[0], kit.Password); err != nil {
		b.Fatal(err)
	}
	var took [2][]time.Duration
	for i := 0; b.Loop(); i++ {
		for k := range names {
			which := (i + k) % 2
			c := sign.With("X-Forwarded-For", fmt.Sprintf("203.0.%d.%d", i/200%200, i%200))
			start := time.Now()
			c.Post(authenticate, object{"username": names[which], "password": digest}).Is(http.StatusUnauthorized)
			took[which] = append(took[which], time.Since(start))
		}
		clock.Advance(time.Minute) // so that no limit is reached
	}
	median := func(d []time.Duration) float64 {
		slices.Sort(d)
		return float64(d[len(d)/2]) / float64(time.Millisecond)
	}
	known, unknown := median(took[0]), median(took[1])
	b.ReportMetric(known, "ms/wrong-password")
	b.ReportMetric(unknown, "ms/unknown-user")
	b.ReportMetric(unknown/known, "ratio")
}
