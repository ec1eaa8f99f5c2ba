package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// The decisions of the section "Migration: headers and ledger".

func TestContract_Location(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		dry := admin.Post(migration, migrationTo(kit.FleetFR, kit.IssuedSIM)).Is(http.StatusOK)
		if dry.Header.Get("Location") != "" {
			t.Error("a dry run has a Location")
		}
		o := withProperty(withProperty(migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM), "auto_detach_devices", true), "allowed_sim_statuses", []object{{"id": 0}, {"id": 2}})
		done := admin.Post(migration, realRun(o)).Is(http.StatusOK)
		if done.Header.Get("ETag") != "" {
			t.Error("a real run has an ETag")
		}
		var id int64
		if n, err := fmt.Sscanf(done.Header.Get("Location"), "/api/v1/migration/%d", &id); n != 1 || err != nil {
			t.Fatalf("Location: %q", done.Header.Get("Location"))
		}
		line := func(sim, status int64) api.MigrationLine {
			c := ferrySIMs[sim]
			st := api.Ref{ID: status, Description: statusNames[status]}
			return api.MigrationLine{
				ID: sim, ICCID: c.ICCID, ICCIDWithLuhn: c.ICCIDWithLuhn,
				Before: api.LineState{Workspace: workspaceRef(kit.FleetDE), Status: st}, After: api.LineState{Workspace: workspaceRef(kit.FleetFR), Status: st},
			}
		}
		got := decodeBody[api.Migration](t, admin.Get(done.Header.Get("Location")), http.StatusOK)
		want := api.Migration{
			ID: id, Timestamp: got.Timestamp, User: &api.NamedRef{ID: 1, Name: "admin@example.com"}, AutoDetachDevices: true,
			AllowedSIMStatuses: []api.Ref{{ID: 0, Description: "Issued"}, {ID: 2, Description: "Suspended"}},
			SourceWorkspaces:   []api.SourceCount{{ID: kit.FleetDE, Name: "Fleet DE", SIMCount: 2, Authority: "role"}}, TargetWorkspace: workspaceRef(kit.FleetFR), SIMCount: 2,
			TargetAuthority: "role", RuleSet: 1, // that of a new installation
			SIMs: []api.MigrationLine{line(kit.IssuedSIM, 0), line(kit.SuspendedSIM, 2)},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if !bytes.Contains(admin.Get(done.Header.Get("Location")).Body, []byte(`"timestamp":"2026-11-22T10:00:00.000+0000"`)) {
			t.Error("the entry is not of the instant of the run")
		}
	})
}

// ifMatch sends the real run of a request under this tag.
func ifMatch(c *kit.Client, tag string, o object) *kit.Answer {
	c.T.Helper()
	return c.With("If-Match", tag).Post(migration, realRun(o))
}

func previewed(c *kit.Client, o object) string {
	c.T.Helper()
	tag := c.Post(migration, o).Is(http.StatusOK).Header.Get("ETag")
	if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		c.T.Fatalf("ETag: %q", tag)
	}
	return tag
}

const staleMessage = "If-Match: the SIMs have changed since the preview; make a new dry run"

// wantStale requires a 412 that lists exactly these SIMs.
func wantStale(t testing.TB, a *kit.Answer, sims ...api.StaleSIM) {
	t.Helper()
	if sims == nil {
		sims = []api.StaleSIM{}
	}
	wantBody(t, a, http.StatusPreconditionFailed, api.MigrationStale{
		ErrorCode: 4120, ErrorToken: "PreconditionFailed", Message: staleMessage, SIMs: sims,
	})
}

const otherMessage = "If-Match: the preview was of another request; make a dry run of this one"

// wantOtherRequest requires the 412 of a tag that cannot belong to the request.
func wantOtherRequest(t testing.TB, a *kit.Answer) {
	t.Helper()
	wantBody(t, a, http.StatusPreconditionFailed, api.MigrationStale{
		ErrorCode: 4120, ErrorToken: "PreconditionFailed", Message: otherMessage, SIMs: []api.StaleSIM{},
	})
}

