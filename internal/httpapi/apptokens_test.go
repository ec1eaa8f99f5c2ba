package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit"
)

const tokensURL = "/api/v1/application_token"

func makeToken(c *kit.Client, body any) string {
	c.T.Helper()
	var got api.ApplicationTokenResponse
	c.Post(tokensURL, body).Is(http.StatusOK).JSON(&got)
	return got.ApplicationToken
}

func tokenList(c *kit.Client, query string) (list []api.ApplicationToken) {
	c.T.Helper()
	c.Get(tokensURL + query).Is(http.StatusOK).JSON(&list)
	return list
}

func TestContract_ApplicationTokens(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, two := twoServers(t, e)
		admin := one.As("admin@example.com")
		plain := makeToken(admin, `{}`)
		bounded := makeToken(admin, object{"description": "billing ü", "expiry_date": one.Clock.Now().Add(time.Hour).Format(time.RFC3339), "ip": "203.0.113.7"})
		makeToken(admin.In(kit.FleetFR), object{"description": "of another Workspace", "expiry_date": nil, "ip": nil})
		newApplicationToken(one, control.NewToken{Description: "the operator's"})
		now, expires := api.NewTime(one.Clock.Now()), api.NewTime(one.Clock.Now().Add(time.Hour))
		activated, creator := api.Ref{ID: 0, Description: "Activated"}, &api.NamedRef{ID: 1, Name: "admin@example.com"}
		want := []api.ApplicationToken{
			{ID: 1, Status: activated, Created: now, Creator: creator},
			{ID: 2, Description: "billing ü", Status: activated, Created: now, ExpiryDate: &expires, IP: "203.0.113.7/32", Creator: creator},
			{ID: 4, Description: "the operator's", Status: activated, Created: now},
		}
		if diff := cmp.Diff(want, tokenList(onServer(two, admin), "")); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
		if all := string(admin.Get(tokensURL).Body); strings.Contains(all, "eyJ") {
			t.Errorf("the list contains a token: %s", all)
		}
		exchange(two.Anonymous(), bounded).Is(http.StatusUnauthorized)
		inside := tokensOf(exchange(fromAddress(two, "203.0.113.7"), bounded))
		program := withBearer(two, tokensOf(exchange(two.Anonymous(), plain)).AuthToken)
		program.Get(whoami).Is(http.StatusOK)

		admin.Patch(tokensURL+"/1", `{"status": {"id": 1}}`).Is(http.StatusNoContent)
		program.Get(whoami).Is(http.StatusUnauthorized) // immediately, at another server
		exchange(two.Anonymous(), plain).Is(http.StatusUnauthorized)
		if got := tokenList(admin, "?q=status:1&sort=-id"); len(got) != 1 || got[0].ID != 1 || got[0].Status != (api.Ref{ID: 1, Description: "Revoked"}) {
			t.Errorf("the revoked ones are %+v", got)
		}
		admin.Patch(tokensURL+"/1", `{"status": {"id": 0}, "description": "again"}`).Is(http.StatusNoContent)
		exchange(two.Anonymous(), plain).Is(http.StatusOK)
		admin.Patch(tokensURL+"/1", `{"description": null}`).Is(http.StatusNoContent)
		if got := tokenList(admin, "?q=id:1"); len(got) != 1 || got[0].Description != "again" || got[0].Status != activated {
			t.Errorf("the token is %+v", got)
		}
		if got := tokenList(admin, "?sort=-expiry_date&per_page=1"); len(got) != 1 || got[0].ID != 2 {
			t.Errorf("the last to expire: %+v", got)
		}
		one.Clock.Advance(time.Hour)
		withBearer(two, inside.AuthToken).With("X-Forwarded-For", "203.0.113.7").Get(whoami).Is(http.StatusUnauthorized)

		one.Untouched("what is refused", func() {
			for _, bad := range []string{
				`{"description": "a\nb"}`, `{"description": 1}`, `{"description": "` + strings.Repeat("x", 1001) + `"}`, `{"ip": "10.0.0.0/33"}`, `{"ip": "localhost"}`,
				`{"expiry_date": "2020-01-01T00:00:00Z"}`, `{"expiry_date": "tomorrow"}`, fmt.Sprintf(`{"workspace": {"id": %d}}`, kit.FleetFR), `{"id": 7}`, `{"status": {"id": 0}}`, `[]`,
			} {
				wantCode(t, admin.Post(tokensURL, bad), http.StatusBadRequest, 1000)
			}
			for _, bad := range []string{`{"status": {"id": 2}}`, `{"status": null}`, `{"status": 1}`, `{"description": "\u0000"}`, `{"ip": "10.0.0.0/8"}`, `{"expiry_date": null}`} {
				wantCode(t, admin.Patch(tokensURL+"/1", bad), http.StatusBadRequest, 1000)
			}
			for _, id := range []string{"3", "999", "-1", "0", "9223372036854775807"} { // 3 is of 200
				got := wantCode(t, admin.Patch(tokensURL+"/"+id, `{"status": {"id": 1}}`), http.StatusNotFound, 1201)
				if want := fmt.Sprintf("application token with id %s not found", id); got.Message != want {
					t.Errorf("%s, want %s", got.Message, want)
				}
			}
			wantCode(t, admin.Patch(tokensURL+"/x", `{}`), http.StatusBadRequest, 1000)
			wantCode(t, program.Post(tokensURL, `{}`), http.StatusForbidden, 1104)
		})
	})
}

// The response contains a secret, so it is not stored: a repetition with the key neither
// creates a second token nor returns the first.
func TestContract_ApplicationTokenKey(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com").With("Idempotency-Key", "one")
		makeToken(admin, `{"description": "billing"}`)
		again := admin.Post(tokensURL, `{ "description": "billing" }`)
		if got := wantCode(t, again, http.StatusConflict, 1405); !strings.Contains(got.Message, "application token 1") || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%v %s", again.Header, again.Body)
		}
		wantCode(t, admin.Post(tokensURL, `{"description": "another"}`), http.StatusUnprocessableEntity, 1406)
		if list := tokenList(admin, ""); len(list) != 1 {
			t.Errorf("there are %d tokens", len(list))
		}
		patched := admin.Patch(tokensURL+"/1", `{"status": {"id": 1}}`).Is(http.StatusNoContent)
		if replay := admin.Patch(tokensURL+"/1", `{"status": {"id": 1.0}}`).Is(http.StatusNoContent); patched.Header.Get("Idempotent-Replayed") != "" || replay.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the replay: %v", replay.Header)
		}
	})
}
