package operatorapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operatorapi"
	"github.com/simferry/simferry/internal/test/kit"
)

func TestOperatorWorkspaces(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.Operator()
		made := op.Post(spaces, `{"name": "Fleet IT", "type": {"id": 4, "description": "x"}, "country": "it", "parent": {"id": 1}}`).Is(http.StatusCreated)
		var w api.OperatorWorkspace
		made.JSON(&w)
		at := fmt.Sprintf("%s/%d", spaces, w.ID)
		if made.Header.Get("Location") != at || w.ID <= 900 || w.Country != "IT" || w.Parent.ID != 1 || w.Status.ID != 0 || w.Type.Description != "Enterprise" {
			t.Errorf("%s: %s", made.Header.Get("Location"), made.Body)
		}
		if got := op.Get(at).Is(http.StatusOK); !bytes.Equal(got.Body, made.Body) {
			t.Errorf("created as %s, and read as %s", made.Body, got.Body)
		}
		op.Post(spaces, `{"id": 7000, "name": "By number", "status": {"id": 1}}`).Is(http.StatusCreated)
		wantCode(t, op.Post(spaces, `{"id": 7000, "name": "By number"}`), http.StatusConflict, 1405)
		w = api.OperatorWorkspace{}
		op.Patch(at, `{"name": "Flotta", "parent": null, "country": null, "type": {"id": 3}}`).Is(http.StatusOK).JSON(&w)
		if w.Name != "Flotta" || w.Parent != nil || w.Country != "" || w.Type.ID != 3 {
			t.Errorf("changed into %+v", w)
		}
		listed := op.Get(spaces + "?q=parent:1,status:0&sort=-name&per_page=2").Is(http.StatusOK)
		var list []api.OperatorWorkspace
		listed.JSON(&list)
		if len(list) != 2 || list[0].Name != "Resale" || listed.Header.Get("X-Total-Count") != "5" || listed.Header.Get("X-Filter") != "parent:1,status:0" {
			t.Errorf("%v: %s", listed.Header, listed.Body)
		}
		op.Get(spaces + "?q=parent:null,country:DE|IT,name:Else,created:2000-01-01").Is(http.StatusOK)
		wantCode(t, op.Get(spaces+"?q=colour:1"), http.StatusUnprocessableEntity, 1301)
		wantCode(t, op.Get(spaces+"?sort=colour"), http.StatusUnprocessableEntity, 1302)
	})
}

// A suspended Workspace accepts no SIMs; its members can still read and move SIMs out.
func TestOperatorSuspendsAWorkspace(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op, admin := s.Operator(), s.As("admin@example.com")
		op.Patch(spaces+"/100", `{"status": {"id": 1}}`).Is(http.StatusOK)
		in := admin.Post("/api/v1/sim/migration/workspace", fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetDE, kit.SIMInFR)).Is(http.StatusConflict)
		if !strings.Contains(string(in.Body), "1509") {
			t.Errorf("%s", in.Body)
		}
		s.As("observer@example.com").Get(fmt.Sprintf("/api/v1/sim/%d", kit.IssuedSIM)).Is(http.StatusOK)
		admin.Patch(fmt.Sprintf("/api/v1/sim/%d", kit.IssuedSIM), `{"status": {"id": 1}}`).Is(http.StatusNoContent)
		admin.Post("/api/v1/sim/migration/workspace", fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetFR, kit.IssuedSIM)).Is(http.StatusOK)
		op.Patch(spaces+"/100", `{"status": {"id": 0}}`).Is(http.StatusOK)
		admin.Post("/api/v1/sim/migration/workspace", fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetDE, kit.SIMInFR)).Is(http.StatusOK)
	})
}

