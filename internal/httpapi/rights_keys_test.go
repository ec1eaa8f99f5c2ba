package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// A key belongs to the Workspace in which it was used: elsewhere it is another key, and a
// caller who has lost access to the Workspace gets no stored response.
func TestContract_KeyOfAWorkspace(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		s.SetRole(kit.PlainUserID, kit.FleetDE, fleet.Administrator)
		s.SetRole(kit.PlainUserID, kit.FleetFR, fleet.Administrator)
		here := s.As("user@example.com").With("Idempotency-Key", "k")
		there := here.In(kit.FleetFR)
		replayed := func(a *kit.Answer) bool { return a.Header.Get("Idempotent-Replayed") != "" }

		send := func(c *kit.Client) *kit.Answer {
			return c.Patch("/api/v1/user/my", object{"name": "Another"}).Is(http.StatusNoContent)
		}
		for i, test := range []struct {
			c    *kit.Client
			want bool
		}{{here, false}, {there, false}, {here, true}, {there, true}} {
			if got := replayed(send(test.c)); got != test.want {
				t.Errorf("request %d: replayed: %v", i, got)
			}
		}

		// This includes migrations, although their effect does not depend on the token's
		// Workspace.
		move := realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM))
		here.Post(migration, move).Is(http.StatusOK)
		if a := there.Post(migration, move); replayed(a) || a.Status != http.StatusConflict {
			t.Errorf("in another Workspace: %d %s", a.Status, a.Body)
		}
		if a := here.Post(migration, move).Is(http.StatusOK); !replayed(a) {
			t.Error("in its own it is not replayed")
		}

		// Jobs do not, either: their selection may, and so may their readers.
		jobs := map[string]any{
			migrationJobs:            object{"target_workspace": object{"id": kit.FleetFR}, "select": object{"sims": []object{{"id": kit.IssuedSIM}}}},
			"/api/v1/sim_status_job": object{"status": object{"id": 2}, "select": object{"sims": []object{{"id": kit.IssuedSIM}}}},
		}
		for _, path := range slices.Sorted(maps.Keys(jobs)) {
			body := jobs[path]
			first := here.Post(path, body).Is(http.StatusCreated)
			if a := there.Post(path, body).Is(http.StatusCreated); replayed(a) || a.Header.Get("Location") == first.Header.Get("Location") {
				t.Errorf("%s in another Workspace: %s", path, a.Header.Get("Location"))
			}
			if a := here.Post(path, body).Is(http.StatusCreated); !replayed(a) || a.Header.Get("Location") != first.Header.Get("Location") {
				t.Errorf("%s in its own is not replayed: %s", path, a.Header.Get("Location"))
			}
		}
		s.RunJobs()
		job := here.Get(migrationJobs + "?per_page=1&sort=id").Is(http.StatusOK)
		id := decodeBody[[]api.Job](t, job, http.StatusOK)[0].ID
		for _, do := range []string{"cancel", "retry"} {
			path := fmt.Sprintf("%s/%d/%s", migrationJobs, id, do)
			first := here.Post(path, "")
			if a := there.Post(path, ""); replayed(a) || first.Status >= http.StatusBadRequest {
				t.Errorf("%s: %d, and in another Workspace %d %s", do, first.Status, a.Status, a.Body)
			}
			if a := here.Post(path, ""); !replayed(a) || a.Status != first.Status {
				t.Errorf("%s in its own is not replayed: %d", do, a.Status)
			}
		}

		s.SetRole(kit.PlainUserID, kit.FleetFR, fleet.Observer)
		here.Post(fmt.Sprintf("%s/%d/retry", migrationJobs, id), "").Is(http.StatusNotFound)
		s.SetRole(kit.PlainUserID, kit.FleetFR, fleet.Administrator)

		// The permissions in the Workspace are checked again.
		here.Post("/api/v1/endpoint", newDevice).Is(http.StatusCreated)
		s.SetRole(kit.PlainUserID, kit.FleetDE, fleet.Observer)
		wantCode(t, here.Post("/api/v1/endpoint", newDevice), http.StatusForbidden, 1104)
		s.SetRole(kit.PlainUserID, kit.FleetDE, fleet.NoRole)
		wantCode(t, here.Post("/api/v1/endpoint", newDevice), http.StatusForbidden, 1104)
		s.SetMember(kit.PlainUserID, kit.FleetDE, fleet.UserSuspended, fleet.Member)
		here.Post("/api/v1/endpoint", newDevice).Is(http.StatusUnauthorized)
		s.SetMember(kit.PlainUserID, kit.FleetDE, fleet.UserActive, fleet.Member)
		if a := here.Post("/api/v1/endpoint", newDevice).Is(http.StatusCreated); !replayed(a) {
			t.Error("it is not replayed to a caller who has the rights again")
		}
	})
}

