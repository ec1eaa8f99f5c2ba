package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// stayNames returns the Workspaces of a history, "?" for one that is withheld, with a mark on each
// stay whose migration is shown.
func stayNames(t *testing.T, a *kit.Answer) (names []string) {
	t.Helper()
	h := decodeBody[api.SIMHistory](t, a, http.StatusOK)
	for i, s := range h.Stays {
		name := "?"
		if s.Workspace != nil {
			name = s.Workspace.Name
		}
		if s.Migration != nil {
			name += "*"
		}
		names = append(names, name)
		if (i == 0) != (s.From == nil) || (i == len(h.Stays)-1) != (s.Until == nil) || i > 0 && s.From.Time != h.Stays[i-1].Until.Time {
			t.Errorf("stay %d: %v to %v", i, s.From, s.Until)
		}
	}
	return names
}

func TestContract_SIMHistory(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		const path = "/api/v1/sim/251/history"
		is := func(c *kit.Client, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, stayNames(t, c.Get(path))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		}
		is(admin, "Fleet DE")
		admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.ActivatedSIM))).Is(http.StatusOK)
		admin.Get(path).Is(http.StatusNotFound) // as GET /api/v1/sim/251
		admin.In(kit.FleetUS).Patch(simURL(kit.ActivatedSIM), toStatus(1)).Is(http.StatusNoContent)
		admin.Post(migration, realRun(migrationTo(kit.FleetBR, kit.ActivatedSIM))).Is(http.StatusConflict)
		admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM))).Is(http.StatusOK)
		is(admin.In(kit.FleetFR), "Fleet DE", "Fleet US*", "Fleet FR*")
		is(s.As("target@example.com"), "Fleet DE", "?*", "Fleet FR*") // a member of 100 and 200
		is(s.Program(kit.FleetFR), "?", "?", "Fleet FR*")
		is(s.As("issuer@example.com"), "?", "?", "?")
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.NoRole)
		is(admin.In(kit.FleetFR), "?", "Fleet US*", "Fleet FR*")
	})
}