// Forbidden changes of a Workspace are refused with the field and what to do; nothing is
// applied.
func TestOperatorWorkspaceRules(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.Operator()
		s.Untouched("a refusal", func() {
			for _, test := range []struct {
				id           int
				body         string
				status, code int
				says         string
			}{
				{1, `{"parent": {"id": 1}}`, 400, 1000, "parent: Workspace 1 would be its own ancestor"},
				{1, `{"parent": {"id": 100}}`, 400, 1000, "parent: Workspace 1 would be its own ancestor"},
				{100, `{"parent": {"id": 77}}`, 400, 1000, "parent: there is no Workspace 77"},
				{100, `{"parent": {"id": -1}}`, 400, 1000, "parent.id"},
				{100, `{"country": "BR"}`, 409, 1406, "country: the Workspace has SIMs"},
				{400, `{"country": ""}`, 409, 1406, "country: the Workspace has SIMs"},
				{100, `{"country": "XX"}`, 400, 1000, "country"},
				{100, `{"type": {"id": 3}}`, 409, 1406, "type: the Workspace has SIMs"},
				{1, `{"type": {"id": 4}}`, 409, 1406, "type: the Workspace has SIMs, or is the issuer"},
				{100, `{"type": {"id": 3}, "country": "BR"}`, 409, 1406, "(2 problems in all)"},
				{100, `{"type": {"id": 5}}`, 400, 1000, "type"},
				{100, fmt.Sprintf(`{"type": {"id": %d}}`, kit.SIMInFR), 400, 1000, "type.id"},
				{100, `{"type": null}`, 400, 1000, "type"},
				{100, `{"status": {"id": 2}}`, 400, 1000, "status"},
				{100, `{"status": 1}`, 400, 1000, "status"},
				{100, `{"name": "two\nlines"}`, 400, 1000, "name"},
				{100, `{"name": "  "}`, 400, 1000, "name"},
				{100, `{"state": 1}`, 400, 1000, "state"},
				{100, `{"id": 101}`, 400, 1000, "id"},
			} {
				got := wantCode(t, op.Patch(fmt.Sprintf("%s/%d", spaces, test.id), test.body), test.status, test.code)
				if !strings.Contains(got.Message, test.says) {
					t.Errorf("%s: %s", test.body, got.Message)
				}
			}
		})
		op.Patch(spaces+"/100", `{"country": "AT"}`).Is(http.StatusOK)                    // not across the Brazilian border
		op.Patch(spaces+"/500", `{"country": "BR", "type": {"id": 3}}`).Is(http.StatusOK) // it is empty
	})
}

func TestOperatorUsers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.Operator()
		made := op.Post(persons, `{"username": "Eve@Example.com", "workspaces": [{"id": 200, "role": {"id": 1}}, {"id": 300, "role": {"id": 3}}]}`).Is(http.StatusCreated)
		var u api.OperatorUser
		made.JSON(&u)
		if u.Username != "eve@example.com" || u.Status.ID != 0 || u.DefaultWorkspace.ID != kit.FleetFR || len(u.Workspaces) != 2 || u.Workspaces[1].Role.Name != "Observer" {
			t.Errorf("%s", made.Body)
		}
		at := made.Header.Get("Location")
		if got := op.Get(persons + "/EVE@example.com").Is(http.StatusOK); at != fmt.Sprintf("%s/%d", persons, u.ID) || !bytes.Equal(got.Body, made.Body) {
			t.Errorf("%s: %s", at, got.Body)
		}
		wantCode(t, op.Patch(at, `{"status": {"id": 1}}`), http.StatusBadRequest, 1000) // there is no password
		signIn(s, "eve@example.com", "").Is(http.StatusUnauthorized)
		op.Put(at+"/password", `{"password": "battery staple"}`).Is(http.StatusNoContent)
		eve := bearerOf(s, signIn(s, "eve@example.com", "battery staple"))
		eve.Get("/api/v1/organisation/my").Is(http.StatusOK)

		op.Patch(at, `{"status": {"id": 2}}`).Is(http.StatusOK)
		eve.Get("/api/v1/organisation/my").Is(http.StatusUnauthorized)
		op.Patch(at, `{"status": {"id": 1}, "name": "Eve", "superadmin": true, "default_workspace": {"id": 900}}`).Is(http.StatusOK)
		eve.Get("/api/v1/organisation/my").Is(http.StatusUnauthorized) // the session stays ended
		eve = bearerOf(s, signIn(s, "eve@example.com", "battery staple")).In(kit.Elsewhere)
		eve.Get(fmt.Sprintf("/api/v1/sim/%d", kit.SIMElsewhere)).Is(http.StatusOK)
		op.Patch(at, `{"superadmin": false, "default_workspace": {"id": 300}}`).Is(http.StatusOK)
		eve.Get(fmt.Sprintf("/api/v1/sim/%d", kit.SIMElsewhere)).Is(http.StatusForbidden)

		op.Put(at+fmt.Sprintf("/workspace/%d", kit.FleetDE), `{"role": {"id": 2}, "status": {"id": 2}}`).Is(http.StatusOK).JSON(&u)
		if len(u.Workspaces) != 3 || u.Workspaces[0].Status.ID != 2 || u.Workspaces[0].Role.ID != 2 {
			t.Errorf("%+v", u)
		}
		op.Put(at+fmt.Sprintf("/workspace/%d", kit.FleetDE), `{"role": {"id": 1}}`).Is(http.StatusOK)
		for _, ws := range []string{"300", "100"} { // without the default Workspace, the lowest of the others becomes the default
			op.Do("DELETE", at+"/workspace/"+ws, nil).Is(http.StatusNoContent)
		}
		op.Get(at).Is(http.StatusOK).JSON(&u)
		if u.DefaultWorkspace.ID != kit.FleetFR || len(u.Workspaces) != 1 {
			t.Errorf("%+v", u)
		}
		wantCode(t, op.Do("DELETE", at+fmt.Sprintf("/workspace/%d", kit.FleetFR), nil), http.StatusConflict, 1406)
		wantCode(t, op.Do("DELETE", at+fmt.Sprintf("/workspace/%d", kit.FleetUS), nil), http.StatusNotFound, 1201)
		listed := op.Get(persons + "?q=username:eve&sort=-created").Is(http.StatusOK)
		if listed.Header.Get("X-Total-Count") != "1" || !strings.Contains(string(listed.Body), `"name":"Eve"`) {
			t.Errorf("%s", listed.Body)
		}
	})
}

