package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// The decisions of the section "Migration: the effect".

func TestContract_StateBefore(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		o := withDetach(migrationTo(kit.FleetUS, kit.FactoryTestSIM, kit.SIMInFR, kit.AttachedSIM, kit.SuspendedSIM))
		want := api.MigrationResponse{
			SIMCount: 4, DryRun: true, TargetWorkspace: workspaceRef(kit.FleetUS), AutoDetachDevices: true,
			SIMs: []api.MigrationSIM{ferrySIMs[kit.FactoryTestSIM], ferrySIMs[kit.SIMInFR], ferrySIMs[kit.AttachedSIM], ferrySIMs[kit.SuspendedSIM]},
		}
		wantBody(t, admin.Post(migration, o), http.StatusOK, want)
		want.DryRun = false
		wantBody(t, admin.Post(migration, realRun(o)), http.StatusOK, want)

		// A range ascends, whatever the order of ids.
		s.Exec("UPDATE sims SET iccid = '8988303000000001999' WHERE id = 1000")
		got := admin.Post(migration, migrationOfRange(kit.FleetFR, "8988303000000001597", "8988303000000001999"))
		wantMigration(t, got, 1597, 1598, 1599, 1000)
	})
}

func TestContract_StatusAfter(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		admin.Post(migration, realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM)))).Is(http.StatusOK)
		target := admin.In(kit.FleetFR)
		for id, want := range map[int64]standing{
			kit.AttachedSIM: {200, 2, 0}, kit.ActivatedSIM: {200, 2, 0}, kit.IssuedSIM: {200, 0, 0}, kit.SuspendedSIM: {200, 2, 0}, kit.FactoryTestSIM: {200, 4, 0},
		} {
			if got := stateOfSIM(target, id); got != want {
				t.Errorf("SIM %d: %+v, want %+v", id, got, want)
			}
		}
		s.CheckInvariants()
	})
}

// standing is the Workspace, status and device (0 for none) of a SIM.
type standing struct{ workspace, status, device int64 }

func stateOfSIM(c *kit.Client, sim int64) standing {
	c.T.Helper()
	var got api.SIM
	c.Get(simURL(sim)).Is(http.StatusOK).JSON(&got)
	st := standing{got.CustomerOrg.ID, got.Status.ID, 0}
	if got.Endpoint != nil {
		st.device = got.Endpoint.ID
	}
	return st
}

func TestContract_DeviceStays(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		before := s.Dump()
		admin.Post(migration, realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM)))).Is(http.StatusOK)
		if diff := cmp.Diff(before["devices"], s.Dump()["devices"]); diff != "" {
			t.Errorf("devices changed: %s", diff)
		}
		if got := stateOfSIM(admin.In(kit.FleetFR), kit.AttachedSIM); got.device != 0 {
			t.Errorf("the SIM took its device along: %+v", got)
		}
		// Nothing else about the SIM changes, its issuer included.
		for _, row := range s.Rows(fmt.Sprintf("SELECT issuer_id, iccid, imsi, msisdn FROM sims WHERE id = %d", kit.AttachedSIM)) {
			if got := fmt.Sprint(row...); got != fmt.Sprint(int64(1), kit.ICCID(kit.AttachedSIM), "295050000000250", "423660000000250") {
				t.Errorf("SIM: %s", got)
			}
		}
	})
}

