package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// A user who has left the Workspace of a bearer moves no SIMs with it, not even between other
// Workspaces that they administer. After a switch to one of these they do.
func TestBearerOfALeftWorkspaceMovesNothing(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.SetRole(kit.TargetAdminID, kit.FleetDE, fleet.Administrator)
		s.SetRole(kit.TargetAdminID, kit.FleetUS, fleet.Administrator)
		leaver := s.As("target@example.com")
		move := func(sim int64) object {
			return object{"target_workspace": object{"id": kit.FleetUS}, "sims": []object{{"id": sim}}, "dry_run": false}
		}
		job := func(sim int64) object {
			return plus(selecting(sim), "target_workspace", object{"id": kit.FleetUS})
		}
		leaver.Post(migration, move(1000)).Is(http.StatusOK)
		leaver.Post("/api/v1/migration_job", job(1001)).Is(http.StatusCreated)
		entry := admin.Post(migration, move(1002)).Is(http.StatusOK)

		s.SetRole(kit.TargetAdminID, kit.FleetFR, fleet.NoRole)
		s.Untouched("a refused request", func() {
			for path, body := range map[string]object{
				migration:               move(1003),
				"/api/v1/migration_job": job(1003),
				undo(entry):             {"dry_run": false},
			} {
				wantCode(t, leaver.Post(path, body), http.StatusForbidden, 1104)
			}
		})

		var switched struct {
			Bearer string `json:"auth_token"`
		}
		leaver.Post("/api/v1/authenticate/workspace", object{"target_organisation": object{"id": kit.FleetUS}}).Is(http.StatusOK).JSON(&switched)
		leaver = withBearer(s, switched.Bearer)
		leaver.Post(migration, move(1003)).Is(http.StatusOK)
		leaver.Post(undo(entry), object{"dry_run": false}).Is(http.StatusOK)
	})
}