func drifted(sim int64, changes ...api.StaleChange) api.StaleSIM {
	c := ferrySIMs[sim]
	if changes == nil {
		changes = []api.StaleChange{}
	}
	return api.StaleSIM{ID: sim, ICCID: c.ICCID, ICCIDWithLuhn: c.ICCIDWithLuhn, Changes: changes}
}

func statusChange(was, now int64) api.StaleChange {
	return api.StaleChange{
		Property: "status", Was: &api.StaleValue{ID: was, Description: statusNames[was]}, Now: &api.StaleValue{ID: now, Description: statusNames[now]},
	}
}

// movedAway returns a SIM of 100 that is in 200 now.
func movedAway() api.StaleChange {
	return api.StaleChange{
		Property: "workspace", Was: &api.StaleValue{ID: kit.FleetDE, Name: workspaceNames[kit.FleetDE]}, Now: &api.StaleValue{ID: kit.FleetFR, Name: workspaceNames[kit.FleetFR]},
	}
}

var found, notFound = &api.StaleValue{ID: 1, Description: "found"}, &api.StaleValue{ID: 0, Description: "not found"}

func toStatus(id int64) object { return object{"status": object{"id": id}} }

func TestContract_IfMatch(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		o := migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM)
		tag := previewed(admin, o)
		if again := previewed(admin, o); again != tag {
			t.Errorf("the same preview has two tags: %s and %s", tag, again)
		}
		admin.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)
		s.Untouched("a stale run", func() { wantStale(t, ifMatch(admin, tag, o), drifted(kit.IssuedSIM, statusChange(0, 1))) })
		if fresh := previewed(admin, o); fresh == tag {
			t.Error("a changed SIM has the same tag")
		} else {
			wantMigration(t, ifMatch(admin, fresh, o), kit.IssuedSIM, kit.SuspendedSIM)
			// Once used, it is stale.
			wantStale(t, ifMatch(admin, fresh, o),
				drifted(kit.IssuedSIM, movedAway(), statusChange(1, 2)), drifted(kit.SuspendedSIM, movedAway()))
		}
		s.CheckInvariants()
	})
}

func TestContract_IfMatchForms(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		o := migrationTo(kit.FleetFR, kit.IssuedSIM)
		tag := previewed(admin, o)
		s.Untouched("a tag that does not fit", func() {
			wantOtherRequest(t, ifMatch(admin, previewed(admin, migrationTo(kit.FleetFR, kit.SuspendedSIM)), o))
			wantOtherRequest(t, ifMatch(admin, previewed(admin, migrationTo(kit.FleetUS, kit.IssuedSIM)), o))
			wantOtherRequest(t, ifMatch(admin, previewed(admin, withDetach(o)), o))
			wantOtherRequest(t, ifMatch(admin, previewed(admin, withProperty(o, "allowed_sim_statuses", []object{{"id": 0}})), o))
			wantOtherRequest(t, ifMatch(admin, previewed(admin, migrationOfICCIDs(kit.FleetFR, ferrySIMs[kit.IssuedSIM].ICCID)), o))
			for _, forged := range []string{`"x"`, `""`, `W/"x"`, `"` + strings.Repeat("A", 9000) + `"`, strings.Replace(tag, tag[5:9], "____", 1), tag[:len(tag)-3] + `"`} {
				wantOtherRequest(t, ifMatch(admin, forged, o))
			}
			const form = "If-Match: it must be entity tags in double quotes, with commas between them, or *"
			for _, malformed := range []string{"x", strings.Trim(tag, `"`), tag + " " + tag, `*, ` + tag, `"`, "w/" + tag, "W/", "**", tag + `"`} {
				wantBadRequest(t, ifMatch(admin, malformed, o), form)
			}
			wantBadRequest(t, ifMatch(admin, "", o), form)
		})
		several := admin.With("If-Match", tag)
		several.Header["If-Match"] = []string{`"x", ` + previewed(admin, migrationTo(kit.FleetFR, kit.SuspendedSIM)), "W/" + tag}
		wantMigration(t, several.Post(migration, realRun(o)), kit.IssuedSIM)
		wantMigration(t, ifMatch(admin, "*", migrationTo(kit.FleetDE, kit.IssuedSIM)), kit.IssuedSIM)
	})
}