// A failure anywhere in the transaction leaves no trace.
func TestContract_Atomic(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startWithOwnDatabase(t, e)
		for _, fault := range []struct{ table, column, when string }{
			{"events", "type", "69"}, {"events", "type", "50"}, {"events", "type", "9"},
			{"ledger_sides", "side", "1"}, {"ledger_lines", "sim_id", "252"}, {"ledger", "kind", "1"}, {"sims", "version", "1"},
			{"idempotency", "status", "200"},
		} {
			breakInsert(s, e, fault.table, fault.column, fault.when)
			s.Untouched("a run that failed at "+fault.table, func() {
				a := admin.With("Idempotency-Key", "same").Post(migration, realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.IssuedSIM, kit.SuspendedSIM))))
				wantBody(t, a, http.StatusInternalServerError, api.Error{
					ErrorCode: 1000, ErrorToken: "InternalError", Message: "Internal server error. Details are in the server log under this request ID.",
				})
			})
			removeFailingTrigger(s, e, fault.table)
		}
		s.CheckInvariants()
		// The failures stored no response under the key.
		a := admin.With("Idempotency-Key", "same").Post(migration, realRun(withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.IssuedSIM, kit.SuspendedSIM))))
		wantMigration(t, a, kit.AttachedSIM, kit.IssuedSIM, kit.SuspendedSIM)
		if a.Header.Get("Idempotent-Replayed") != "" {
			t.Error("a failure was kept under its key")
		}
		s.CheckInvariants()
	})
}

// breakInsert makes the database refuse rows of a table that have this value.
func breakInsert(s *kit.Server, e kit.Engine, table, column, value string) {
	s.T.Helper()
	if e == kit.Postgres {
		s.Exec(fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT fault CHECK (%s <> %s) NOT VALID", table, column, value))
		return
	}
	for _, what := range []string{"INSERT", "UPDATE"} {
		s.Exec(fmt.Sprintf("CREATE TRIGGER fault_%s BEFORE %s ON %s WHEN NEW.%s = %s BEGIN SELECT RAISE(ABORT, 'fault'); END", what, what, table, column, value))
	}
}

func removeFailingTrigger(s *kit.Server, e kit.Engine, table string) {
	s.T.Helper()
	if e == kit.Postgres {
		s.Exec("ALTER TABLE " + table + " DROP CONSTRAINT fault")
		return
	}
	s.Exec("DROP TRIGGER fault_INSERT")
	s.Exec("DROP TRIGGER fault_UPDATE")
}

// A client that disconnects at any moment leaves a complete migration or none.
func TestHangUpIsAtomic(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		targets := []int64{kit.FleetFR, kit.FleetDE}
		for i := range 30 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*500*time.Microsecond)
			hangUp(ctx, admin, realRun(migrationTo(targets[i%2], ids(kit.FirstSpareSIM, 200)...)))
			cancel()
			counts := s.Rows("SELECT workspace_id, count(*) FROM sims WHERE id BETWEEN 1000 AND 1199 GROUP BY workspace_id")
			if len(counts) != 1 {
				t.Fatalf("round %d: half moved: %v", i, counts)
			}
		}
		// This request runs after any that was still running when its client disconnected.
		admin.Post(migration, realRun(migrationTo(kit.FleetUS, ids(kit.FirstSpareSIM, 200)...))).Is(http.StatusOK)
		s.CheckInvariants()
	})
}

func hangUp(ctx context.Context, c *kit.Client, o object) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Server.URL+migration, strings.NewReader(bodyText(c.T, o)))
	if err != nil {
		c.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if resp, err := c.Server.HTTP.Do(req); err == nil {
		_ = resp.Body.Close()
	}
}