func TestOperatorRefusesUsers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.Operator()
		s.Untouched("a refusal", func() {
			for _, test := range []struct {
				method, path, body string
				status             int
				says               string
			}{
				{"POST", "", `{"workspaces": [{"id": 100, "role": {"id": 1}}]}`, 400, "username: it is required"},
				{"POST", "", `{"username": "eve", "workspaces": [{"id": 100, "role": {"id": 1}}]}`, 400, "e-mail address"},
				{"POST", "", `{"username": "e@x.example"}`, 400, "role"},
				{"POST", "", `{"username": "e@x.example", "superadmin": true}`, 400, "default_workspace"},
				{"POST", "", `{"username": "e@x.example", "workspaces": [{"id": 100, "role": {"id": 4}}]}`, 400, "role"},
				{"POST", "", `{"username": "e@x.example", "workspaces": [{"id": 100, "role": {"id": 257}}]}`, 400, "workspaces[0].role.id"},
				{"POST", "", `{"username": "e@x.example", "workspaces": [{"id": 100}]}`, 400, "workspaces[0].role"},
				{"POST", "", `{"username": "e@x.example", "workspaces": [{"role": {"id": 1}}]}`, 400, "workspaces[0].id"},
				{"POST", "", `{"username": "e@x.example", "workspaces": [{"id": 100, "role": {"id": 1}}, {"id": 100.0, "role": {"id": 2}}]}`, 400, "workspaces[1].id: Workspace 100 is named twice"},
				{"POST", "", `{"username": "e@x.example", "password": "battery staple", "workspaces": [{"id": 100, "role": {"id": 1}}]}`, 400, "password: unknown property"},
				{"POST", "", `{"username": "e@x.example", "workspaces": [{"id": 77, "role": {"id": 1}}]}`, 422, "workspaces[0].id: there is no Workspace 77: create it first"},
				{"POST", "", `{"username": "ADMIN@example.com", "workspaces": [{"id": 100, "role": {"id": 1}}]}`, 409, "already belongs to user 1"},
				{"PATCH", "/1", `{"status": {"id": 0}}`, 400, "status"},
				{"PATCH", "/1", `{"status": {"id": 300}}`, 400, "status.id"},
				{"PATCH", "/1", `{"superadmin": "true"}`, 400, "superadmin"},
				{"PATCH", "/1", `{"superadmin": null}`, 400, "superadmin"},
				{"PATCH", "/1", `{"default_workspace": {"id": 900}}`, 400, "no role in Workspace 900"},
				{"PATCH", "/1", `{"default_workspace": {"id": 77}}`, 400, "there is no Workspace 77"},
				{"PATCH", "/1", `{"username": "x@example.com"}`, 400, "username"},
				{"PUT", "/1/password", `{"password": "1234567"}`, 400, "password: it must have at least 8"},
				{"PUT", "/1/password", `{}`, 400, "password: it is required"},
				{"PUT", "/1/workspace/77", `{"role": {"id": 1}}`, 404, "workspace with id 77"},
				{"PUT", fmt.Sprintf("/1/workspace/%d", kit.FleetDE), `{"role": {"id": 4}}`, 400, "role"},
				{"PUT", fmt.Sprintf("/1/workspace/%d", kit.FleetDE), `{"role": {"id": 1}, "status": {"id": 0}}`, 400, "status"},
				{"PUT", fmt.Sprintf("/1/workspace/%d", kit.FleetDE), `{}`, 400, "role: it is required"},
				{"DELETE", fmt.Sprintf("/3/workspace/%d", kit.FleetDE), "", 409, "the only role of observer@example.com"},
			} {
				var body any
				if test.body != "" {
					body = test.body
				}
				got := op.Do(test.method, persons+test.path, body)
				if got.Status != test.status || !strings.Contains(string(got.Body), test.says) {
					t.Errorf("%s %s %s: %d %s, want %d", test.method, test.path, test.body, got.Status, got.Body, test.status)
				}
			}
		})
		op.Patch(persons+"/8", `{"superadmin": false}`).Is(http.StatusOK) // has another role
	})
}

