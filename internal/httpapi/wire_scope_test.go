package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

func TestContract_QueryLimits(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		admin := kit.StartFerry(t, e).As("admin@example.com")
		for name, q := range map[string]string{
			"filters": strings.Repeat("id:1,", 50) + "id:1",
			"texts":   "imsi:" + strings.Repeat("1|", 500) + "1",
		} {
			var refused api.Error
			admin.Get("/api/v1/sim?q=" + q).Is(http.StatusUnprocessableEntity).JSON(&refused)
			if refused.ErrorCode != 1301 {
				t.Errorf("%s: code %d", name, refused.ErrorCode)
			}
		}
		admin.Get("/api/v1/sim?q=id:" + strings.Repeat("1|", 500) + "1").Is(http.StatusOK)
	})
}

// A SIM that an enterprise issued to itself and passed on is not in its list.
func TestContract_EnterpriseScope(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e).Seed(`
sims:
  - {id: 295, iccid: "8988303000000000295", workspace: 100, issuer: 100, status: issued}
`)
		admin := s.As("admin@example.com")
		admin.Get("/api/v1/sim/295").Is(http.StatusOK)
		admin.Post(migration, object{"target_workspace": object{"id": kit.FleetFR}, "sims": []object{{"id": 295}}, "dry_run": false}).Is(http.StatusOK)
		admin.Get("/api/v1/sim/295").Is(http.StatusNotFound)
		admin.In(kit.FleetFR).Get("/api/v1/sim/295").Is(http.StatusOK)
	})
}
