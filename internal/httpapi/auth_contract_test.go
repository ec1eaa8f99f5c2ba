package httpapi_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

func lock(c *kit.Client, username string) {
	c.T.Helper()
	for range 3 {
		signIn(c, username, wrong).Is(http.StatusUnauthorized)
	}
}

func TestContract_LockoutRetryAfter(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		lock(s.Anonymous(), "admin@example.com")
		got := signIn(s.Anonymous(), "admin@example.com", kit.Password)
		wantCode(t, got, http.StatusUnauthorized, 1105)
		if got.Header.Get("Retry-After") != "300" {
			t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
		}
	})
}

func TestContract_LockoutPerAddress(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		lock(fromAddress(s, "203.0.113.66"), "admin@example.com")
		tokensOf(signIn(fromAddress(s, "203.0.113.1"), "admin@example.com", kit.Password))
		wantCode(t, signIn(fromAddress(s, "203.0.113.66"), "admin@example.com", kit.Password), http.StatusUnauthorized, 1105)
		tokensOf(signIn(fromAddress(s, "203.0.113.66"), "user@example.com", kit.Password))
	})
}

func TestContract_GuessCeiling(t *testing.T) { kit.OnEach(t, guessCeiling) }

func TestContract_TokenEdDSA(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		var set struct {
			Keys []struct{ Kid, X, Alg string }
		}
		s.Anonymous().Get("/.well-known/jwks.json").Is(http.StatusOK).JSON(&set)
		keys := make(map[string]ed25519.PublicKey)
		for _, k := range set.Keys {
			x, err := base64.RawURLEncoding.DecodeString(k.X)
			if err != nil || k.Alg != "EdDSA" {
				t.Fatalf("%+v: %v", k, err)
			}
			keys[k.Kid] = x
		}
		verified := func(token string) object {
			header := decodePart(t, token, 0)
			kid, _ := header["kid"].(string)
			dot := strings.LastIndexByte(token, '.')
			signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
			if err != nil || header["alg"] != "EdDSA" || !ed25519.Verify(keys[kid], []byte(token[:dot]), signature) {
				t.Fatalf("%v does not verify: %v", header, err)
			}
			return decodePart(t, token, 1)
		}
		made := newApplicationToken(s, control.NewToken{})
		now := float64(s.Clock.Now().Unix())
		mask := func(claims object, names ...string) object {
			part := object{}
			for _, name := range names {
				part[name] = claims[name]
			}
			return part
		}
		all := []string{"sub", "esc.org", "esc.orgName", "esc.app", "iss", "iat", "exp"}
		user := mask(verified(tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password)).AuthToken), all...)
		if diff := cmp.Diff(object{"sub": "4", "esc.org": 100.0, "esc.orgName": "Fleet DE", "esc.app": nil, "iss": "simferry", "iat": now, "exp": now + 240*60}, user); diff != "" {
			t.Errorf("a user's claims (-want +got):\n%s", diff)
		}
		program := mask(verified(application(s, made).Token), all...)
		if diff := cmp.Diff(object{"sub": nil, "esc.org": 100.0, "esc.orgName": "Fleet DE", "esc.app": float64(made.ID), "iss": "simferry", "iat": now, "exp": now + 240*60}, program); diff != "" {
			t.Errorf("a program's claims (-want +got):\n%s", diff)
		}
		if claims := verified(made.Text); claims["sub"] == nil || claims["esc.org"] != 100.0 {
			t.Errorf("the application token says %v", claims)
		}
	})
}

func TestContract_AuthModes(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		digest := identity.WireDigest(kit.Password)
		for _, body := range []object{
			{}, {"username": "admin@example.com"}, {"password": digest}, {"username": nil, "password": digest}, {"fingerprint": "x"},
			{"username": "admin@example.com", "password": digest, "application_token": "x"},
			{"username": "admin@example.com", "password": digest, "refresh_token": "x"},
			{"username": "admin@example.com", "refresh_token": "x"}, {"application_token": "x", "refresh_token": "x"},
			{"application_token": "x", "fingerprint": "x"}, {"refresh_token": "x", "fingerprint": "x"}, {"application_token": nil},
			{"username": 1, "password": digest}, {"mfa_token": "x"}, {"code": "000000"}, {"mfa_token": nil, "code": "000000"},
			{"mfa_token": "x", "code": "000000", "refresh_token": "x"}, {"mfa_token": "x", "code": "000000", "fingerprint": "x"},
			{"mfa_token": "x", "code": 0}, {"trusted_device": object{"fingerprint": "x"}},
			{"username": "admin@example.com", "password": digest, "trusted_device": object{}},
		} {
			wantCode(t, s.Anonymous().Post(authenticate, body), http.StatusBadRequest, 1000)
		}
		refreshed := tokensOf(s.Anonymous().Post(authenticate, object{"username": "admin@example.com", "password": digest, "refresh_token": nil, "application_token": nil, "fingerprint": nil}))
		tokensOf(s.Anonymous().Post(authenticate, object{"refresh_token": refreshed.RefreshToken, "username": nil, "password": nil}))
		for _, body := range []string{``, `null`, `[]`, `"x"`, `{`, `{}{}`, `{"username": "\ud800"}`} {
			if got := s.Anonymous().Post(authenticate, body); got.Status != http.StatusBadRequest {
				t.Errorf("%s: %d", body, got.Status)
			}
		}
	})
}