func TestContract_StaleBeforeConflict(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		o := migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM)
		tag := previewed(admin, o)
		wantMigration(t, admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))), kit.IssuedSIM)
		wantStale(t, ifMatch(admin, tag, o), drifted(kit.IssuedSIM, movedAway()))
		if got := decodeBody[api.MigrationConflict](t, admin.Post(migration, realRun(o)), http.StatusConflict); got.Errors[0].ErrorCode != 1506 {
			t.Errorf("without the tag: %+v", got)
		}
		// A refusal by the rules without a changed SIM is reported by the rules.
		o = migrationTo(kit.FleetUS, kit.SuspendedSIM)
		tag = previewed(admin, o)
		admin.Server.Exec(fmt.Sprintf("UPDATE workspaces SET status = 1 WHERE id = %d", kit.FleetUS))
		wantConflict(t, ifMatch(admin, tag, o), conflictReason{1509, nil})
	})
}

// wantReplay reports whether an answer is the other's repetition, byte by byte.
func wantReplay(t testing.TB, first, again *kit.Answer) {
	t.Helper()
	if again.Status != first.Status || !bytes.Equal(again.Body, first.Body) ||
		again.Header.Get("Location") != first.Header.Get("Location") || again.Header.Get("ETag") != first.Header.Get("ETag") ||
		again.Header.Get("Content-Type") != first.Header.Get("Content-Type") {
		t.Errorf("first %d %v %s\nagain %d %v %s", first.Status, first.Header, first.Body, again.Status, again.Header, again.Body)
	}
	if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("Idempotent-Replayed: first %q, again %q", first.Header.Get("Idempotent-Replayed"), again.Header.Get("Idempotent-Replayed"))
	}
}

func keyed(c *kit.Client, key string, o object) *kit.Answer {
	c.T.Helper()
	return c.With("Idempotency-Key", key).Post(migration, o)
}

func TestContract_Replay(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		o := realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.IssuedSIM)))
		first := keyed(admin, "k1", o).Is(http.StatusOK)
		s.Untouched("a replay", func() { wantReplay(t, first, keyed(admin, "k1", o)) })
		// It is still the first response, whatever happened since.
		wantMigration(t, admin.Post(migration, realRun(migrationTo(kit.FleetDE, kit.AttachedSIM, kit.IssuedSIM))), kit.AttachedSIM, kit.IssuedSIM)
		s.Untouched("a replay", func() { wantReplay(t, first, keyed(admin, "k1", o)) })
		// A key is one user's, for one operation.
		wantMigration(t, keyed(s.As("root@example.com"), "k1", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))), kit.IssuedSIM)
		admin.With("Idempotency-Key", "k1").Patch(simURL(kit.ActivatedSIM), toStatus(2)).Is(http.StatusNoContent)
		patch := admin.With("Idempotency-Key", "k1").Patch(simURL(kit.ActivatedSIM), toStatus(2)).Is(http.StatusNoContent)
		if patch.Header.Get("Idempotent-Replayed") != "true" {
			t.Error("PATCH was not replayed")
		}
		// 500 SIMs: the answer is large and compressed on the way.
		many := realRun(migrationTo(kit.FleetFR, ids(kit.FirstSpareSIM, 500)...))
		wantReplay(t, keyed(admin, "many", many).Is(http.StatusOK), keyed(admin, "many", many))
		s.CheckInvariants()
	})
}

