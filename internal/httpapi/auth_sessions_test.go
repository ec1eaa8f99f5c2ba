package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

const whoami = "/api/v1/organisation/my"

func logout(c *kit.Client, body any) *kit.Answer {
	c.T.Helper()
	return c.Post("/api/v1/logout", body)
}

// A session consists of all tokens from one sign-in: its bearers of every Workspace and its
// refresh token. It ends immediately on every server, and no other session ends with it.
func TestContract_Logout(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, other := twoServers(t, e)
		first := tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password))
		second := tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password))
		here := withBearer(one, first.AuthToken)
		there := here.In(kit.FleetFR)
		renewed := tokensOf(refresh(other, first.RefreshToken))
		for _, c := range []*kit.Client{here, there, withBearer(one, renewed.AuthToken)} {
			onServer(other, c).Get(whoami).Is(http.StatusOK) // every bearer was used before
		}
		logout(there, nil).Is(http.StatusNoContent)
		for _, c := range []*kit.Client{here, there, withBearer(one, renewed.AuthToken)} {
			for _, s := range []*kit.Server{one, other} {
				onServer(s, c).Get(whoami).Is(http.StatusUnauthorized)
			}
		}
		refresh(other, renewed.RefreshToken).Is(http.StatusUnauthorized)
		withBearer(other, second.AuthToken).Get(whoami).Is(http.StatusOK)
		logout(here, nil).Is(http.StatusUnauthorized)

		third := tokensOf(refresh(one, second.RefreshToken))
		logout(withBearer(other, third.AuthToken), `{"everywhere": true}`).Is(http.StatusNoContent)
		withBearer(one, second.AuthToken).Get(whoami).Is(http.StatusUnauthorized)
		refresh(one, third.RefreshToken).Is(http.StatusUnauthorized)
		fresh := withBearer(one, tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password)).AuthToken)
		for _, body := range []string{`{"everywhere": "true"}`, `{"everywhere": 1}`, `{"every": true}`, `[]`, `{`} {
			wantCode(t, logout(fresh, body), http.StatusBadRequest, 1000)
		}
		logout(fresh, `{"everywhere": false}`).Is(http.StatusNoContent)
		wantCode(t, logout(application(one, newApplicationToken(one, control.NewToken{})), nil), http.StatusForbidden, 1104)
	})
}

func TestContract_SuspensionEndsSessions(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, other := twoServers(t, e)
		session := tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password))
		c := withBearer(one, session.AuthToken)
		onServer(other, c).Get(whoami).Is(http.StatusOK)
		one.SetStatus(kit.PlainUserID, fleet.UserSuspended)
		onServer(other, c).Get(whoami).Is(http.StatusUnauthorized)
		refresh(other, session.RefreshToken).Is(http.StatusUnauthorized)
		one.SetStatus(kit.PlainUserID, fleet.UserActive)
		for _, s := range []*kit.Server{one, other} { // an ended session stays ended
			onServer(s, c).Get(whoami).Is(http.StatusUnauthorized)
			refresh(s, session.RefreshToken).Is(http.StatusUnauthorized)
		}
		session = tokensOf(signIn(other.Anonymous(), "user@example.com", kit.Password))
		one.SetRole(kit.PlainUserID, kit.FleetDE, fleet.NoRole)
		one.SetRole(kit.PlainUserID, kit.FleetDE, fleet.Member)
		refresh(other, session.RefreshToken).Is(http.StatusUnauthorized)
	})
}
