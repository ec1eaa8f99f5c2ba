package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

const users = "/api/v1/user"

func usersOf(a *kit.Answer) (list []api.User, ids []int64) {
	a.T.Helper()
	a.Is(http.StatusOK).JSON(&list)
	for _, u := range list {
		ids = append(ids, u.ID)
	}
	return list, ids
}

func put(c *kit.Client, path string) *kit.Answer {
	c.T.Helper()
	return c.Do(http.MethodPut, path, nil)
}

func drop(c *kit.Client, path string) *kit.Answer {
	c.T.Helper()
	return c.Do(http.MethodDelete, path, nil)
}

// rolesOf returns the roles of a user in a Workspace, from the database.
func rolesOf(s *kit.Server, user, ws int) string {
	s.T.Helper()
	return fmt.Sprint(s.Rows(fmt.Sprintf("SELECT role FROM membership_roles WHERE user_id = %d AND workspace_id = %d ORDER BY role", user, ws)))
}

func TestContract_UserList(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		s.SetMember(kit.ObserverID, kit.FleetDE, fleet.UserSuspended, fleet.Observer)
		list, ids := usersOf(admin.Get(users))
		if !slices.Equal(ids, []int64{1, 2, 3, 4, 6, 8}) || list[1].Roles[0].ID != 3 || list[1].Organisation.ID != kit.FleetDE {
			t.Errorf("the users of 100: %v", list)
		}
		for q, want := range map[string][]int64{
			"?q=status:2": {3, 6}, "?q=status:1&sort=-id": {8, 4, 2, 1}, "?q=username:admin": {1}, "?q=name:Obs,status:2": {3}, "?q=id:5": nil,
			"?q=created:2026-11-22&per_page=2&page=2": {3, 4}, "?sort=-username&per_page=1": {4}, "?q=id:1%7C5": {1},
			"?q=organisation:100,id:1": {1}, "?q=organisation:200": nil, "?q=organisation:Fleet+DE,id:1": {1}, "?q=organisation:Fleet+FR": nil,
			"?q=organisation:Fleet+FR%7CFleet+DE,id:1": {1}, "?sort=organisation,-id&per_page=1": {8},
		} {
			if _, got := usersOf(admin.Get(users + q)); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", q, got, want)
			}
		}
		wantCode(t, admin.Get(users+"?q=password_hash:x"), http.StatusUnprocessableEntity, 1301)
		wantCode(t, admin.Get(users+"?sort=session_epoch"), http.StatusUnprocessableEntity, 1302)
		if _, got := usersOf(admin.In(kit.FleetFR).Get(users)); !slices.Equal(got, []int64{1, 2, 4}) {
			t.Errorf("the users of 200: %v", got)
		}
	})
}

func TestContract_UserPermissions(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		names := func(a *kit.Answer) (list []string) {
			var got []api.Permission
			a.Is(http.StatusOK).JSON(&got)
			for _, p := range got {
				list = append(list, p.Name)
			}
			return list
		}
		for id, role := range map[string]fleet.Role{"1": fleet.Administrator, "my": fleet.Administrator, "3": fleet.Observer, "user@example.com": fleet.Member, "8": fleet.SuperAdmin} {
			var want []string
			for _, p := range identity.PermissionsOf(role) {
				want = append(want, string(p))
			}
			if got := names(admin.Get(users + "/" + id + "/role/permission")); !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("%s: %v, want %v", id, got, want)
			}
		}
		if got := names(admin.Get(users + "/6/role/permission")); len(got) != 0 {
			t.Errorf("a suspended user may %v", got)
		}
		for _, foreign := range []string{"5", "999", "stranger@example.com"} {
			admin.Get(users + "/" + foreign + "/role/permission").Is(http.StatusNotFound)
		}
	})
}