// One wins; the other fails because the SIMs are then in its own target, in a Workspace without
// its Administrator role, or not visible.
func TestContract_Concurrent(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		one, two := s.As("target@example.com"), s.As("user@example.com")
		s.SetRole(kit.TargetAdminID, kit.FleetDE, fleet.Administrator)
		s.SetRole(kit.PlainUserID, kit.FleetDE, fleet.Administrator)
		s.SetRole(kit.PlainUserID, kit.FleetUS, fleet.Administrator)
		sims := int64(1000)
		competitors := func(targets [2]int64, check func(loser *kit.Answer, first int64)) {
			t.Helper()
			for range 5 {
				o := func(i int) object { return realRun(migrationTo(targets[i], ids(sims, 40)...)) }
				answers := concurrently(2, func(i int) *kit.Answer { return []*kit.Client{one, two}[i].Post(migration, o(i)) })
				winner := 0
				if answers[0].Status != http.StatusOK {
					winner = 1
				}
				wantMigration(t, answers[winner], ids(sims, 40)...)
				check(answers[1-winner], sims)
				there := s.Rows(fmt.Sprintf("SELECT count(*) FROM sims WHERE workspace_id = %d AND id BETWEEN %d AND %d", targets[winner], sims, sims+39))
				if there[0][0] != int64(40) {
					t.Errorf("%v of 40 SIMs are where the winner moved them", there[0][0])
				}
				sims += 40
			}
		}
		why := func(code int) func(*kit.Answer, int64) {
			return func(loser *kit.Answer, _ int64) {
				got := decodeBody[api.MigrationConflict](t, loser, http.StatusConflict)
				if len(got.Errors) != 1 || got.Errors[0].ErrorCode != code || len(got.Errors[0].SIMs) != 40 {
					t.Errorf("the loser got %s", loser.Body)
				}
			}
		}
		s.SetRole(kit.PlainUserID, kit.FleetFR, fleet.Administrator)
		competitors([2]int64{kit.FleetFR, kit.FleetFR}, why(1506))
		s.SetRole(kit.TargetAdminID, kit.FleetUS, fleet.Observer)
		s.SetRole(kit.PlainUserID, kit.FleetFR, fleet.Observer)
		competitors([2]int64{kit.FleetFR, kit.FleetUS}, why(1504))
		s.SetRole(kit.TargetAdminID, kit.FleetUS, fleet.NoRole)
		s.SetRole(kit.PlainUserID, kit.FleetFR, fleet.NoRole)
		competitors([2]int64{kit.FleetFR, kit.FleetUS}, func(loser *kit.Answer, first int64) {
			names := make([]string, 40)
			for i := range names {
				names[i] = fmt.Sprintf("sim with id %d not found", first+int64(i))
			}
			wantNotFound(t, loser, names...)
		})
		s.CheckInvariants()
	})
}

// event has the fields that the tests check.
type event struct {
	kind, workspace, sim, device int64
	text                         string
}

func events(c *kit.Client, path string) []event {
	c.T.Helper()
	list := decodeBody[[]api.Event](c.T, c.Get(path), http.StatusOK)
	out := make([]event, len(list))
	for i, ev := range list {
		out[i] = event{kind: ev.Type.ID, workspace: ev.Organisation.ID, text: ev.Description}
		if ev.SIM != nil {
			out[i].sim = ev.SIM.ID
		}
		if ev.Endpoint != nil {
			out[i].device = ev.Endpoint.ID
		}
		if ev.User == nil || ev.User.ID != kit.AdminID || ev.Source.ID != 2 || ev.Severity.ID != 0 {
			c.T.Errorf("event: %+v", ev)
		}
	}
	return out
}

func TestContract_MigrationEvents(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		admin.Post(migration, realRun(withDetach(migrationTo(kit.FleetUS, kit.SIMInFR, kit.AttachedSIM, kit.IssuedSIM, kit.ActivatedSIM)))).Is(http.StatusOK)
		for ws, want := range map[int64][]event{
			kit.FleetDE: {
				{69, 100, 0, 0, "3 SIMs migrated to workspace Fleet US (300)"},
				{9, 100, kit.ActivatedSIM, 0, "Status of SIM changed from 'Activated' to 'Suspended'"},
				{9, 100, kit.AttachedSIM, kit.DeviceWithSIM, "Status of SIM changed from 'Activated' to 'Suspended'"},
				{50, 100, kit.AttachedSIM, kit.DeviceWithSIM, "SIM 250 released from endpoint 9001"},
			},
			kit.FleetFR: {
				{69, 200, 0, 0, "1 SIM migrated to workspace Fleet US (300)"},
				{9, 200, kit.SIMInFR, 0, "Status of SIM changed from 'Activated' to 'Suspended'"},
			},
			kit.FleetUS: {{69, 300, 0, 0, "4 SIMs migrated from workspace Fleet DE (100), Fleet FR (200)"}},
		} {
			got := events(admin.In(ws), "/api/v1/event?q=event_type:9|50|69")
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(event{})); diff != "" {
				t.Errorf("Workspace %d: (-want +got)\n%s", ws, diff)
			}
		}
		s.CheckInvariants()
	})
}