func TestContract_ReplayUnderstood(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		key := strings.Repeat("k", 255)
		first := admin.With("Idempotency-Key", key).Post(migration,
			`{"target_workspace":{"id":200},"sims":[{"id":252},{"id":253}],"dry_run":false}`).Is(http.StatusOK)
		for _, spelling := range []string{
			`{"dry_run":false,"sims":[{"id":252},{"id":253}],"target_workspace":{"id":200}}`,
			` { "target_workspace" : {"id":200.0, "name":"Fleet FR"}, "sims":[{"id":2.52e2,"iccid":"x"},{"id":253.00}], "dry_run":false } `,
			`{"target_workspace":{"\u0069d":200},"sims":[{"id":252},{"id":253}],"dry_ru\u006e":false}`,
		} {
			wantReplay(t, first, admin.With("Idempotency-Key", key).Post(migration, spelling))
			wantReplay(t, first, admin.With("Idempotency-Key", `"`+key+`"`).Post(migration, spelling))
		}
	})
}

const reusedMessage = "Idempotency-Key: this key was used with another request; choose a new one"

func wantKeyReused(t testing.TB, a *kit.Answer) {
	t.Helper()
	wantBody(t, a, http.StatusUnprocessableEntity, api.Error{ErrorCode: 1406, ErrorToken: "NotAllowed", Message: reusedMessage})
}

func TestContract_KeyReused(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		keyed(admin, "k", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM))).Is(http.StatusOK)
		s.Untouched("a key used for something else", func() {
			for _, o := range []object{
				migrationTo(kit.FleetFR, kit.SuspendedSIM, kit.IssuedSIM), migrationTo(kit.FleetFR, kit.IssuedSIM), migrationTo(kit.FleetUS, kit.IssuedSIM, kit.SuspendedSIM), withDetach(migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM)),
				withProperty(migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM), "allowed_sim_statuses", []object{{"id": 0}}),
				migrationOfICCIDs(kit.FleetFR, ferrySIMs[kit.IssuedSIM].ICCID, ferrySIMs[kit.SuspendedSIM].ICCID),
			} {
				wantKeyReused(t, keyed(admin, "k", realRun(o)))
			}
			wantKeyReused(t, ifMatch(admin.With("Idempotency-Key", "k"), "*", migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM)))
		})
		if e == kit.SQLite {
			return // there a second writer waits for the first, and finds its answer
		}
		busy := s.WhileKeyIsHeld(kit.AdminID, "sim.migrate", "busy", func() *kit.Answer { return keyed(admin, "busy", realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM))) })
		wantBody(t, busy, http.StatusConflict, api.Error{
			ErrorCode: 1406, ErrorToken: "NotAllowed", Message: "The first request with this Idempotency-Key is still running",
		})
		if busy.Header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After: %q", busy.Header.Get("Retry-After"))
		}
		wantMigration(t, keyed(admin, "busy", realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM))), kit.ActivatedSIM)
	})
}