func TestContract_UserChange(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin, user, stranger := s.As("admin@example.com"), s.As("user@example.com"), s.As("stranger@example.com")
		user.Patch(users+"/my", object{"name": "Ursula"}).Is(http.StatusNoContent)
		admin.Patch(users+"/observer@example.com", object{"name": "Olga"}).Is(http.StatusNoContent)
		if got, _ := usersOf(admin.Get(users + "?q=id:3%7C4")); got[0].Name != "Olga" || got[1].Name != "Ursula" {
			t.Errorf("%v", got)
		}
		s.SetRole(kit.PlainUserID, kit.Elsewhere, fleet.Observer) // from now on a member of other Workspaces as well
		s.Untouched("what is not allowed", func() {
			wantCode(t, admin.Patch(users+"/4", object{"name": "X"}), http.StatusForbidden, 1406)
			wantCode(t, stranger.Patch(users+"/4", object{"name": "X"}), http.StatusForbidden, 1406)
			wantCode(t, admin.Patch(users+"/8", object{"name": "X"}), http.StatusForbidden, 1406) // SuperAdmin
			wantCode(t, user.Patch(users+"/3", object{"name": "X"}), http.StatusForbidden, 1104)
			wantCode(t, admin.Patch(users+"/5", object{"name": "X"}), http.StatusNotFound, 1201)
			wantCode(t, admin.Patch(users+"/my", object{"status": object{"id": 2}}), http.StatusForbidden, 1406)
			wantCode(t, user.Patch(users+"/my", object{"status": object{"id": 1}}), http.StatusForbidden, 1406)
			for _, bad := range []any{
				object{"name": ""}, object{"name": " "}, object{"name": "a\r\nBcc: x@example.com"}, object{"name": fmt.Sprintf("%0256d", 0)}, object{"status": object{"id": 0}},
				object{"status": object{"id": 3}}, object{"status": object{}}, object{"status": nil}, object{"username": "x@example.com"}, object{"password": "x"}, object{"roles": []object{{"id": 1}}},
			} {
				wantCode(t, admin.Patch(users+"/3", bad), http.StatusBadRequest, 1000)
			}
		})
		admin.Patch(users+"/4", object{"status": object{"id": 2}}).Is(http.StatusNoContent) // in 100, and nowhere else
		user.Get(whoami).Is(http.StatusUnauthorized)
		signIn(s.Anonymous(), "user@example.com", kit.Password).Is(http.StatusOK)
		if got := fmt.Sprint(s.Rows(fmt.Sprintf("SELECT workspace_id, status FROM memberships WHERE user_id = %d ORDER BY 1", kit.PlainUserID))); got != "[[100 2] [200 1] [900 1]]" {
			t.Errorf("memberships: %s", got)
		}
	})
}

func TestContract_UserRemoval(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin, user := s.As("admin@example.com"), s.As("user@example.com")
		_, _ = withFactor(s, "observer@example.com")
		user.In(kit.FleetFR) // event 67 in 200
		drop(admin, users+"/4").Is(http.StatusNoContent)
		user.Get("/api/v1/sim").Is(http.StatusForbidden) // no longer a member
		drop(admin, users+"/4").Is(http.StatusNotFound)
		two := admin.In(kit.FleetFR)
		drop(two, users+"/user@example.com").Is(http.StatusNoContent) // the last Workspace
		user.Get(whoami).Is(http.StatusUnauthorized)
		signIn(s.Anonymous(), "user@example.com", kit.Password).Is(http.StatusUnauthorized)
		var events []api.Event
		two.Get("/api/v1/event?q=event_type:67").Is(http.StatusOK).JSON(&events)
		if len(events) == 0 || !slices.ContainsFunc(events, func(e api.Event) bool { return e.User.Username == "user@example.com" }) {
			t.Errorf("the events of the user have another name: %+v", events)
		}
		// The user cannot sign in any more, and the address is free.
		drop(admin, users+"/3").Is(http.StatusNoContent)
		for _, table := range []string{"second_factors", "trusted_devices", "pending_sign_ins", "refresh_tokens", "activation_keys", "memberships", "membership_roles"} {
			if left := s.Rows("SELECT * FROM " + table + " WHERE user_id IN (3, 4)"); len(left) > 0 {
				t.Errorf("%s: %v", table, left)
			}
		}
		s.Seed("users: [{id: 44, username: user@example.com, name: Another, password: correct horse, roles: {100: observer}}]")
		if got, ids := usersOf(admin.Get(users + "?q=username:user")); !slices.Equal(ids, []int64{44}) {
			t.Errorf("%v", got)
		}
		// Users cannot remove themselves, nor the last Administrator.
		wantCode(t, drop(admin, users+"/my"), http.StatusForbidden, 1406)
		wantCode(t, drop(s.As("target@example.com"), users+"/5"), http.StatusNotFound, 1201)
		wantCode(t, drop(s.As("root@example.com").In(kit.Elsewhere), users+"/5"), http.StatusConflict, 1406)
		drop(s.As("root@example.com"), users+"/1").Is(http.StatusNoContent)
		signIn(s.Anonymous(), "admin@example.com", kit.Password).Is(http.StatusOK)
		s.MustFsck()
	})
}

