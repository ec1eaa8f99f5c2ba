package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

const better = "battery staple"

func change(c *kit.Client, old, next string) *kit.Answer {
	c.T.Helper()
	return c.Patch("/api/v1/user/password", object{"old_password": identity.WireDigest(old), "new_password": identity.WireDigest(next)})
}

func TestContract_PasswordChange(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, two := twoServers(t, e)
		session := tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password))
		another := tokensOf(signIn(two.Anonymous(), "user@example.com", kit.Password))
		me := withBearer(one, session.AuthToken)
		digest := identity.WireDigest(better)
		for _, bad := range []any{
			object{}, object{"old_password": digest}, object{"new_password": digest}, object{"old_password": digest, "new_password": better},
			object{"old_password": better, "new_password": digest}, object{"old_password": nil, "new_password": digest},
			object{"old_password": digest, "new_password": digest, "user": kit.AdminID}, "[]",
		} {
			wantCode(t, me.Patch("/api/v1/user/password", bad), http.StatusBadRequest, 1000)
		}
		refused := wantCode(t, change(me, wrong, better), http.StatusUnprocessableEntity, 1002)
		if len(refused.Errors) != 1 || refused.Errors[0].ErrorCode != 1400 {
			t.Errorf("a wrong old password: %+v", refused)
		}
		for _, weak := range []string{"", "password", "Password1", "12345678", "user@example.com", "user", "User", kit.Password} {
			wantCode(t, change(me, kit.Password, weak), http.StatusUnprocessableEntity, 1400)
		}
		me.Patch("/api/v1/user/password", object{"old_password": strings.ToUpper(identity.WireDigest(kit.Password)), "new_password": strings.ToUpper(digest)}).Is(http.StatusNoContent)
		for _, s := range []*kit.Server{two, one} {
			for _, old := range []string{session.AuthToken, another.AuthToken} {
				withBearer(s, old).Get(whoami).Is(http.StatusUnauthorized)
			}
			refresh(s, another.RefreshToken).Is(http.StatusUnauthorized)
		}
		signIn(two.Anonymous(), "user@example.com", kit.Password).Is(http.StatusUnauthorized)
		me = withBearer(two, tokensOf(signIn(two.Anonymous(), "user@example.com", better)).AuthToken)

		// Wrong old passwords count as failures: three lock this operation and sign-in.
		for range 3 {
			change(me, wrong, kit.Password).Is(http.StatusUnprocessableEntity)
		}
		locked := change(onServer(one, me), better, kit.Password)
		wantCode(t, locked, http.StatusTooManyRequests, 1105)
		if locked.Header.Get("Retry-After") != "300" {
			t.Errorf("Retry-After: %q", locked.Header.Get("Retry-After"))
		}
		wantCode(t, signIn(one.Anonymous(), "user@example.com", better), http.StatusUnauthorized, 1105)
		me.Get(whoami).Is(http.StatusOK) // existing sessions continue
		wantCode(t, change(application(one, newApplicationToken(one, control.NewToken{})), wrong, better), http.StatusForbidden, 1104)
	})
}

// A sign-in rehashes a password of another cost; nothing else changes, and sessions continue.
func TestRehashAtSignIn(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		before := kit.StartFerry(t, e)
		me := before.As("user@example.com")
		dearer := identity.Params{Memory: 128, Time: 2, Threads: 1}
		after := kit.StartWith(t, before.DB, before.Clock, control.Options{Password: dearer})
		stored := func() string {
			t.Helper()
			return fmt.Sprint(before.Rows(fmt.Sprintf("SELECT password_hash FROM users WHERE id = %d", kit.PlainUserID))[0][0])
		}
		first := stored()
		signIn(after.Anonymous(), "user@example.com", wrong).Is(http.StatusUnauthorized)
		if stored() != first {
			t.Error("a wrong password changed the hash")
		}
		tokensOf(signIn(after.Anonymous(), "user@example.com", kit.Password))
		second := stored()
		if !strings.Contains(first, "m=64,t=1,") || !strings.Contains(second, "m=128,t=2,") {
			t.Errorf("%s became %s", first, second)
		}
		tokensOf(signIn(after.Anonymous(), "user@example.com", kit.Password))
		if stored() != second {
			t.Error("it was hashed again though nothing had changed")
		}
		onServer(after, me).Get(whoami).Is(http.StatusOK)
		tokensOf(signIn(before.Anonymous(), "user@example.com", kit.Password)) // with the previous costs
	})
}
