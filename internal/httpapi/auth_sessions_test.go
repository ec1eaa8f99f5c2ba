package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/testkit"
)

const whoami = "/api/v1/organisation/my"

func logout(c *testkit.Client, body any) *testkit.Answer {
	c.T.Helper()
	return c.Post("/api/v1/logout", body)
}

// A session is what grew from one sign-in: its bearers of every Workspace and its refresh
// token. It ends at once, on every server, and no other session ends with it.
var _ = pin("logout", func(t *testing.T, e testkit.Engine) {
	one, other := twoServers(t, e)
	first := tokensOf(signIn(one.Nobody(), "user@example.com", testkit.Password))
	second := tokensOf(signIn(one.Nobody(), "user@example.com", testkit.Password))
	here := with(one, first.AuthToken)
	there := here.In(200)
	renewed := tokensOf(refresh(other, first.RefreshToken))
	for _, c := range []*testkit.Client{here, there, with(one, renewed.AuthToken)} {
		at(other, c).Get(whoami).Is(http.StatusOK) // the other has seen them all
	}
	logout(there, nil).Is(http.StatusNoContent)
	for _, c := range []*testkit.Client{here, there, with(one, renewed.AuthToken)} {
		for _, s := range []*testkit.Server{one, other} {
			at(s, c).Get(whoami).Is(http.StatusUnauthorized)
		}
	}
	refresh(other, renewed.RefreshToken).Is(http.StatusUnauthorized)
	with(other, second.AuthToken).Get(whoami).Is(http.StatusOK)
	logout(here, nil).Is(http.StatusUnauthorized)

	third := tokensOf(refresh(one, second.RefreshToken))
	logout(with(other, third.AuthToken), `{"everywhere": true}`).Is(http.StatusNoContent)
	with(one, second.AuthToken).Get(whoami).Is(http.StatusUnauthorized)
	refresh(one, third.RefreshToken).Is(http.StatusUnauthorized)
	fresh := with(one, tokensOf(signIn(one.Nobody(), "user@example.com", testkit.Password)).AuthToken)
	for _, body := range []string{`{"everywhere": "true"}`, `{"everywhere": 1}`, `{"every": true}`, `[]`, `{`} {
		wantCode(t, logout(fresh, body), http.StatusBadRequest, 1000)
	}
	logout(fresh, `{"everywhere": false}`).Is(http.StatusNoContent)
	wantCode(t, logout(application(one, newApplicationToken(one, control.NewToken{})), nil), http.StatusForbidden, 1104)
})

// The token and its copy are used at the same time at two servers: one use succeeds, and
// the other ends the session, the winner's tokens too, and tells.
func TestRefreshReplayedInParallel(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, e testkit.Engine) {
		one, other := twoServers(t, e)
		for range 5 {
			session := tokensOf(signIn(one.Nobody(), "user@example.com", testkit.Password))
			var answers [2]*testkit.Answer
			var wg sync.WaitGroup
			for i, s := range []*testkit.Server{one, other} {
				wg.Go(func() { answers[i] = refresh(s, session.RefreshToken) })
			}
			wg.Wait()
			if answers[0].Status == answers[1].Status || answers[0].Status+answers[1].Status != 200+401 {
				t.Fatalf("both were answered: %d and %d", answers[0].Status, answers[1].Status)
			}
			winner := answers[0]
			if winner.Status != http.StatusOK {
				winner = answers[1]
			}
			won := tokensOf(winner)
			for _, bearer := range []string{session.AuthToken, won.AuthToken} {
				with(one, bearer).Get(whoami).Is(http.StatusUnauthorized)
				with(other, bearer).Get(whoami).Is(http.StatusUnauthorized)
			}
			refresh(one, won.RefreshToken).Is(http.StatusUnauthorized)
		}
		var events []api.Event
		one.As("admin@example.com").Get("/api/v1/event?q=event_type:6").Is(http.StatusOK).JSON(&events)
		if len(events) != 5 {
			t.Fatalf("%d events, want one per theft: %+v", len(events), events)
		}
		got := events[0]
		if got.User == nil || got.User.ID != 4 || got.Severity.ID != 2 || got.Organisation.ID != 100 || !strings.Contains(got.Description, "user@example.com") {
			t.Errorf("the event is %+v", got)
		}
	})
}

var _ = pin("suspension-ends-sessions", func(t *testing.T, e testkit.Engine) {
	one, other := twoServers(t, e)
	session := tokensOf(signIn(one.Nobody(), "user@example.com", testkit.Password))
	c := with(one, session.AuthToken)
	at(other, c).Get(whoami).Is(http.StatusOK)
	one.SetStatus(4, fleet.UserSuspended)
	at(other, c).Get(whoami).Is(http.StatusUnauthorized)
	refresh(other, session.RefreshToken).Is(http.StatusUnauthorized)
	one.SetStatus(4, fleet.UserActive)
	for _, s := range []*testkit.Server{one, other} { // what has ended does not come back
		at(s, c).Get(whoami).Is(http.StatusUnauthorized)
		refresh(s, session.RefreshToken).Is(http.StatusUnauthorized)
	}
	session = tokensOf(signIn(other.Nobody(), "user@example.com", testkit.Password))
	one.SetRole(4, 100, fleet.NoRole)
	one.SetRole(4, 100, fleet.Member)
	refresh(other, session.RefreshToken).Is(http.StatusUnauthorized)
})
