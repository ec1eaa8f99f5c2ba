package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

// undo returns the path that undoes the migration of a response.
func undo(a *kit.Answer) string { return a.Header.Get("Location") + "/undo" }

// forReal undoes for real, with more properties.
func forReal(more ...object) object {
	o := object{"dry_run": false}
	for _, m := range more {
		for name, value := range m {
			o[name] = value
		}
	}
	return o
}

// stateOf reads what a migration changes of SIMs.
func stateOf(s *kit.Server, ids string) string {
	return fmt.Sprint(s.Rows("SELECT id, workspace_id, status, device_id FROM sims WHERE id IN (" + ids + ") ORDER BY id"))
}

// tallies reads the counts by Workspace and status.
func tallies(s *kit.Server) string {
	if err := operator.New(s.Control).Fold(s.T.Context()); err != nil {
		s.T.Fatal(err)
	}
	return fmt.Sprint(s.Rows("SELECT workspace_id, level, status, block, sims FROM sim_tally WHERE sims <> 0 ORDER BY 1, 2, 3, 4"))
}

// noUndo checks for a 409 with these reasons, and returns their details.
func noUndo(t *testing.T, a *kit.Answer, codes ...int) (details [][]api.ConflictDetail) {
	t.Helper()
	got := decodeBody[api.MigrationConflict](t, a, http.StatusConflict)
	var found []int
	for _, g := range got.Errors {
		found = append(found, g.ErrorCode)
		details = append(details, g.Details)
		if g.ErrorCode >= 1510 && len(g.Details) != len(g.SIMs) {
			t.Errorf("%d: %d details of %d SIMs", g.ErrorCode, len(g.Details), len(g.SIMs))
		}
	}
	if diff := cmp.Diff(codes, found); diff != "" || !strings.HasPrefix(got.Message, "The SIMs cannot be moved back: ") {
		t.Errorf("%s: %q (-want +got)\n%s", a.Request, got.Message, diff)
	}
	return details
}

// A migration out of two Workspaces and its undo restore every SIM, device and count.
func TestContract_UndoRestores(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		const ids = "250, 251, 252, 253, 254, 260"
		before, counts := stateOf(s, ids), tallies(s)
		moved := admin.Post(migration, realRun(withDetach(migrationTo(kit.FleetUS, kit.AttachedSIM, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM, kit.SIMInFR)))).Is(http.StatusOK)

		s.Untouched("a dry run", func() { admin.Post(undo(moved), "").Is(http.StatusOK) })
		dry := admin.Post(undo(moved), object{})
		plan := decodeBody[api.UndoResponse](t, dry, http.StatusOK)
		done := admin.With("If-Match", dry.Header.Get("ETag")).Post(undo(moved), forReal(object{"reference": "CHG-7", "reason": "wrong customer"}))
		got := decodeBody[api.UndoResponse](t, done, http.StatusOK)
		if first := got.Migrations[0].ID; first == 0 || done.Header.Get("Location") != fmt.Sprintf("/api/v1/migration/%d", first) {
			t.Errorf("Location %q, entries %+v", done.Header.Get("Location"), got.Migrations)
		}
		entries := got.Migrations
		got.DryRun, got.Migrations = true, []api.UndoEntry{{TargetWorkspace: workspaceRef(kit.FleetDE), SIMCount: 5}, {TargetWorkspace: workspaceRef(kit.FleetFR), SIMCount: 1}}
		if diff := cmp.Diff(plan, got); diff != "" {
			t.Errorf("preview and run differ:\n%s", diff)
		}
		first := api.UndoSIM{MigrationSIM: ferrySIM(kit.ActivatedSIM, kit.ICCID(kit.AttachedSIM), 2, kit.FleetUS), After: api.LineState{
			Workspace: workspaceRef(kit.FleetDE), Status: api.Ref{ID: 1, Description: "Activated"}, Endpoint: &api.NamedRef{ID: kit.DeviceWithSIM, Name: "tracker-7"},
		}}
		first.ID = 250
		if diff := cmp.Diff(first, got.SIMs[0]); diff != "" {
			t.Errorf("the first SIM (-want +got)\n%s", diff)
		}
		if after := stateOf(s, ids); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		if after := tallies(s); after != counts {
			t.Errorf("counts before:\n%s\nafter:\n%s", counts, after)
		}
		if odd := s.Rows("SELECT id FROM sims WHERE id IN (" + ids + ") AND version <> 2"); len(odd) > 0 {
			t.Errorf("the versions of %v did not go up by two", odd)
		}
		checkUndoRecord(t, s, admin, moved, entries)
		s.CheckInvariants()
		s.MustFsck()
	})
}