func TestContract_ReplayRights(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		elsewhere := admin.In(kit.FleetUS) // neither source nor target
		o := realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))
		first := keyed(elsewhere, "k", o).Is(http.StatusOK)
		own := realRun(migrationTo(kit.FleetFR, kit.SuspendedSIM))
		keyed(admin, "own", own).Is(http.StatusOK)
		refused := realRun(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.SIMInUS))
		conflicted := keyed(elsewhere, "c", refused).Is(http.StatusConflict)
		forbidden := api.Error{ErrorCode: 1104, ErrorToken: "Forbidden", Message: "You no longer administer a Workspace of this migration"}

		// no longer an Administrator of the target, or not a member: as if it did not exist
		for _, role := range []fleet.Role{fleet.Observer, fleet.NoRole} {
			s.SetRole(kit.AdminID, kit.FleetFR, role)
			wantNotFound(t, keyed(elsewhere, "k", o), "workspace with id 200 not found")
			wantNotFound(t, keyed(elsewhere, "c", refused), "workspace with id 200 not found")
		}
		s.SetRole(kit.AdminID, kit.FleetFR, fleet.Administrator)
		wantReplay(t, first, keyed(elsewhere, "k", o))

		// no longer an Administrator of the source
		for _, role := range []fleet.Role{fleet.Member, fleet.NoRole} {
			s.SetRole(kit.AdminID, kit.FleetDE, role)
			wantBody(t, keyed(elsewhere, "k", o), http.StatusForbidden, forbidden)
			// nor in the token's own Workspace
			if got := decodeBody[api.Error](t, keyed(admin, "own", own), http.StatusForbidden); got.ErrorCode != 1104 {
				t.Errorf("%+v", got)
			}
		}
		// no member where the SIMs were that a refusal names
		wantBody(t, keyed(elsewhere, "c", refused), http.StatusForbidden, api.Error{ErrorCode: 1104, ErrorToken: "Forbidden", Message: "You no longer belong to a Workspace of these SIMs"})
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.Observer) // including a caller who got them in the first response
		wantReplay(t, conflicted, keyed(elsewhere, "c", refused))
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.Administrator)
		wantReplay(t, first, keyed(elsewhere, "k", o))
		wantReplay(t, conflicted, keyed(elsewhere, "c", refused))

		// a refusal of an earlier version, which did not store what it names
		s.Exec("UPDATE idempotency SET workspaces = NULL")
		if got := decodeBody[api.Error](t, keyed(elsewhere, "c", refused), http.StatusUnprocessableEntity); !strings.Contains(got.Message, "before the server was upgraded") {
			t.Errorf("%+v", got)
		}
		wantReplay(t, first, keyed(elsewhere, "k", o))

		// a suspended user
		s.Exec(fmt.Sprintf("UPDATE users SET status = 2 WHERE id = %d", kit.AdminID))
		keyed(elsewhere, "k", o).Is(http.StatusUnauthorized)
	})
}

func TestContract_StoredAnswers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		// A 409 of the rules is kept: a new attempt needs a new key.
		attached := realRun(migrationTo(kit.FleetFR, kit.AttachedSIM))
		first := keyed(admin, "409", attached)
		wantConflict(t, first, conflictReason{1502, []int64{kit.AttachedSIM}})
		s.Exec(fmt.Sprintf("UPDATE sims SET device_id = NULL WHERE id = %d", kit.AttachedSIM))
		wantReplay(t, first, keyed(admin, "409", attached))
		wantMigration(t, keyed(admin, "409b", attached), kit.AttachedSIM)

		// Others are not: the same key may be used again, also for another request.
		notKept := func(key string, first *kit.Answer, status int) {
			t.Helper()
			first.Is(status)
			a := keyed(admin, key, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM)))
			wantMigration(t, a, kit.ActivatedSIM)
			if a.Header.Get("Idempotent-Replayed") != "" {
				t.Errorf("the %d was kept", status)
			}
			wantMigration(t, admin.Post(migration, realRun(migrationTo(kit.FleetDE, kit.ActivatedSIM))), kit.ActivatedSIM)
		}
		notKept("400", keyed(admin, "400", realRun(migrationTo(kit.FleetFR))), http.StatusBadRequest)
		notKept("404", keyed(admin, "404", realRun(migrationTo(kit.FleetFR, 77777))), http.StatusNotFound)
		notKept("412", keyed(admin.With("If-Match", `"x"`), "412", realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM))), http.StatusPreconditionFailed)
		tag := previewed(admin, migrationTo(kit.FleetFR, kit.ActivatedSIM, kit.IssuedSIM))
		admin.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)
		notKept("412s", keyed(admin.With("If-Match", tag), "412s", realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM, kit.IssuedSIM))), http.StatusPreconditionFailed)
		notKept("413", keyed(admin, "413", object{"sims": strings.Repeat("x", 1<<20)}), http.StatusRequestEntityTooLarge)
		program := s.Program(kit.FleetDE)
		for _, o := range []object{realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM)), realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))} {
			if got := decodeBody[api.Error](t, keyed(program, "403", o), http.StatusForbidden); got.ErrorCode != 1104 {
				t.Errorf("%+v", got)
			}
		}
		unsigned := *admin
		unsigned.Token = "x"
		notKept("401", keyed(&unsigned, "401", realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM))), http.StatusUnauthorized)
	})
}

