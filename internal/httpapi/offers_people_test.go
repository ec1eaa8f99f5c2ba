package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// No reading operation shows one side of an offer the users of the other side, or the receiver a
// device of the giver, whether a request or a job accepted it.
func TestOffersHideUsersOfTheOtherSide(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, giver, receiver := twoSides(t, e)
		body := offering(newCode(t, receiver, object{}), kit.ActivatedSIM, kit.IssuedSIM, kit.AttachedSIM)
		body["auto_detach_devices"] = true
		few := giver.Post(offers, body).Is(http.StatusCreated).Header.Get("Location")
		entry := receiver.Post(few+"/accept", object{"dry_run": false}).Is(http.StatusOK).Header.Get("Location")
		many := make([]int64, 501)
		for i := range many {
			many[i] = kit.FirstSpareSIM + int64(i)
		}
		receiver.Post(madeOffer(t, giver, receiver, many...)+"/accept", object{"dry_run": false}).Is(http.StatusAccepted)
		s.RunJobs()
		for name, c := range map[string]struct {
			*kit.Client
			others *regexp.Regexp
		}{
			"giver":                {giver, regexp.MustCompile(`target@example\.com|Admin of the target`)},
			"program of giver":     {s.Program(kit.FleetDE), regexp.MustCompile(`target@example\.com|Admin of the target`)},
			"receiver":             {receiver, regexp.MustCompile(`admin@example\.com|Fleet admin`)},
			"receiver, devices":    {receiver, regexp.MustCompile(`tracker-7|"id": ?9001[,}]`)},
			"giver, by the number": {giver, regexp.MustCompile(`"user": ?{"id": ?2,`)},
		} {
			for _, r := range httpapi.Routes() {
				if !strings.HasPrefix(r.Pattern, "GET ") || r.Need == identity.Public {
					continue
				}
				for _, path := range paths(t, r.Pattern, entry) {
					if got := c.Get(path); got.Status < 300 && c.others.Match(got.Body) {
						t.Errorf("%s: GET %s shows %s", name, path, c.others.FindString(string(got.Body)))
					}
				}
			}
		}
		if got := string(giver.Get("/api/v1/migration?q=user:2").Is(http.StatusOK).Body); got != "[]" {
			t.Errorf("the giver finds what a user of the receiver did: %s", got)
		}
		if got := string(receiver.Get("/api/v1/migration?q=user:2").Is(http.StatusOK).Body); !strings.Contains(got, `"id":2,"name"`) {
			t.Errorf("the receiver does not find what its own user did: %s", got)
		}
	})
}