// A key that names another Workspace in its request needs the rights there.
func TestReplayOfAManagedMember(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com").With("Idempotency-Key", "k")
		for name, test := range map[string]struct {
			send   func() *kit.Answer
			status int
		}{
			"a member": {func() *kit.Answer {
				return admin.Patch(memberURL(kit.PlainUserID, kit.FleetFR), object{"status": object{"id": 2}})
			}, http.StatusForbidden},
			"a role": {func() *kit.Answer {
				return admin.Do(http.MethodPut, memberURL(kit.PlainUserID, kit.FleetFR)+"/role/3", nil)
			}, http.StatusForbidden},
			"an invitation": {func() *kit.Answer {
				return admin.Post("/api/v2/user/invitation", object{"username": "new@example.com", "organisation": object{"id": kit.FleetFR}})
			}, http.StatusForbidden},
		} {
			t.Run(name, func(t *testing.T) {
				s.SetRole(kit.AdminID, kit.FleetFR, fleet.Administrator)
				first := test.send()
				if first.Status >= http.StatusBadRequest {
					t.Fatalf("%d %s", first.Status, first.Body)
				}
				s.SetRole(kit.AdminID, kit.FleetFR, fleet.Observer)
				if a := test.send(); a.Status != test.status || a.Header.Get("Idempotent-Replayed") != "" {
					t.Errorf("%d %v %s", a.Status, a.Header, a.Body)
				}
			})
		}
	})
}

// TestKeysOfAnEarlierVersion sends every write that stores a response under a key, makes the key
// one of an earlier version, which did not store the Workspace, and sends it again: to a user it is
// refused, also in the Workspace of its first use; a program has only one Workspace. A repeated
// migration checks all rights again, whatever the Workspace of the token.
func TestKeysOfAnEarlierVersion(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := heldWorld(t, e)
		program := application(s, newApplicationToken(s, control.NewToken{Workspace: kit.FleetDE}))
		refused := 0
		for _, pattern := range slices.Sorted(maps.Keys(heldWrites)) {
			write := heldWrites[pattern]
			method, path, _ := strings.Cut(pattern, " ")
			if write.path != "" {
				path = write.path
			}
			if write.own || strings.Contains(path, "{") {
				continue // operations on the own account have no keys, or end the session
			}
			callers := []*kit.Client{s.As("admin@example.com")}
			if write.program {
				callers = append(callers, program)
			}
			for i, c := range callers {
				send := func(c *kit.Client) *kit.Answer { return c.With("Idempotency-Key", "old").Do(method, path, write.body) }
				first := send(c)
				if n := len(s.Rows("SELECT key FROM idempotency")); n == 0 || first.Status >= http.StatusInternalServerError {
					continue // the operation has no keys, or the program comes second and is refused
				}
				s.Exec("UPDATE idempotency SET workspace_id = 0")
				again := send(c)
				switch replayed := again.Header.Get("Idempotent-Replayed") != ""; {
				case i == 1 || path == migration:
					if !replayed {
						t.Errorf("%s: not repeated: %d %s", pattern, again.Status, again.Body)
					}
				case replayed || again.Status != http.StatusUnprocessableEntity || !strings.Contains(string(again.Body), "before an upgrade"):
					t.Errorf("%s: %d %s", pattern, again.Status, again.Body)
				default:
					refused++
				}
				s.Exec("DELETE FROM idempotency")
			}
		}
		if refused < 15 {
			t.Errorf("only %d operations were refused", refused)
		}
	})
}
