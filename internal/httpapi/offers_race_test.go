package httpapi_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// atOnce sends requests at the same time, and counts the responses by status.
func atOnce(requests ...func() *kit.Answer) map[int]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	statuses := make(map[int]int)
	for _, send := range requests {
		all.Go(func() {
			got := send()
			mu.Lock()
			defer mu.Unlock()
			statuses[got.Status]++
		})
	}
	all.Wait()
	return statuses
}

// A code admits as many offers and SIMs as it says, and a SIM is part of one offer, however many
// requests arrive at once.
func TestOffersAtOnce(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		sim := int64(kit.FirstSpareSIM)
		race := func(name string, codes []string, sims int, want int) {
			t.Helper()
			var requests []func() *kit.Answer
			for i := range 4 {
				id := sim + int64(i%sims)
				requests = append(requests, func() *kit.Answer { return giver.Post(offers, offering(codes[i%len(codes)], id)) })
			}
			if got := atOnce(requests...); got[http.StatusCreated] != want {
				t.Errorf("%s: %v, want %d offers", name, got, want)
			}
			sim += int64(sims)
		}
		race("a code for one offer", []string{newCode(t, receiver, object{})}, 4, 1)
		race("a code for three SIMs", []string{newCode(t, receiver, object{"single_use": false, "max_sims": 3})}, 4, 3)
		race("one SIM", []string{newCode(t, receiver, object{}), newCode(t, receiver, object{}), newCode(t, receiver, object{}), newCode(t, receiver, object{})}, 1, 1)
		s.MustFsck()
	})
}

// An offer is accepted before its end or it expires, never both.
func TestOfferExpiresOrIsAccepted(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		tend := func() *kit.Answer {
			if err := s.Control.TendOffers(t.Context()); err != nil {
				t.Error(err)
			}
			return &kit.Answer{}
		}
		for i, early := range []bool{true, false} {
			body := plus(offering(newCode(t, receiver, object{}), kit.FirstSpareSIM+int64(i)), "expires_at", s.Clock.Now().Add(time.Hour).Format(time.RFC3339))
			path := giver.Post(offers, body).Is(http.StatusCreated).Header.Get("Location")
			if !early {
				s.Clock.Advance(time.Hour)
			}
			got := atOnce(tend, func() *kit.Answer { return receiver.Post(path+"/accept", object{"dry_run": false}) }, tend)
			want, status := "accepted: 1 accepted, 0 refused, 0 gone", http.StatusOK
			if !early {
				want, status = "expired: 0 accepted, 1 refused, 0 gone", http.StatusConflict
			}
			if got[status] != 1 {
				t.Errorf("early %t: %v", early, got)
			}
			isOffer(t, giver, path, want)
		}
		s.MustFsck()
	})
}

// An approval never lets a job run that a new version of the rule holds, in whatever order the
// approval and the version arrive.
func TestApprovalAgainstNewRule(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.SetRole(kit.IssuerAdminID, kit.FleetDE, fleet.Administrator)
		other := s.As("issuer@example.com").In(kit.FleetDE)
		for i := range 3 {
			holdJobs(s)
			path, _ := jobOf(t, s, admin, withAuto(plus(selecting(kit.FirstSpareSIM+int64(i)), "target_workspace", object{"id": kit.FleetFR})))
			tag := admin.Get(path).Header.Get("ETag")
			var approval sync.WaitGroup
			approval.Go(func() { other.With("If-Match", tag).Post(path+"/approve", "") })
			applyRules(s, `{"id": "FOUR-EYES", "effect": "require_approval", "message": "Six eyes", "when": [{}]}`)
			approval.Wait()
			s.RunJobs()
			if j := readJob(t, admin, path); counted(j) != "1 refused" && j.State != "waiting" {
				t.Errorf("the job is %s: %s", j.State, counted(j))
			}
		}
		s.MustFsck()
	})
}