// Unknown ids and ids of other kinds are not found or invalid; no row changes.
func TestOperatorProbes(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.Operator()
		s.Untouched("a probe", func() {
			for _, id := range []string{"0", "-1", "77", "250", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e3", "null", "my", "%00", "%ff", "a%20b@example.com", "100%0d%0aX-Evil:1"} {
				for _, ask := range []struct{ method, path, body string }{
					{"GET", spaces + "/" + id, ""},
					{"PATCH", spaces + "/" + id, `{"name": "x"}`},
					{"GET", persons + "/" + id, ""},
					{"PATCH", persons + "/" + id, `{"name": "x"}`},
					{"PUT", persons + "/" + id + "/password", `{"password": "battery staple"}`},
					{"DELETE", persons + "/" + id + "/mfa", ""},
					{"POST", persons + "/" + id + "/unlock", "{}"},
					{"PUT", persons + "/" + id + fmt.Sprintf("/workspace/%d", kit.FleetDE), `{"role": {"id": 1}}`},
					{"PUT", persons + "/3/workspace/" + id, `{"role": {"id": 1}}`},
					{"DELETE", persons + "/" + id + fmt.Sprintf("/workspace/%d", kit.FleetDE), ""},
					{"DELETE", persons + "/3/workspace/" + id, ""},
				} {
					var body any
					if ask.body != "" {
						body = ask.body
					}
					if got := op.Do(ask.method, ask.path, body); got.Status != http.StatusNotFound && got.Status != http.StatusBadRequest || got.Header.Get("X-Evil") != "" {
						t.Errorf("%s %s: %d %s", ask.method, ask.path, got.Status, got.Body)
					}
				}
			}
		})
	})
}

func TestOperatorImports(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := csv(s.Operator())
		s.Untouched("a bad list", func() {
			got := op.Post(imports+"?workspace=100", "iccid;id;workspace\n8988303000006738593;5001;\n123;5002;\n;5003;\n8988303000000000250;5004;77\n")
			bad := wantCode(t, got, http.StatusUnprocessableEntity, 1400)
			for i, line := range []string{"line 3: iccid", "line 4: iccid"} {
				if len(bad.Errors) <= i || !strings.HasPrefix(bad.Errors[i].Message, line) {
					t.Fatalf("%s", got.Body)
				}
			}
			for path, body := range map[string]string{
				"":               "iccid\n8988303000006738593\n",        // no Workspace at all
				"?workspace=77":  "iccid\n8988303000006738593\n",        // an unknown one
				"?workspace=100": "iccid\n8988303000000000250\n",        // an ICCID that is there
				"?workspace=200": "name\nx\n",                           // no column iccid
				"?workspace=300": "iccid,id\n8988303000006738593,250\n", // an id that is there
			} {
				if got := op.Post(imports+path, body); got.Status != http.StatusUnprocessableEntity {
					t.Errorf("%s %q: %d %s", path, body, got.Status, got.Body)
				}
			}
			op.Post(imports+"?workspace=x", "iccid\n").Is(http.StatusBadRequest)
			op.With("Content-Type", "application/json").Post(imports, "[]").Is(http.StatusBadRequest)
			op.With("Content-Encoding", "gzip").Post(imports, "iccid\n").Is(http.StatusBadRequest)
		})
		list := "iccid,id\n8988303000006738593,5001\n89883030000067385911,5002\n"
		want := `{"added":2,"kept":0}`
		if got := op.With("Content-Encoding", "gzip").Post(imports+"?workspace=100", zipped(t, []byte(list))).Is(http.StatusOK); string(got.Body) != want {
			t.Errorf("%s", got.Body)
		}
		if got := op.Post(imports+"?workspace=200", list).Is(http.StatusOK); string(got.Body) != `{"added":0,"kept":2}` {
			t.Errorf("again: %s", got.Body)
		}
		s.As("admin@example.com").Get("/api/v1/sim/5001").Is(http.StatusOK)

		keyed, free := op.With("Idempotency-Key", "import-1"), "iccid\n8988303000006738592\n"
		first := keyed.Post(imports+"?workspace=100", free).Is(http.StatusOK)
		again := keyed.Post(imports+"?workspace=100", free).Is(http.StatusOK)
		if !bytes.Equal(first.Body, again.Body) || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s and %s", first.Body, again.Body)
		}
		wantCode(t, keyed.Post(imports+"?workspace=200", free), http.StatusUnprocessableEntity, 1406)
	})
}