func TestContract_RoleChanges(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin, observer := s.As("admin@example.com"), s.As("observer@example.com")
		for _, path := range []string{users + "/3/role/", memberURL(kit.ObserverID, kit.FleetDE) + "/role/"} {
			put(admin, path+"2").Is(http.StatusNoContent)
			put(admin, path+"2").Is(http.StatusNoContent) // again
			if rolesOf(s, kit.ObserverID, kit.FleetDE) != "[[2] [3]]" {
				t.Errorf("%s: %s", path, rolesOf(s, kit.ObserverID, kit.FleetDE))
			}
			observer.Patch(simURL(kit.IssuedSIM), `{"status": {"id": 1}}`) // at once
			wantCode(t, drop(admin, path+"1"), http.StatusNotFound, 1201)
			drop(admin, path+"2").Is(http.StatusNoContent)
			wantCode(t, observer.Patch(simURL(kit.IssuedSIM), `{"status": {"id": 2}}`), http.StatusForbidden, 1104)
			wantCode(t, drop(admin, path+"3"), http.StatusConflict, 1406) // the last role
			s.Untouched(path, func() {
				wantCode(t, put(admin, path+"4"), http.StatusForbidden, 1406) // SuperAdmin
				wantCode(t, drop(admin, path+"4"), http.StatusForbidden, 1406)
				for _, unknown := range []string{"0", "5", "260", "-1", "4294967297"} {
					wantCode(t, put(admin, path+unknown), http.StatusNotFound, 1201)
				}
				wantCode(t, put(admin, path+"x"), http.StatusBadRequest, 1000)
			})
		}
		root := s.As("root@example.com").In(kit.Elsewhere)
		s.Untouched("the own roles", func() {
			for _, path := range []string{users + "/my/role/", users + "/1/role/", memberURL(kit.AdminID, kit.FleetDE) + "/role/", fmt.Sprintf("/api/v2/user/my/workspace/%d/role/", kit.FleetFR)} {
				wantCode(t, put(admin, path+"2"), http.StatusBadRequest, 1000)
				wantCode(t, drop(admin, path+"1"), http.StatusBadRequest, 1000)
			}
			wantCode(t, put(observer, users+"/my/role/1"), http.StatusForbidden, 1104)
			wantCode(t, put(observer, fmt.Sprintf("/api/v2/user/my/workspace/%d/role/1", kit.FleetDE)), http.StatusForbidden, 1104)
			wantCode(t, put(observer, memberURL(kit.ObserverID, kit.Elsewhere)+"/role/1"), http.StatusNotFound, 1201)
			wantCode(t, put(s.As("stranger@example.com"), memberURL(kit.StrangerID, kit.FleetDE)+"/role/1"), http.StatusNotFound, 1201)
			put(root, users+"/5/role/1").Is(http.StatusNoContent)
			wantCode(t, drop(root, users+"/5/role/1"), http.StatusConflict, 1406)
		})
	})
}

// If two Administrators remove each other concurrently, one is too late.
func TestAdminsRemovingEachOther(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		s.SetRole(kit.TargetAdminID, kit.FleetFR, fleet.Administrator)
		one, other := s.As("admin@example.com"), s.As("target@example.com")
		var answers [2]*kit.Answer
		var both sync.WaitGroup
		both.Go(func() {
			answers[0] = drop(one, memberURL(kit.TargetAdminID, kit.FleetFR)+"/role/1")
		})
		both.Go(func() {
			answers[1] = drop(other, memberURL(kit.AdminID, kit.FleetFR))
		})
		both.Wait()
		left := s.Rows(fmt.Sprintf("SELECT user_id FROM membership_roles WHERE workspace_id = %d AND role = 1", kit.FleetFR))
		if len(left) != 1 {
			t.Errorf("%d Administrators are left: %d %s, %d %s", len(left), answers[0].Status, answers[0].Body, answers[1].Status, answers[1].Body)
		}
	})
}