// A switch does not extend a session: the new bearer expires with the old one, for another
// Workspace and for the same.
func TestContract_SwitchExtendsNothing(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		session := tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password))
		c := withBearer(s, session.AuthToken)
		for i := range 8 {
			s.Clock.Advance(30 * time.Minute)
			if i == 7 { // the end of the first bearer, and less than the leeway beyond it
				s.Clock.Advance(10 * time.Second)
			}
			c = c.In(100 * int64(1+i%2))
			c.Get(whoami).Is(http.StatusOK)
		}
		s.Clock.Advance(time.Minute)
		c.Get(whoami).Is(http.StatusUnauthorized)
		c.Post(authenticate+"/workspace", object{"target_organisation": object{"id": kit.FleetDE}}).Is(http.StatusUnauthorized)
		renewed := withBearer(s, tokensOf(refresh(s, session.RefreshToken)).AuthToken)
		s.Clock.Advance(time.Hour)
		renewed.In(kit.FleetFR).Get(whoami).Is(http.StatusOK)
	})
}

func TestContract_SwitchRefused(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		s.Exec(fmt.Sprintf("UPDATE memberships SET status = 2 WHERE user_id = %d AND workspace_id = %d", kit.PlainUserID, kit.FleetFR))
		program := application(s, newApplicationToken(s, control.NewToken{}))
		var want object
		for name, test := range map[string]struct {
			c  *kit.Client
			id int64
		}{
			"not a member":        {s.As("observer@example.com"), 200},
			"suspended there":     {s.As("user@example.com"), 200},
			"unknown":             {s.As("observer@example.com"), 999},
			"negative":            {s.As("observer@example.com"), -1},
			"a program":           {program, 100},
			"a program elsewhere": {program, 200},
			"a SuperAdmin":        {s.As("root@example.com"), 999},
		} {
			a := test.c.Post(authenticate+"/workspace", object{"target_organisation": object{"id": test.id}}).Is(http.StatusUnauthorized)
			if got := normalized(a, "-"); want == nil {
				want = got
			} else if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, others are answered %v", name, got, want)
			}
			if a.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: %v", name, a.Header)
			}
		}
	})
}

// A user of Elsewhere who belongs to no other Workspace, and the types that Ferry lacks.
const more = `
workspaces:
  - {id: 700, name: Provider, type: service_provider, country: AT}
  - {id: 800, name: Nowhere, type: enterprise}
  - {id: 801, name: South, type: enterprise, country: AQ}
`

func TestContract_SuperAdmin(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		root := s.As("root@example.com")
		elsewhere := root.In(kit.Elsewhere) // of which it is not a member
		elsewhere.Get(simURL(kit.SIMElsewhere)).Is(http.StatusOK)
		elsewhere.Patch(simURL(kit.SIMElsewhere), `{"status": {"id": 1}}`).Is(http.StatusNoContent)
		root.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetFR, kit.SIMElsewhere)).Is(http.StatusOK)
		var me api.User
		elsewhere.Get("/api/v1/user/my").Is(http.StatusOK).JSON(&me)
		if diff := cmp.Diff([]api.NamedRef{{ID: 4, Name: "SuperAdmin"}}, me.Roles); diff != "" {
			t.Errorf("own roles (-want +got):\n%s", diff)
		}
		var list []api.UserWorkspace
		root.Get(fmt.Sprintf("/api/v2/user/%d/workspace", kit.StrangerID)).Is(http.StatusOK).JSON(&list)
		if len(list) != 1 || list[0].ID != kit.Elsewhere {
			t.Errorf("the stranger's Workspaces: %+v", list)
		}
		var roles []api.NamedRef
		root.Get("/api/v1/user/role").Is(http.StatusOK).JSON(&roles)
		if diff := cmp.Diff([]api.NamedRef{{ID: 1, Name: "Administrator"}, {ID: 2, Name: "User"}, {ID: 3, Name: "Observer"}, {ID: 4, Name: "SuperAdmin"}}, roles); diff != "" {
			t.Errorf("roles (-want +got):\n%s", diff)
		}
	})
}