// checkUndoRecord checks the ledger and the events of an undo of a migration.
func checkUndoRecord(t *testing.T, s *kit.Server, admin *kit.Client, moved *kit.Answer, entries []api.UndoEntry) {
	t.Helper()
	original := decodeBody[api.Migration](t, admin.Get(moved.Header.Get("Location")), http.StatusOK)
	want := []api.UndoCount{{ID: entries[0].ID, SIMCount: 5}, {ID: entries[1].ID, SIMCount: 1}}
	if diff := cmp.Diff(want, original.UndoneBy); diff != "" || original.TargetAuthority != "role" || original.SourceWorkspaces[0].Authority != "role" {
		t.Errorf("the migration: %+v (-want +got)\n%s", original, diff)
	}
	for i, home := range []int64{kit.FleetDE, kit.FleetFR} {
		entry := decodeBody[api.Migration](t, admin.Get(fmt.Sprintf("/api/v1/migration/%d", entries[i].ID)), http.StatusOK)
		if int64(*entry.Undoes.ID) != original.ID || entry.TargetWorkspace != workspaceRef(home) || !*entry.RestoreStatus || !*entry.RestoreDevices ||
			entry.Reference != "CHG-7" || entry.Reason != "wrong customer" {
			t.Errorf("the undo: %+v", entry)
		}
	}
	words := fmt.Sprintf("5 SIMs migrated from workspace Fleet US (300), undoing migration %d, reference CHG-7, reason: wrong customer", original.ID)
	if got := s.Rows(fmt.Sprintf("SELECT description FROM events WHERE type = 69 AND workspace_id = 100 AND ledger_id = %d", entries[0].ID)); fmt.Sprint(got) != fmt.Sprint([][]any{{words}}) {
		t.Errorf("event %q", got)
	}
	if got := s.Rows(fmt.Sprintf("SELECT id FROM audit WHERE ledger_id IN (%d, %d) AND action = 'migration.undone'", entries[0].ID, entries[1].ID)); len(got) != 2 {
		t.Errorf("%d audit entries", len(got))
	}
}

// An undo of some SIMs leaves the others, and each SIM goes back once.
func TestContract_UndoSome(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		moved := admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM))).Is(http.StatusOK)
		some := object{"sims": []object{{"id": kit.SuspendedSIM}, {"id": kit.ActivatedSIM}}}
		done := decodeBody[api.UndoResponse](t, admin.Post(undo(moved), forReal(some)), http.StatusOK)
		if done.SIMCount != 2 || done.SIMs[0].ID != kit.ActivatedSIM {
			t.Errorf("%+v", done)
		}
		details := noUndo(t, admin.Post(undo(moved), object{}), 1512)
		if len(details[0]) != 2 || details[0][0].ID != kit.ActivatedSIM || int64(*details[0][0].UndoneBy.ID) != done.Migrations[0].ID {
			t.Errorf("%+v", details)
		}
		admin.Post(undo(moved), forReal(object{"sims": []object{{"id": kit.IssuedSIM}}})).Is(http.StatusOK)
		wantNotFound(t, admin.Post(undo(moved), object{"sims": []object{{"id": kit.AttachedSIM}, {"id": kit.ActivatedSIM}}}), "sim with id 250 not found")
		wantNotFound(t, admin.Post(undo(moved), object{"sims": []object{{"id": 1}, {"id": 2}}}), "sim with id 1 not found", "sim with id 2 not found")
		wantBadRequest(t, admin.Post(undo(moved), object{"sims": []object{}}), "sims: the list is empty")
		wantBadRequest(t, admin.Post(undo(moved), object{"sims": nil}), "sims: it must be a list")
		wantBadRequest(t, admin.Post(undo(moved), object{"restore_status": nil}), "restore_status: it must be true or false")
		wantBadRequest(t, admin.Post(undo(moved), object{"reference": strings.Repeat("x", 101)}), "reference: it has 101 characters")
		wantBadRequest(t, admin.Post(undo(moved), object{"reason": "a\x1bb"}), "reason: ")
		s.MustFsck()
	})
}