func TestContract_DryRunKey(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		before := s.Dump()["idempotency"]
		dry := keyed(admin, "k", migrationTo(kit.FleetFR, kit.IssuedSIM))
		wantMigration(t, dry, kit.IssuedSIM)
		wantConflict(t, keyed(admin, "k", migrationTo(kit.FleetFR, kit.AttachedSIM)), conflictReason{1502, []int64{kit.AttachedSIM}})
		if diff := cmp.Diff(before, s.Dump()["idempotency"]); diff != "" {
			t.Errorf("a dry run used the key up: %s", diff)
		}
		first := keyed(admin, "k", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM)))
		wantMigration(t, first, kit.IssuedSIM)
		// now that the key is taken, a dry run of anything does not collide with it
		again := keyed(admin, "k", migrationTo(kit.FleetUS, kit.SuspendedSIM))
		wantMigration(t, again, kit.SuspendedSIM)
		if again.Header.Get("Idempotent-Replayed") != "" {
			t.Error("a dry run was replayed")
		}
		wantReplay(t, first, keyed(admin, "k", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))))
	})
}

func TestContract_LedgerScope(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		entry := admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.IssuedSIM, kit.SIMInFR))).Is(http.StatusOK).Header.Get("Location")
		other := admin.Post(migration, realRun(migrationTo(kit.FleetDE, kit.SIMInUS))).Is(http.StatusOK).Header.Get("Location")
		number := func(location string) int64 {
			var id int64
			if _, err := fmt.Sscanf(location, "/api/v1/migration/%d", &id); err != nil {
				t.Fatal(err)
			}
			return id
		}
		sees := func(name string, want ...string) {
			t.Helper()
			c := s.As(name)
			list := decodeBody[[]api.Migration](t, c.Get("/api/v1/migration"), http.StatusOK)
			var got []int64
			for _, m := range list {
				got = append(got, m.ID)
				if m.SIMs != nil {
					t.Errorf("%s: the list has SIMs", name)
				}
			}
			wanted := make(map[string]bool)
			var ids []int64
			for _, location := range want {
				wanted[location] = true
				ids = append(ids, number(location))
			}
			if diff := cmp.Diff(ids, got); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", name, diff)
			}
			for _, location := range []string{entry, other} {
				if wanted[location] {
					c.Get(location).Is(http.StatusOK)
				} else {
					wantBody(t, c.Get(location), http.StatusNotFound, api.Error{
						ErrorCode: 1201, ErrorToken: "NotFound", Message: fmt.Sprintf("migration with id %d not found", number(location)),
					})
				}
			}
		}
		sees("admin@example.com", other, entry)
		sees("observer@example.com", other, entry) // a member of a source, and of a target
		sees("target@example.com", other, entry)
		sees("stranger@example.com")
		sees("issuer@example.com") // who issued the SIMs is on no side
		sees("root@example.com", other, entry)
		s.SetRole(kit.StrangerID, kit.FleetFR, fleet.Observer) // of one source of one of them
		sees("stranger@example.com", entry)
		s.SetRole(kit.StrangerID, kit.FleetFR, fleet.NoRole)
		sees("stranger@example.com")
		for workspace, want := range map[fleet.WorkspaceID]int{kit.FleetFR: 1, kit.FleetDE: 2, kit.Elsewhere: 0} {
			if list := decodeBody[[]api.Migration](t, s.Program(workspace).Get("/api/v1/migration"), http.StatusOK); len(list) != want {
				t.Errorf("a program in %d sees %d entries, not %d", workspace, len(list), want)
			}
		}
		// Other entries are not in the ledger's list.
		admin.Patch(simURL(kit.SuspendedSIM), toStatus(1)).Is(http.StatusNoContent)
		sees("admin@example.com", other, entry)
		wantBody(t, admin.Get("/api/v1/migration/999999"), http.StatusNotFound, api.Error{
			ErrorCode: 1201, ErrorToken: "NotFound", Message: "migration with id 999999 not found",
		})
	})
}