func TestContract_WorkspaceTypes(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e).Seed(more)
		root := s.As("root@example.com")
		for id, want := range map[int64]api.Ref{
			1: {ID: 1, Description: "Mobile Network Operator"}, 700: {ID: 2, Description: "Service Provider"},
			600: {ID: 3, Description: "Reseller"}, 100: {ID: 4, Description: "Enterprise"},
		} {
			var got api.Workspace
			root.In(id).Get("/api/v1/organisation/my").Is(http.StatusOK).JSON(&got)
			if got.ID != id || got.Type != want {
				t.Errorf("Workspace %d: %+v", id, got)
			}
		}
		var shut api.Workspace
		s.As("admin@example.com").In(kit.SuspendedFleet).Get("/api/v1/organisation/my").Is(http.StatusOK).JSON(&shut)
		if shut.Status != (api.Ref{ID: 1, Description: "Suspended"}) {
			t.Errorf("a suspended Workspace: %+v", shut)
		}
	})
}

func TestContract_UserScope(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		for place, want := range map[int64]api.NamedRef{kit.FleetDE: {ID: 3, Name: "Observer"}, kit.FleetFR: {ID: 1, Name: "Administrator"}} {
			for _, ref := range []string{"2", "target@example.com", "TARGET@example.com", "target%40example.com"} {
				var got api.User
				admin.In(place).Get("/api/v1/user/" + ref).Is(http.StatusOK).JSON(&got)
				if got.ID != 2 || got.Organisation.ID != place || len(got.Roles) != 1 || got.Roles[0] != want {
					t.Errorf("%s from Workspace %d: %+v", ref, place, got)
				}
			}
		}
		for _, ref := range []string{"2", "target@example.com", "999", "-1", "x%00y", "%FF", "9223372036854775808", "1%20OR%201=1"} {
			if got := admin.In(kit.FleetUS).Get("/api/v1/user/" + ref); got.Status != http.StatusNotFound {
				t.Errorf("%s from Workspace 300: %d", ref, got.Status)
			}
		}
		var me api.User
		s.As("target@example.com").Get("/api/v1/user/my").Is(http.StatusOK).JSON(&me)
		if me.ID != 2 || me.Organisation.ID != kit.FleetFR {
			t.Errorf("my user: %+v", me)
		}
	})
}

func TestContract_UserWorkspaces(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		got := s.As("admin@example.com").Get(fmt.Sprintf("/api/v2/user/%d/workspace", kit.TargetAdminID)).Is(http.StatusOK)
		if diff := cmp.Diff([]api.UserWorkspace{
			{ID: kit.FleetDE, Name: "Fleet DE", Status: api.Ref{ID: 1, Description: "Active"}, Roles: []api.NamedRef{{ID: 3, Name: "Observer"}}},
			{ID: kit.FleetFR, Name: "Fleet FR", Status: api.Ref{ID: 1, Description: "Active"}, Roles: []api.NamedRef{{ID: 1, Name: "Administrator"}}, DefaultWorkspace: true},
		}, workspaces(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if strings.Contains(string(got.Body), "owner") || !strings.Contains(string(got.Body), `"default_workspace":false`) {
			t.Errorf("%s", got.Body)
		}
		if list := workspaces(s.As("target@example.com").Get(fmt.Sprintf("/api/v2/user/%d/workspace", kit.PlainUserID)).Is(http.StatusOK)); len(list) != 1 || list[0].ID != kit.FleetFR {
			t.Errorf("only where the caller is Administrator: %+v", list)
		}
		s.As("observer@example.com").Get(fmt.Sprintf("/api/v2/user/%d/workspace", kit.PlainUserID)).Is(http.StatusNotFound)
		wantCode(t, s.As("admin@example.com").Get("/api/v2/user/nonsense/workspace"), http.StatusBadRequest, 1000)
	})
}

func TestContract_UserWorkspacesMy(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		if list := workspaces(s.As("target@example.com").Get("/api/v2/user/my/workspace").Is(http.StatusOK)); len(list) != 1 || list[0].ID != kit.FleetFR {
			t.Errorf("those that the caller administers: %+v", list)
		}
		if list := workspaces(s.As("observer@example.com").Get("/api/v2/user/my/workspace").Is(http.StatusOK)); len(list) != 0 {
			t.Errorf("an Observer administers %+v", list)
		}
	})
}

func workspaces(a *kit.Answer) (list []api.UserWorkspace) {
	a.T.Helper()
	a.JSON(&list)
	return list
}