// What has happened to a SIM since the migration prevents the undo, unless an option ignores it.
func TestContract_UndoChanged(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		moved := admin.Post(migration, realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM)))).Is(http.StatusOK)
		french := admin.In(kit.FleetFR)
		french.Patch(simURL(kit.ActivatedSIM), toStatus(1)).Is(http.StatusNoContent)
		admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.IssuedSIM))).Is(http.StatusOK)
		french.Do(http.MethodDelete, simURL(kit.SuspendedSIM), nil).Is(http.StatusNoContent)
		details := noUndo(t, admin.Post(undo(moved), object{}), 1510)
		status := func(id int64) *api.StaleValue { return &api.StaleValue{ID: id, Description: statusNames[id]} }
		want := []api.ConflictDetail{
			{ID: kit.ActivatedSIM, Changes: []api.StaleChange{{Property: "status", Was: status(2), Now: status(1)}}},
			{ID: kit.IssuedSIM, Changes: []api.StaleChange{{Property: "workspace", Was: &api.StaleValue{ID: kit.FleetFR, Name: "Fleet FR"}, Now: &api.StaleValue{ID: kit.FleetUS, Name: "Fleet US"}}}},
			{ID: kit.SuspendedSIM, Changes: []api.StaleChange{{Property: "sim", Was: &api.StaleValue{ID: 1, Description: "found"}, Now: &api.StaleValue{Description: "not found"}}}},
		}
		if diff := cmp.Diff(want, details[0]); diff != "" {
			t.Errorf("details (-want +got)\n%s", diff)
		}
		s.Untouched("a refused undo", func() { noUndo(t, admin.Post(undo(moved), forReal()), 1510) })

		// options that ignore the change
		noUndo(t, admin.Post(undo(moved), object{"sims": []object{{"id": kit.ActivatedSIM}}}), 1510)
		kept := object{"sims": []object{{"id": kit.ActivatedSIM}}, "restore_status": false}
		done := decodeBody[api.UndoResponse](t, admin.Post(undo(moved), forReal(kept)), http.StatusOK)
		if after := done.SIMs[0].After.Status.ID; after != 2 {
			t.Errorf("an Activated SIM became %d", after)
		}

		// the previous device is taken
		admin.Patch(deviceURL(kit.DeviceWithSIM), object{"sim": object{"id": 1000}}).Is(http.StatusNoContent)
		device := object{"sims": []object{{"id": kit.AttachedSIM}}}
		details = noUndo(t, admin.Post(undo(moved), device), 1511)
		if diff := cmp.Diff([]api.ConflictDetail{{ID: kit.AttachedSIM, Endpoint: &api.NamedRef{ID: kit.DeviceWithSIM, Name: "tracker-7"}}}, details[0]); diff != "" {
			t.Errorf("details (-want +got)\n%s", diff)
		}
		admin.Post(undo(moved), forReal(device, object{"restore_devices": false})).Is(http.StatusOK)
		s.CheckInvariants()
		s.MustFsck()
	})
}

// An undo can be undone: then the SIM is in the device that the undo put it into.
func TestContract_UndoOfUndo(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		moved := admin.Post(migration, realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.ActivatedSIM)))).Is(http.StatusOK)
		there := stateOf(s, "250, 251")
		back := admin.Post(undo(moved), forReal()).Is(http.StatusOK)
		conflict := noUndo(t, admin.Post(undo(back), object{}), 1502)
		if conflict[0] != nil {
			t.Errorf("details of 1502: %+v", conflict)
		}
		again := admin.Post(undo(back), forReal(object{"auto_detach_devices": true})).Is(http.StatusOK)
		if got := stateOf(s, "250, 251"); got != there {
			t.Errorf("%s, want %s", got, there)
		}
		noUndo(t, admin.Post(undo(moved), object{}), 1512) // the newest is undone, not the oldest again
		admin.Post(undo(again), forReal()).Is(http.StatusOK)
		s.CheckInvariants()
		s.MustFsck()
	})
}

