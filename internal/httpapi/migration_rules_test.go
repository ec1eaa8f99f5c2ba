package httpapi_test

import (
	"bytes"
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
		s.SetRole(1, 700, fleet.Administrator)
		s.SetRole(1, 800, fleet.Administrator)
		dryAndRealRun(admin, migrationTo(400, 252), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1505, []int64{252}}) })
		dryAndRealRun(admin, migrationTo(100, 280), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1505, []int64{280}}) })
		dryAndRealRun(admin, migrationTo(400, 252, 280, 260), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1505, []int64{252, 260}}, conflictReason{1506, []int64{280}})
		})
		// One without a country is not Brazilian.
		dryAndRealRun(admin, migrationTo(700, 280), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1505, []int64{280}}) })
		wantMigration(t, admin.Post(migration, realRun(migrationTo(700, 252))), 252)
		wantMigration(t, admin.Post(migration, realRun(migrationTo(100, 252))), 252)
		// Within Brazil nothing is crossed.
		wantMigration(t, admin.Post(migration, realRun(migrationTo(800, 280))), 280)
		dryAndRealRun(s.As("root@example.com"), migrationTo(100, 280), func(a *kit.Answer) {
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
		dryAndRealRun(admin, migrationTo(200, 252, 260), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1506, []int64{260}}) })
		dryAndRealRun(admin, migrationOfICCIDs(200, "8988303000000000260"), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1506, []int64{260}}) })
		dryAndRealRun(admin, migrationOfRange(200, "8988303000000000260", "8988303000000000269"), func(a *kit.Answer) { wantConflict(t, a, conflictReason{1506, []int64{260}}) })
		// A repeated request gets the reason for each SIM.
		wantMigration(t, admin.Post(migration, realRun(migrationTo(300, 252))), 252)
		again := decodeBody[api.MigrationConflict](t, admin.Post(migration, realRun(migrationTo(300, 252))), http.StatusConflict)
		if len(again.Errors) != 1 || again.Errors[0].ErrorCode != 1506 || again.Errors[0].SIMs[0].ID != 252 {
			t.Errorf("again: %+v", again)
		}
	})
}

func TestContract_SeveralSources(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		dryAndRealRun(admin, migrationOfICCIDs(300, "8988303000000000252", "8988303000000000260"), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1507, []int64{252, 260}})
		})
		dryAndRealRun(admin, withDetach(migrationOfRange(300, "8988303000000000254", "8988303000000000260")), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1507, []int64{254, 260}})
		})
		// One that is in the target already has no source to count.
		dryAndRealRun(admin, migrationOfICCIDs(200, "8988303000000000252", "8988303000000000260"), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1506, []int64{260}})
		})
		dryAndRealRun(admin, migrationOfICCIDs(200, "8988303000000000252", "8988303000000000260", "8988303000000000270"), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1506, []int64{260}}, conflictReason{1507, []int64{252, 270}})
		})
		dryAndRealRun(admin, migrationOfICCIDs(300, "8988303000000000252", "8988303000000000253"), func(a *kit.Answer) { wantMigration(t, a, 252, 253) })
		dryAndRealRun(admin, migrationTo(300, 251, 260), func(a *kit.Answer) { wantMigration(t, a, 251, 260) })
	})
}

func TestContract_TargetType(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		s.SetRole(1, 1, fleet.Administrator)
		for _, target := range []int64{600, 1} { // a reseller, an operator of networks
			dryAndRealRun(admin, migrationTo(target, 252, 253), func(a *kit.Answer) {
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
		dryAndRealRun(admin, migrationTo(500, 252, 253), func(a *kit.Answer) {
			wantConflict(t, a, conflictReason{1509, nil})
			if !bytes.Contains(a.Body, []byte(`"sims":[]`)) {
				t.Errorf("sims is not []: %s", a.Body)
			}
		})
		// SIMs can leave a suspended source.
		s.Exec("UPDATE workspaces SET status = 1 WHERE id = 200")
		wantMigration(t, admin.Post(migration, realRun(migrationTo(300, 260))), 260)
	})
}

// everyReason is the request that breaks as many rules at once as one request can.
func everyReason(s *kit.Server) object {
	s.T.Helper()
	s.Exec("UPDATE workspaces SET country = 'BR', type = 3, status = 1 WHERE id = 200")
	s.SetRole(1, 300, fleet.Observer)
	return withProperty(migrationOfICCIDs(200,
		"8988303000000000253", "8988303000000000270", "8988303000000000260", "8988303000000000250", "8988303000000000280"),
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
					conflictReason{1502, []int64{250}}, conflictReason{1503, []int64{253}}, conflictReason{1504, []int64{270}}, conflictReason{1505, []int64{253, 270, 250}},
					conflictReason{1506, []int64{260}}, conflictReason{1507, []int64{253, 270, 250, 280}}, conflictReason{1508, nil}, conflictReason{1509, nil})
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
			migrationTo(200, 250), migrationTo(200, 260), migrationTo(400, 252, 260), migrationTo(600, 252), migrationTo(500, 252), migrationTo(900, 252),
			migrationTo(200, 290, 255), migrationTo(200, 290, 260), migrationOfICCIDs(300, "8988303000000000252", "8988303000000000260"),
			migrationOfRange(200, "8988303000000000255", "8988303000000000256"), migrationTo(200), withProperty(migrationTo(200, 252), "surprise", 1),
			withProperty(migrationTo(200, 252), "allowed_sim_statuses", []object{{"id": 3}}), {"sims": []object{{"id": 252}}},
		}
		for _, o := range refused {
			compare(admin, o)
			compare(user, o)
			compare(s.As("user@example.com"), o)
			compare(s.Anonymous(), o)
		}
		// What succeeds differs in dry_run alone.
		for _, o := range []object{
			withDetach(migrationTo(200, 250, 252)), migrationOfICCIDs(300, "8988303000000000251"), migrationOfRange(300, "8988303000000000253", "8988303000000000255"),
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
