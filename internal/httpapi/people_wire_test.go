package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// Every path with a user accepts an e-mail address, in any case, like the id. The address of a
// user elsewhere is treated like an unknown one.
func TestEmailIsAUserInEveryPath(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e).Seed(elsewhere)
		admin := s.As("admin@example.com")
		tried := 0
		for _, r := range httpapi.Routes() {
			method, path, _ := strings.Cut(r.Pattern, " ")
			if !strings.Contains(path, "{user_id}") {
				continue
			}
			tried++
			path = strings.NewReplacer("{key_id}", "99", "{device_id}", "99", "{workspace_id}", "200", "{role_id}", "2").Replace(path)
			ask := func(user string) *kit.Answer {
				var body any
				if method == http.MethodPatch {
					body = accesses[r.Pattern].body
				}
				return admin.Do(method, strings.ReplaceAll(path, "{user_id}", url.PathEscape(user)), body)
			}
			if strings.HasPrefix(r.Pattern, "DELETE ") && (strings.HasSuffix(path, "{user_id}") || strings.HasSuffix(path, fmt.Sprintf("/workspace/%d", kit.FleetFR))) {
				continue // not repeatable by id and by address: see below
			}
			byID, byMail := ask("4"), ask("User@Example.com")
			if byID.Status == http.StatusBadRequest || byID.Status != byMail.Status || !bytes.Equal(byID.Body, byMail.Body) {
				t.Errorf("%s: by id %d %.200s, by address %d %.200s", r.Pattern, byID.Status, byID.Body, byMail.Status, byMail.Body)
			}
			foreign, nobody := ask("stranger@example.com"), ask("nobody12@example.com")
			if diff := cmp.Diff(normalized(nobody, "nobody12"), normalized(foreign, "stranger")); diff != "" {
				t.Errorf("%s: an unknown address (-) and a foreign one (+):\n%s", r.Pattern, diff)
			}
		}
		if tried < 14 {
			t.Errorf("only %d operations were tried", tried)
		}
		drop(admin, fmt.Sprintf("/api/v2/user/observer@example.com/workspace/%d", kit.FleetDE)).Is(http.StatusNoContent)
		drop(admin, "/api/v1/user/observer@example.com").Is(http.StatusNotFound)
	})
}

func TestOwnTrustedDevices(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		_, id := ownFactor(s, "user@example.com")
		user := s.As("user@example.com")
		own := decodeBody[[]api.TrustedDevice](t, user.Get("/api/v1/user/mfa/trusted_device"), http.StatusOK)
		if diff := cmp.Diff(own, decodeBody[[]api.TrustedDevice](t, user.Get("/api/v1/user/my/mfa/trusted_device"), http.StatusOK)); diff != "" {
			t.Errorf("the own ones (-) and those of my (+):\n%s", diff)
		}
		if len(own) != 1 || fmt.Sprint(own[0].ID) != id || own[0].ActivationDate.IsZero() || !own[0].ActivationDate.Equal(own[0].CreationDate.Time) {
			t.Errorf("%+v", own)
		}
		if of := decodeBody[[]api.TrustedDevice](t, s.As("observer@example.com").Get("/api/v1/user/mfa/trusted_device"), http.StatusOK); len(of) != 0 {
			t.Errorf("of another user: %+v", of)
		}
	})
}

// The older form of activation activates an account like the newer one, with 204 and 400.
func TestActivationV1(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		const older = "/api/v1/user/activation"
		s := kit.StartFerry(t, e)
		s.As("admin@example.com").Post(invitation, object{"username": "new@example.com"}).Is(http.StatusCreated)
		key := nextMail(s).Secret
		for _, bad := range []object{
			{"activationKey": "unknown", "password": identity.WireDigest(better)}, {"activationKey": key}, {"password": identity.WireDigest(better)},
			{"activationKey": key, "password": identity.WireDigest("password")}, {"activationKey": key, "password": identity.WireDigest(better), "name": "x"}, {},
		} {
			wantCode(t, s.Anonymous().Post(older, bad), http.StatusBadRequest, 1000)
		}
		s.Anonymous().Post(older, object{"activationKey": key, "password": identity.WireDigest(better)}).Is(http.StatusNoContent)
		tokensOf(signIn(s.Anonymous(), "new@example.com", better))
		wantCode(t, s.Anonymous().Post(older, object{"activationKey": key, "password": identity.WireDigest(better)}), http.StatusBadRequest, 1000)
	})
}

// The caller's own user name may be sent back, in any case; another one is refused.
func TestUsernameMayBeSentBack(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		admin.Patch(users+"/my", object{"username": "ADMIN@example.com", "name": "Boss"}).Is(http.StatusNoContent)
		admin.Patch(users+"/3", object{"username": "observer@example.com", "name": "Looker"}).Is(http.StatusNoContent)
		s.Untouched("another user name", func() {
			wantBadRequest(t, admin.Patch(users+"/my", object{"username": "user@example.com", "name": "x"}), "username: it cannot be changed: send the present one, or omit it")
			wantBadRequest(t, admin.Patch(users+"/3", object{"username": "other@example.com", "name": "x"}), "username: it cannot be changed: send the present one, or omit it")
			wantCode(t, admin.Patch(users+"/5", object{"username": "stranger@example.com"}), http.StatusNotFound, 1201)
			wantCode(t, admin.Patch(users+"/my", object{"username": ""}), http.StatusBadRequest, 1000)
		})
	})
}

func TestUsersByOrganisation(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		admin := kit.StartFerry(t, e).As("admin@example.com")
		_, all := usersOf(admin.Get(users))
		if _, got := usersOf(admin.Get(users + "?q=organisation:100&sort=organisation")); !cmp.Equal(got, all) {
			t.Errorf("of the own Workspace: %v, want %v", got, all)
		}
		if _, got := usersOf(admin.Get(users + "?q=organisation:200")); len(got) != 0 {
			t.Errorf("of another Workspace: %v", got)
		}
	})
}

// A day means its end, UTC, wherever something expires.
func TestExpiryByDay(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		day := s.Clock.Now().UTC().Truncate(24 * time.Hour)
		made := admin.Post("/api/v1/application_token", object{"expiry_date": day.Format(time.DateOnly)}).Is(http.StatusOK)
		list := tokenList(admin, "?sort=-id")
		if want := api.NewTime(day.AddDate(0, 0, 1).Add(-time.Millisecond)); list[0].ExpiryDate == nil || !list[0].ExpiryDate.Equal(want.Time) {
			t.Errorf("expires %v, want %v", list[0].ExpiryDate, want)
		}
		var text api.ApplicationTokenResponse
		made.JSON(&text)
		exchange(s.Anonymous(), text.ApplicationToken).Is(http.StatusOK)
		s.Clock.Advance(24 * time.Hour)
		s.SignOut()
		exchange(s.Anonymous(), text.ApplicationToken).Is(http.StatusUnauthorized)
		wantBadRequest(t, s.As("admin@example.com").Post("/api/v1/application_token", object{"expiry_date": day.Format(time.DateOnly)}), "")
	})
}