// If-Match and Idempotency-Key work as for a migration.
func TestContract_UndoHeaders(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		moved := admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM, kit.IssuedSIM))).Is(http.StatusOK)
		tag := admin.Post(undo(moved), object{}).Is(http.StatusOK).Header.Get("ETag")
		guarded := admin.With("If-Match", tag)
		guarded.Post(undo(moved), forReal(object{"restore_devices": false})).Is(http.StatusPreconditionFailed)
		guarded.Post(undo(moved), forReal(object{"sims": []object{{"id": kit.ActivatedSIM}}})).Is(http.StatusPreconditionFailed)
		migrated := admin.Post(migration, migrationTo(kit.FleetDE, kit.ActivatedSIM, kit.IssuedSIM)).Is(http.StatusOK).Header.Get("ETag")
		admin.With("If-Match", migrated).Post(undo(moved), forReal()).Is(http.StatusPreconditionFailed)
		wantBadRequest(t, admin.With("If-Match", "").Post(undo(moved), forReal()), "If-Match: ")

		admin.In(kit.FleetFR).Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)
		stale := decodeBody[api.MigrationStale](t, guarded.Post(undo(moved), forReal()), http.StatusPreconditionFailed)
		if len(stale.SIMs) != 1 || stale.SIMs[0].ID != kit.IssuedSIM || stale.SIMs[0].Changes[0].Property != "status" {
			t.Errorf("%+v", stale)
		}

		refused := admin.With("Idempotency-Key", "refused")
		first := refused.Post(undo(moved), forReal()).Is(http.StatusConflict)
		keyed := admin.With("Idempotency-Key", "k")
		run := forReal(object{"restore_status": false})
		done := keyed.Post(undo(moved), run).Is(http.StatusOK)
		wantReplay(t, done, keyed.Post(undo(moved), run))
		wantReplay(t, first, refused.Post(undo(moved), forReal()))
		keyed.Post(undo(moved), forReal(object{"reason": "another"})).Is(http.StatusUnprocessableEntity)

		// rights are checked before the replay
		s.SetRole(kit.AdminID, kit.FleetFR, fleet.Observer)
		keyed.Post(undo(moved), run).Is(http.StatusForbidden)
		wantReplay(t, first, refused.Post(undo(moved), forReal()))
		s.SetRole(kit.AdminID, kit.FleetFR, fleet.NoRole)
		refused.Post(undo(moved), forReal()).Is(http.StatusForbidden)
		s.SetRole(kit.AdminID, kit.FleetFR, fleet.Administrator)
		wantReplay(t, done, keyed.Post(undo(moved), run))
	})
}

// The caller must administer both sides, as for the same move as a migration.
func TestContract_UndoScope(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		moved := admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM, 1000))).Is(http.StatusOK)
		wantNotFound(t, s.As("target@example.com").Post(undo(moved), object{}), "workspace with id 100 not found")
		wantNotFound(t, s.As("observer@example.com").Post(undo(moved), object{}), "workspace with id 100 not found", "sim with id 251 not found", "sim with id 1000 not found")
		s.As("stranger@example.com").Post(undo(moved), object{}).Is(http.StatusNotFound)
		s.Program(kit.FleetFR).Post(undo(moved), object{}).Is(http.StatusForbidden)
		s.As("root@example.com").Post(undo(moved), object{}).Is(http.StatusOK)
		s.SetRole(kit.AdminID, kit.FleetFR, fleet.Observer) // a member of the target
		noUndo(t, admin.Post(undo(moved), object{}), 1504)
		s.SetRole(kit.AdminID, kit.FleetFR, fleet.NoRole) // of the source only, where the entry is visible
		wantNotFound(t, admin.Post(undo(moved), object{}), "sim with id 251 not found", "sim with id 1000 not found")
		admin.Post("/api/v1/migration/1/undo", object{}).Is(http.StatusNotFound) // an import
		admin.Post("/api/v1/migration/999/undo", object{}).Is(http.StatusNotFound)
	})
}

// A SIM that has moved on to a Workspace of strangers is only not found.
func TestContract_UndoHidesOthers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		moved := admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM, kit.IssuedSIM))).Is(http.StatusOK)
		s.SetRole(kit.TargetAdminID, kit.Elsewhere, fleet.Administrator)
		target := s.As("target@example.com")
		target.Post(migration, realRun(migrationTo(kit.Elsewhere, kit.ActivatedSIM))).Is(http.StatusOK)
		a := admin.Post(undo(moved), object{})
		details := noUndo(t, a, 1510)
		if details[0][0].Changes[0].Property != "sim" || strings.Contains(string(a.Body), "Elsewhere") || strings.Contains(string(a.Body), "900") {
			t.Errorf("%s", a.Body)
		}
	})
}
