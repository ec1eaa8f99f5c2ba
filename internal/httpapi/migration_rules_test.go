package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// The decisions of the section "Migration: the rules".

// dryAndRealRun sends the dry run and the real run.
func dryAndRealRun(c *kit.Client, o object, check func(*kit.Answer)) {
	c.T.Helper()
	check(c.Post(migration, o))
	check(c.Post(migration, realRun(o)))
}

func TestContract_BrazilianBorder(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		s.Seed(`workspaces: [{id: 700, name: Nowhere, type: enterprise}, {id: 800, name: Outra, type: enterprise, country: BR}]`)
		s.SetRole(kit.AdminID, 700, fleet.Administrator)
		s.SetRole(kit.AdminID, 800, fleet.Administrator)
		dryAndRealRun(admin, migrationTo(kit.FleetBR, kit.IssuedSIM), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1505, []int64{kit.IssuedSIM}}) })
		dryAndRealRun(admin, migrationTo(kit.FleetDE, kit.SIMInBR), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1505, []int64{kit.SIMInBR}}) })
		dryAndRealRun(admin, migrationTo(kit.FleetBR, kit.IssuedSIM, kit.SIMInBR, kit.SIMInFR), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1505, []int64{kit.IssuedSIM, kit.SIMInFR}}, conflictReason{1506, []int64{kit.SIMInBR}})
		})
		// One without a country is not Brazilian.
		dryAndRealRun(admin, migrationTo(700, kit.SIMInBR), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1505, []int64{kit.SIMInBR}}) })
		wantMigration(t, admin.Post(migration, realRun(migrationTo(700, kit.IssuedSIM))), kit.IssuedSIM)
		wantMigration(t, admin.Post(migration, realRun(migrationTo(kit.FleetDE, kit.IssuedSIM))), kit.IssuedSIM)
		// Within Brazil nothing is crossed.
		wantMigration(t, admin.Post(migration, realRun(migrationTo(800, kit.SIMInBR))), kit.SIMInBR)
		dryAndRealRun(s.As("root@example.com"), migrationTo(kit.FleetDE, kit.SIMInBR), func(a *kit.Answer) {
			if got := decodeBody[api.MigrationConflict](t, a, http.StatusConflict); got.Errors[0].ErrorCode != 1505 {
				t.Errorf("the SuperAdmin crossed the border: %+v", got)
			}
		})
	})
}

func TestContract_AlreadyInTarget(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		dryAndRealRun(admin, migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SIMInFR), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1506, []int64{kit.SIMInFR}}) })
		dryAndRealRun(admin, migrationOfICCIDs(kit.FleetFR, kit.ICCID(kit.SIMInFR)), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1506, []int64{kit.SIMInFR}}) })
		dryAndRealRun(admin, migrationOfRange(kit.FleetFR, kit.ICCID(kit.SIMInFR), "8988303000000000269"), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1506, []int64{kit.SIMInFR}}) })
		// A repeated request gets the reason for each SIM.
		wantMigration(t, admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.IssuedSIM))), kit.IssuedSIM)
		again := decodeBody[api.MigrationConflict](t, admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.IssuedSIM))), http.StatusConflict)
		if len(again.Errors) != 1 || again.Errors[0].ErrorCode != 1506 || again.Errors[0].SIMs[0].ID != kit.IssuedSIM {
			t.Errorf("again: %+v", again)
		}
	})
}

func TestContract_SeveralSources(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		dryAndRealRun(admin, migrationOfICCIDs(kit.FleetUS, kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.SIMInFR)), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1507, []int64{kit.IssuedSIM, kit.SIMInFR}})
		})
		dryAndRealRun(admin, withDetach(migrationOfRange(kit.FleetUS, kit.ICCID(kit.FactoryTestSIM), kit.ICCID(kit.SIMInFR))), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1507, []int64{kit.FactoryTestSIM, kit.SIMInFR}})
		})
		// One that is in the target already has no source to count.
		dryAndRealRun(admin, migrationOfICCIDs(kit.FleetFR, kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.SIMInFR)), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1506, []int64{kit.SIMInFR}})
		})
		dryAndRealRun(admin, migrationOfICCIDs(kit.FleetFR, kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.SIMInFR), kit.ICCID(kit.SIMInUS)), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1506, []int64{kit.SIMInFR}}, conflictReason{1507, []int64{kit.IssuedSIM, kit.SIMInUS}})
		})
		dryAndRealRun(admin, migrationOfICCIDs(kit.FleetUS, kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.SuspendedSIM)), func(a *kit.Answer) { wantMigration(t, a, kit.IssuedSIM, kit.SuspendedSIM) })
		dryAndRealRun(admin, migrationTo(kit.FleetUS, kit.ActivatedSIM, kit.SIMInFR), func(a *kit.Answer) { wantMigration(t, a, kit.ActivatedSIM, kit.SIMInFR) })
	})
}

func TestContract_TargetType(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		s.SetRole(kit.AdminID, kit.Issuer, fleet.Administrator)
		for _, target := range []int64{kit.Reseller, 1} { // a reseller, an operator of networks
			dryAndRealRun(admin, migrationTo(target, kit.IssuedSIM, kit.SuspendedSIM), func(a *kit.Answer) {
				wantConflict(t, a, conflictReason{1508, nil})
				if !bytes.Contains(a.Body, []byte(`"sims":[]`)) {
					t.Errorf("sims is not []: %s", a.Body)
				}
			})
		}
	})
}

