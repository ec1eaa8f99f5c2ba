package httpapi_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// Above 500 SIMs a job accepts an offer, and ends it.
func TestContract_OfferIsAcceptedByAJob(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		ids := make([]int64, 501)
		for i := range ids {
			ids[i] = kit.FirstSpareSIM + int64(i)
		}
		path := madeOffer(t, giver, receiver, ids...)
		res := receiver.Post(path+"/accept", object{"dry_run": false}).Is(http.StatusAccepted)
		isOffer(t, giver, path, "accepting: 0 accepted, 0 refused, 0 gone")
		wantCode(t, giver.Post(path+"/cancel", ""), http.StatusConflict, 1406)
		wantCode(t, receiver.Post(path+"/accept", object{"dry_run": false}), http.StatusConflict, 1406)
		giver.Do(http.MethodDelete, simURL(ids[7]), nil).Is(http.StatusNoContent)
		s.RunJobs()
		isJob(t, readJob(t, receiver, res.Header.Get("Location")), "completed_with_refusals", "500 done, 1 not_found")
		isOffer(t, giver, path, "partly_accepted: 500 accepted, 0 refused, 1 gone")
		s.MustFsck()
	})
}

// The rights of both sides count as they are when SIMs would move.
func TestContract_OfferNeedsBothSides(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		path := madeOffer(t, giver, receiver, kit.AttachedSIM+1)
		accept := func(c *kit.Client) *kit.Answer { return c.Post(path+"/accept", object{"dry_run": false}) }
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.Member)
		wantOnly(t, accept(receiver), 1504, kit.ActivatedSIM)
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.Administrator)
		s.SetRole(kit.TargetAdminID, kit.FleetFR, fleet.Observer)
		wantCode(t, accept(receiver), http.StatusForbidden, 1104)
		s.SetRole(kit.TargetAdminID, kit.FleetFR, fleet.Administrator)
		s.Exec("UPDATE workspaces SET status = 1 WHERE id = 200")
		refused := decodeBody[api.MigrationConflict](t, accept(receiver), http.StatusConflict)
		if len(refused.Errors) != 1 || refused.Errors[0].ErrorCode != 1509 {
			t.Errorf("a suspended receiver: %+v", refused.Errors)
		}
		s.Exec("UPDATE workspaces SET status = 0 WHERE id = 200")
		s.Exec("UPDATE workspaces SET status = 1 WHERE id = 100")
		wantOnly(t, accept(receiver), 1504, kit.ActivatedSIM)
		s.Exec("UPDATE workspaces SET status = 0 WHERE id = 100")
		isOffer(t, giver, path, "pending: 0 accepted, 0 refused, 0 gone")
		giver.Do(http.MethodDelete, simURL(kit.ActivatedSIM), nil).Is(http.StatusNoContent)
		wantOnly(t, receiver.Post(path+"/accept", object{"sims": []object{{"id": kit.ActivatedSIM}}}), 1510, kit.ActivatedSIM)
		accept(receiver).Is(http.StatusOK)
		isOffer(t, giver, path, "refused: 0 accepted, 0 refused, 1 gone")
		s.MustFsck()
	})
}

// Of an acceptance and a cancellation at the same time, one wins.
func TestContract_OfferEndsOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		for sim := int64(kit.FirstSpareSIM); sim < kit.FirstSpareSIM+4; sim++ {
			path := madeOffer(t, giver, receiver, sim)
			var accepted, cancelled *kit.Answer
			var both sync.WaitGroup
			both.Go(func() { accepted = receiver.Post(path+"/accept", object{"dry_run": false}) })
			both.Go(func() { cancelled = giver.Post(path+"/cancel", "") })
			both.Wait()
			if accepted.Status == cancelled.Status || accepted.Status != http.StatusOK && cancelled.Status != http.StatusOK {
				t.Errorf("accepted: %d, cancelled: %d", accepted.Status, cancelled.Status)
			}
		}
		s.MustFsck()
	})
}
