package operatorapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// The operator withdraws a pending offer: no SIM moves, both sides see it and have it in their
// audit logs, and the SIMs can move again. An offer that has ended is refused.
func TestOperatorWithdrawsAnOffer(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op, giver := s.Operator(), s.As("admin@example.com")
		receiver := giver.In(kit.FleetFR)
		var code api.ReceivingCode
		receiver.Post("/api/v1/receiving_code", "{}").Is(http.StatusCreated).JSON(&code)
		made := giver.Post("/api/v1/migration_offer", fmt.Sprintf(`{"receiving_code": %q, "select": {"sims": [{"id": %d}]}, "dry_run": false}`, code.Code, kit.IssuedSIM))
		at := made.Is(http.StatusCreated).Header.Get("Location")
		withdraw := strings.Replace(at, "/api/", "/operator/", 1) + "/withdraw"

		var got api.OperatorOffer
		op.Post(withdraw, nil).Is(http.StatusOK).JSON(&got)
		if got.Status != "withdrawn_by_operator" || got.SIMCount != 1 || got.SourceWorkspace.ID != kit.FleetDE || got.TargetWorkspace.ID != kit.FleetFR {
			t.Errorf("%+v", got)
		}
		for name, side := range map[string]*kit.Client{"giver": giver, "receiver": receiver} {
			var o api.Offer
			side.Get(at).Is(http.StatusOK).JSON(&o)
			if o.Status != "withdrawn_by_operator" || o.DecidedBy != nil || o.DecidedAt == nil || o.EndedAt == nil || o.Refused != 1 {
				t.Errorf("the %s sees %+v", name, o)
			}
			if log := side.Get("/api/v1/audit?q=action:offer.withdrawn").Is(http.StatusOK); log.Header.Get("X-Total-Count") != "1" {
				t.Errorf("the audit log of the %s: %s", name, log.Body)
			}
		}
		wantCode(t, op.Post(withdraw, nil), http.StatusConflict, 1406)
		wantCode(t, op.Post("/operator/v1/migration_offer/777/withdraw", nil), http.StatusNotFound, 1201)
		receiver.Post(at+"/accept", `{"dry_run": false}`).Is(http.StatusConflict)
		giver.Post("/api/v1/sim/migration/workspace", fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetFR, kit.IssuedSIM)).Is(http.StatusOK)
		s.MustFsck()
	})
}