// A creation that is repeated with its key happens once, also by another token, and if
// responses are lost.
func TestOperatorKeys(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := s.Operator().With("Idempotency-Key", "k1")
		for _, test := range []struct{ path, body, same, other string }{
			{spaces, `{"name": "Once", "parent": {"id": 1}}`, `{"parent": {"id": 1.0, "name": "x"}, "name": "Once"}`, `{"name": "Twice"}`},
			{persons, `{"username": "once@example.com", "workspaces": [{"id": 100, "role": {"id": 1}}]}`, `{"workspaces": [{"id": 100.0, "role": {"id": 1}}], "username": "once@example.com"}`, `{"username": "twice@example.com"}`},
		} {
			first := op.Post(test.path, test.body).Is(http.StatusCreated)
			again := op.Post(test.path, test.same).Is(http.StatusCreated)
			if !bytes.Equal(first.Body, again.Body) || again.Header.Get("Location") != first.Header.Get("Location") || again.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s %s, and again %s %s", first.Header.Get("Location"), first.Body, again.Header.Get("Location"), again.Body)
			}
			wantCode(t, op.Post(test.path, test.other), http.StatusUnprocessableEntity, 1406)
		}
		for _, path := range []string{spaces + "/100", persons + "/3"} {
			op.Patch(path, `{"name": "First"}`).Is(http.StatusOK)
			s.Operator().Patch(path, `{"name": "Second"}`).Is(http.StatusOK)
			if got := op.Patch(path, `{"name": "First"}`).Is(http.StatusOK); got.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s: %v", path, got.Header)
			}
			if got := s.Operator().Get(path); !strings.Contains(string(got.Body), `"name":"Second"`) {
				t.Errorf("a repetition has changed it back: %s", got.Body)
			}
		}
	})
}

// Wrong tokens are counted per address over all servers; the valid one is still accepted.
func TestOperatorGuesses(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		servers := []*kit.Server{s.StartOperatorAPI(), kit.StartOn(t, s.DB, s.Clock).StartOperatorAPI()}
		guess := func(i int, from, token string) *kit.Answer {
			c := servers[i%2].Anonymous().With("X-Forwarded-For", from)
			c.Token = token
			return c.Get(spaces)
		}
		for i := range 20 {
			guess(i, "192.0.2.1", fmt.Sprintf("guess-%d", i)).Is(http.StatusUnauthorized)
		}
		rows := s.Dump()
		for i := range 4 {
			if got := guess(i, "192.0.2.1", "one more").Is(http.StatusTooManyRequests); got.Header.Get("Retry-After") == "" {
				t.Error("it does not say when to come back")
			}
		}
		if diff := rows.Diff(s.Dump()); diff != "" {
			t.Errorf("a rejected request was recorded:\n%s", diff)
		}
		guess(0, "192.0.2.1", kit.OperatorToken).Is(http.StatusOK)
		guess(0, "192.0.2.2", "another address").Is(http.StatusUnauthorized)
		s.Clock.Advance(5*time.Minute + time.Second)
		guess(1, "192.0.2.1", "later").Is(http.StatusUnauthorized)
	})
}