func TestContract_MemberSuspension(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		one, two := twoServers(t, e)
		admin := one.As("admin@example.com")
		session := tokensOf(signIn(one.Anonymous(), "user@example.com", kit.Password))
		here, there := withBearer(one, session.AuthToken), withBearer(two, session.AuthToken)
		elsewhere := here.In(kit.FleetFR)
		const membership = "/api/v2/user/4/workspace/100"
		admin.Patch(membership, object{"status": object{"id": 2}}).Is(http.StatusNoContent)
		admin.Patch(membership, object{"status": object{"id": 2}}).Is(http.StatusNoContent) // again
		for _, c := range []*kit.Client{here, there} {
			c.Get("/api/v1/sim").Is(http.StatusUnauthorized)
			c.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetFR, kit.AttachedSIM)).Is(http.StatusUnauthorized)
		}
		refresh(two, session.RefreshToken).Is(http.StatusUnauthorized)
		elsewhere.Get("/api/v1/sim").Is(http.StatusOK)
		onServer(two, elsewhere).Get(whoami).Is(http.StatusOK)
		elsewhere.Post(authenticate+"/workspace", fmt.Sprintf(`{"target_organisation": {"id": %d}}`, kit.FleetDE)).Is(http.StatusUnauthorized)
		again := tokensOf(signIn(two.Anonymous(), "user@example.com", kit.Password)) // leads to 200
		withBearer(one, again.AuthToken).Get(simURL(kit.SIMInFR)).Is(http.StatusOK)

		// A suspended user has no permissions there.
		root := one.As("root@example.com")
		target := one.As("target@example.com")
		one.SetRole(kit.TargetAdminID, kit.FleetDE, fleet.Administrator)
		move := fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetFR, kit.ActivatedSIM)
		target.Post(migration, move).Is(http.StatusOK)
		root.Patch(memberURL(kit.TargetAdminID, kit.FleetDE), object{"status": object{"id": 2}}).Is(http.StatusNoContent)
		target.Post(migration, move).Is(http.StatusNotFound)
		target.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetDE, kit.SIMInFR)).Is(http.StatusNotFound)
		target.Patch(memberURL(kit.ObserverID, kit.FleetDE), object{"status": object{"id": 2}}).Is(http.StatusNotFound)

		admin.Patch(membership, object{"status": object{"id": 1}}).Is(http.StatusNoContent)
		elsewhere.In(kit.FleetDE).Get("/api/v1/sim").Is(http.StatusOK)

		one.Untouched("what is refused", func() {
			wantCode(t, admin.Patch(fmt.Sprintf("/api/v2/user/my/workspace/%d", kit.FleetDE), object{"status": object{"id": 2}}), http.StatusForbidden, 1406)
			wantCode(t, drop(admin, memberURL(kit.AdminID, kit.FleetFR)), http.StatusForbidden, 1406)
			wantCode(t, admin.Patch(memberURL(kit.StrangerID, kit.FleetDE), object{"status": object{"id": 2}}), http.StatusNotFound, 1201)
			wantCode(t, drop(admin, memberURL(kit.StrangerID, kit.Elsewhere)), http.StatusNotFound, 1201)
			wantCode(t, root.Patch(memberURL(kit.StrangerID, kit.Elsewhere), object{"status": object{"id": 2}}), http.StatusConflict, 1406)
			for _, bad := range []any{object{}, object{"status": object{"id": 0}}, object{"status": nil}, object{"status": object{"id": 2}, "roles": []object{{"id": 1}}}} {
				wantCode(t, admin.Patch(membership, bad), http.StatusBadRequest, 1000)
			}
		})
	})
}

func TestContract_DefaultWorkspace(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		for _, id := range []string{"my", "4"} {
			got := put(user, "/api/v2/user/"+id+fmt.Sprintf("/default_organisation/%d", kit.FleetFR)).Is(http.StatusOK)
			if string(got.Body) != "{}" {
				t.Errorf("%s", got.Body)
			}
		}
		withBearer(s, tokensOf(signIn(s.Anonymous(), "user@example.com", kit.Password)).AuthToken).Get(simURL(kit.SIMInFR)).Is(http.StatusOK)
		s.Untouched("what is refused", func() {
			for _, path := range []string{fmt.Sprintf("4/default_organisation/%d", kit.Elsewhere), "4/default_organisation/999", fmt.Sprintf("3/default_organisation/%d", kit.FleetDE), fmt.Sprintf("999/default_organisation/%d", kit.FleetDE)} {
				wantCode(t, put(user, "/api/v2/user/"+path), http.StatusForbidden, 1104)
			}
			put(s.As("admin@example.com"), fmt.Sprintf("/api/v2/user/%d/default_organisation/%d", kit.PlainUserID, kit.FleetFR)).Is(http.StatusForbidden)
		})
	})
}