func TestContract_TargetSuspended(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		dryAndRealRun(admin, migrationTo(kit.SuspendedFleet, kit.IssuedSIM, kit.SuspendedSIM), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1509, nil})
			if !bytes.Contains(a.Body, []byte(`"sims":[]`)) {
				t.Errorf("sims is not []: %s", a.Body)
			}
		})
		// SIMs can leave a suspended source.
		s.Exec(fmt.Sprintf("UPDATE workspaces SET status = 1 WHERE id = %d", kit.FleetFR))
		wantMigration(t, admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.SIMInFR))), kit.SIMInFR)
	})
}

// everyReason returns the request that breaks as many rules at once as one request can.
func everyReason(s *kit.Server) object {
	s.T.Helper()
	s.Exec(fmt.Sprintf("UPDATE workspaces SET country = 'BR', type = 3, status = 1 WHERE id = %d", kit.FleetFR))
	s.SetRole(kit.AdminID, kit.FleetUS, fleet.Observer)
	return withProperty(migrationOfICCIDs(kit.FleetFR,
		kit.ICCID(kit.SuspendedSIM), kit.ICCID(kit.SIMInUS), kit.ICCID(kit.SIMInFR), kit.ICCID(kit.AttachedSIM), kit.ICCID(kit.SIMInBR)),
		"allowed_sim_statuses", []object{{"id": 1}, {"id": 0}})
}

func TestContract_AllReasons(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		o := everyReason(s)
		s.Untouched("a refusal for every reason", func() {
			dryAndRealRun(admin, o, func(a *kit.Answer) {
				wantConflict(t, a,
					conflictReason{1502, []int64{kit.AttachedSIM}}, conflictReason{1503, []int64{kit.SuspendedSIM}}, conflictReason{1504, []int64{kit.SIMInUS}}, conflictReason{1505, []int64{kit.SuspendedSIM, kit.SIMInUS, kit.AttachedSIM}},
					conflictReason{1506, []int64{kit.SIMInFR}}, conflictReason{1507, []int64{kit.SuspendedSIM, kit.SIMInUS, kit.AttachedSIM, kit.SIMInBR}}, conflictReason{1508, nil}, conflictReason{1509, nil})
			})
		})
	})
}

func TestContract_DryRunEqualsRun(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		user := s.As("target@example.com")
		compare := func(c *kit.Client, o object) {
			t.Helper()
			dry, run := c.Post(migration, o), c.Post(migration, realRun(o))
			if dry.Status != run.Status || !bytes.Equal(dry.Body, run.Body) {
				t.Errorf("%v:\ndry run  %d %s\nreal run %d %s", o, dry.Status, dry.Body, run.Status, run.Body)
			}
		}
		refused := []object{
			migrationTo(kit.FleetFR, kit.AttachedSIM), migrationTo(kit.FleetFR, kit.SIMInFR), migrationTo(kit.FleetBR, kit.IssuedSIM, kit.SIMInFR), migrationTo(kit.Reseller, kit.IssuedSIM), migrationTo(kit.SuspendedFleet, kit.IssuedSIM), migrationTo(kit.Elsewhere, kit.IssuedSIM),
			migrationTo(kit.FleetFR, kit.SIMElsewhere, kit.DeletedSIM), migrationTo(kit.FleetFR, kit.SIMElsewhere, kit.SIMInFR), migrationOfICCIDs(kit.FleetUS, kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.SIMInFR)),
			migrationOfRange(kit.FleetFR, kit.ICCID(kit.DeletedSIM), kit.ICCID(kit.SIMElsewhere)), migrationTo(kit.FleetFR), withProperty(migrationTo(kit.FleetFR, kit.IssuedSIM), "surprise", 1),
			withProperty(migrationTo(kit.FleetFR, kit.IssuedSIM), "allowed_sim_statuses", []object{{"id": 3}}), {"sims": []object{{"id": kit.IssuedSIM}}},
		}
		for _, o := range refused {
			compare(admin, o)
			compare(user, o)
			compare(s.As("user@example.com"), o)
			compare(s.Anonymous(), o)
		}
		// What succeeds differs in dry_run alone.
		for _, o := range []object{
			withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.IssuedSIM)), migrationOfICCIDs(kit.FleetUS, kit.ICCID(kit.ActivatedSIM)), migrationOfRange(kit.FleetUS, kit.ICCID(kit.SuspendedSIM), kit.ICCID(kit.DeletedSIM)),
		} {
			dry := admin.Post(migration, o).Is(http.StatusOK)
			run := admin.Post(migration, realRun(o)).Is(http.StatusOK)
			if want := bytes.Replace(dry.Body, []byte(`"dry_run":true`), []byte(`"dry_run":false`), 1); !bytes.Equal(want, run.Body) {
				t.Errorf("%v:\ndry run  %s\nreal run %s", o, dry.Body, run.Body)
			}
		}
		everything := everyReason(s)
		compare(admin, everything)
		s.CheckInvariants()
	})
}