// Each change is in the audit log: the operator API, token, address and request; never a
// secret.
func TestOperatorIsAudited(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := csv(s.Operator()).With("X-Forwarded-For", "192.0.2.9")
		untried := map[fleet.AuditAction]bool{} // of the table of operations
		for _, action := range operatorapi.Audited() {
			untried[action] = true
		}
		for _, test := range []struct{ method, path, body, action, subject string }{
			{"POST", spaces, `{"name": "Fleet", "id": 1000}`, "workspace.created", "workspace 1000"},
			{"PATCH", spaces + "/1000", `{"status": {"id": 1}}`, "workspace.changed", "workspace 1000"},
			{"POST", persons, `{"username": "new@example.com", "workspaces": [{"id": 100, "role": {"id": 1}}]}`, "user.created", "user 9"},
			{"PATCH", persons + "/9", `{"name": "New"}`, "user.changed", "user 9"},
			{"PUT", persons + "/9/password", `{"password": "battery staple"}`, "user.password_changed", "user 9"},
			{"POST", persons + "/9/unlock", "", "user.unlocked", "user 9"},
			{"PUT", persons + fmt.Sprintf("/9/workspace/%d", kit.FleetFR), `{"role": {"id": 2}}`, "membership.changed", "user 9"},
			{"DELETE", persons + fmt.Sprintf("/9/workspace/%d", kit.FleetFR), "", "membership.removed", "user 9"},
			{"POST", imports, "iccid,workspace\n8988303000006738593,100\n", "sim.imported", " "},
			{"PUT", "/operator/v1/rule", `{"rules": []}`, "rule_set.changed", "rule_set 2"},
			{"POST", "/operator/v1/application_token", fmt.Sprintf(`{"workspace": {"id": %d}}`, kit.FleetDE), "application_token.made", "application_token 1"},
		} {
			delete(untried, fleet.AuditAction(test.action))
			before := s.Rows("SELECT COALESCE(MAX(id), 0) FROM audit")[0][0]
			var body any
			if test.body != "" {
				body = test.body
			}
			got := op.Do(test.method, test.path, body)
			rows := s.Rows(fmt.Sprintf("SELECT actor, action, subject, subject_id, address, request_id, detail FROM audit WHERE id > %v", before))
			if got.Status >= 300 || len(rows) != 1 {
				t.Fatalf("%s %s: %d %s, and %d entries", test.method, test.path, got.Status, got.Body, len(rows))
			}
			r := rows[0]
			found := fmt.Sprint(r[0], r[1], fmt.Sprint(r[2], " ", r[3]), r[4], r[5])
			if diff := cmp.Diff(fmt.Sprint(4, test.action, test.subject, "192.0.2.9", got.Header.Get("X-Request-Id")), found); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.path, diff)
			}
			if detail := fmt.Sprint(r[6]); !strings.Contains(detail, `"operator_token":"test"`) || strings.Contains(detail, "battery") {
				t.Errorf("%s: %s", test.path, detail)
			}
		}
		delete(untried, fleet.AuditOfferWithdrawn) // see TestOperatorWithdrawsAnOffer
		delete(untried, fleet.AuditFactorRemoved)  // needs a second factor; see the tests of httpapi and client
		if len(untried) > 0 {
			t.Errorf("no operation has left %v", untried)
		}
		wrong := *op
		wrong.Token = identity.NewOperatorToken()
		for name, test := range map[string]struct {
			got   *kit.Answer
			code  fleet.Code
			actor int64
		}{
			"unknown Workspace": {op.Patch(spaces+"/77777", `{"name": "x"}`), fleet.NotFound, 4},
			"bad body":          {op.Post(persons, `{"username": 5}`), fleet.BadRequest, 4},
			"wrong token":       {wrong.Get(spaces), fleet.InvalidToken, 0},
		} {
			n := auditOf(s, test.got)
			if len(n) != 1 || n[0].action != "operator.refused" || n[0].code != int64(test.code) || n[0].actor != test.actor || n[0].address != "192.0.2.9" || n[0].places != "0" {
				t.Errorf("%s: %d left %+v", name, test.got.Status, n)
			}
		}
		if n := auditOf(s, op.Get(persons+"/77777").Is(http.StatusNotFound)); len(n) != 0 {
			t.Errorf("a read left %+v", n)
		}
	})
}
