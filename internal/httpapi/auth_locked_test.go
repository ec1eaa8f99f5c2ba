package httpapi_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

// attack tries three wrong passwords from each of 34 addresses, which uses up the attempts of
// an hour. A second attack comes from other addresses than the first.
func attack(s *kit.Server, username string, wave int) {
	s.T.Helper()
	for i := range 34 {
		for range 3 {
			signIn(fromAddress(s, fmt.Sprintf("198.51.%d.%d", wave, i)), username, wrong).Is(http.StatusUnauthorized)
		}
	}
}

// Attackers cannot lock the owner of an account out, however long they guess.
func TestOwnerOfALockedAccount(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		const owner, next = "203.0.113.7", "battery staple 9"
		s := kit.StartWith(t, e.FerryURL(t), kit.NewClock(), control.Options{Deliver: control.DeliverByMail})
		_, app := withFactor(s, "user@example.com")
		trust(fromAddress(s, owner), app)
		fingerprint := fmt.Sprint(laptop["fingerprint"])
		locked := func(username, password string) {
			t.Helper()
			wantCode(t, signIn(fromAddress(s, owner), username, password), http.StatusUnauthorized, 1105)
		}
		session := tokensOf(signIn(s.Anonymous(), "admin@example.com", kit.Password))

		attack(s, "user@example.com", 0)
		locked("user@example.com", kit.Password)
		tokensOf(signInOn(fromAddress(s, owner), "user@example.com", kit.Password, fingerprint))

		// A session continues, and its user can confirm the password.
		attack(s, "admin@example.com", 0)
		locked("admin@example.com", kit.Password)
		session = tokensOf(refresh(s, session.RefreshToken))
		change(withBearer(s, session.AuthToken), kit.Password, next).Is(http.StatusNoContent)
		locked("admin@example.com", next)

		// A password reset by mail unlocks the account for the address that uses it, during the
		// attack.
		s.Anonymous().Post(resetURL, object{"username": "admin@example.com"}).Is(http.StatusNoContent)
		useKey(fromAddress(s, owner), nextMail(s).Secret, kit.Password).Is(http.StatusNoContent)
		attack(s, "admin@example.com", 1)
		tokensOf(signIn(fromAddress(s, owner), "admin@example.com", kit.Password))
		wantCode(t, signIn(fromAddress(s, "203.0.113.8"), "admin@example.com", kit.Password), http.StatusUnauthorized, 1105)

		// So does the operator, for an address or until the next hundred guesses.
		attack(s, "target@example.com", 0)
		locked("target@example.com", kit.Password)
		op := operator.New(s.Control)
		if err := op.UnlockUser(t.Context(), "Target@example.com", netip.Addr{}); err != nil {
			t.Fatal(err)
		}
		tokensOf(signIn(fromAddress(s, owner), "target@example.com", kit.Password))
		attack(s, "target@example.com", 1)
		locked("target@example.com", kit.Password)
		if err := op.UnlockUser(t.Context(), "target@example.com", netip.MustParseAddr(owner)); err != nil {
			t.Fatal(err)
		}
		attack(s, "target@example.com", 2)
		tokensOf(signIn(fromAddress(s, owner), "target@example.com", kit.Password))
		attack(s, "observer@example.com", 0)
		if err := op.SetPassword(t.Context(), "observer@example.com", next); err != nil {
			t.Fatal(err)
		}
		tokensOf(signIn(fromAddress(s, owner), "observer@example.com", next))
	})
}

// An unlocked address is locked again by wrong passwords, and was unlocked only for one
// account.
func TestAdmittedAddressIsBounded(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		owner := fromAddress(s, "203.0.113.7")
		if err := operator.New(s.Control).UnlockUser(t.Context(), "user@example.com", netip.MustParseAddr("203.0.113.7")); err != nil {
			t.Fatal(err)
		}
		lock(owner, "user@example.com")
		wantCode(t, signIn(owner, "user@example.com", kit.Password), http.StatusUnauthorized, 1105)
		attack(s, "admin@example.com", 0)
		wantCode(t, signIn(owner, "admin@example.com", kit.Password), http.StatusUnauthorized, 1105)
		s.Clock.Advance(5 * time.Minute)
		for range 33 {
			lock(owner, "user@example.com")
			s.Clock.Advance(5 * time.Minute / 5) // not longer than the hour in all
			s.Exec("DELETE FROM auth_counters WHERE kind = 'failures'")
		}
		signIn(owner, "user@example.com", wrong).Is(http.StatusUnauthorized)
		wantCode(t, signIn(owner, "user@example.com", kit.Password), http.StatusUnauthorized, 1105)
	})
}

// Attempts with user names that look like the counters of another user lock nothing.
func TestCraftedNamesLockNoUser(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		_, app := withFactor(s, "user@example.com")
		trust(s.Anonymous(), app)
		var counters []string
		for _, row := range s.Rows("SELECT id FROM trusted_devices") {
			counters = append(counters, fmt.Sprintf("user@example.com device %v", row[0]), fmt.Sprint(row[0]))
		}
		for i, name := range append(counters, "user@example.com 127.0.0.1") {
			attack(s, name, i)
		}
		tokensOf(signInOn(s.Anonymous(), "user@example.com", kit.Password, fmt.Sprint(laptop["fingerprint"])))
		pending(signIn(s.Anonymous(), "user@example.com", kit.Password))
	})
}

// Failures of others at the same address do not lock a trusted device; three of its own do.
func TestTrustedDeviceBehindASharedAddress(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		_, app := withFactor(s, "user@example.com")
		trust(s.Anonymous(), app)
		fingerprint := fmt.Sprint(laptop["fingerprint"])
		lock(s.Anonymous(), "user@example.com")
		wantCode(t, signIn(s.Anonymous(), "user@example.com", kit.Password), http.StatusUnauthorized, 1105)
		tokensOf(signInOn(s.Anonymous(), "user@example.com", kit.Password, fingerprint))
		for i := range 3 {
			signInOn(fromAddress(s, fmt.Sprintf("203.0.113.%d", i)), "user@example.com", wrong, fingerprint).Is(http.StatusUnauthorized)
		}
		wantCode(t, signInOn(s.Anonymous(), "user@example.com", kit.Password, fingerprint), http.StatusUnauthorized, 1105)
	})
}
