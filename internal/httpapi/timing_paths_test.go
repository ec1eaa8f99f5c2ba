package httpapi_test

import (
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/test/kit"
)

// otherPaths lists places where foreign and unknown ids take different code paths, with the
// reason why that is acceptable.
var otherPaths = map[string]string{
	"PATCH /api/v1/application_token/{token_id} {token_id}": "gap: the token is read before its Workspace is compared",
	"PATCH /api/v1/sim/{sim_id} issuer_org.id":              "gap: the Workspace is read before its parent is compared",
	"PATCH /api/v1/sim/{sim_id} reseller_org.id":            "gap: the same",
	"PATCH /api/v1/sim/{sim_id} customer_org.id":            "gap: the same",
	"PATCH /api/v1/sim_batch/bic/{bic} {bic}":               "the code is a secret, and wrong ones are counted",
	"POST " + migration + " iccid_range.start":              "a range that ends before it starts is refused as malformed",
}

// A foreign id takes the same code path as an unknown one: the same statements in the same
// order, with the same number of rows. So timing discloses no more than the response.
func TestForeignTakesThePathOfAbsent(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, known := probed(t, e)
		tried := 0
		for _, p := range probes(t, known) {
			what := p.pattern + " " + p.place
			if otherPaths[what] != "" || p.pattern == "POST /api/v1/authenticate" {
				continue
			}
			c := s.As(p.as)
			path := func(id string) []string {
				// Refusals in the audit log are only counted beyond a rate.
				return slices.DeleteFunc(s.Statements(func() { p.ask(c, p.spelled(id)) }), func(text string) bool {
					return strings.Contains(text, "INSERT INTO audit")
				})
			}
			path(p.thing.absent) // statements that come once
			for _, id := range p.thing.foreign {
				s.Exec("DELETE FROM auth_counters") // else the second one is refused sooner
				absent := path(p.thing.absent)
				s.Exec("DELETE FROM auth_counters")
				foreign := path(id)
				tried++
				if len(absent) == 0 || !slices.Equal(absent, foreign) {
					t.Errorf("%s: absent (-) and the foreign %s (+) differ:\n%s", what, id, gocmp.Diff(shortened(absent), shortened(foreign)))
				}
			}
		}
		if tried < 60 {
			t.Errorf("%d ids tried", tried)
		}
	})
}

func shortened(statements []string) (list []string) {
	for _, s := range statements {
		list = append(list, strings.Join(strings.Fields(s), " "))
	}
	return list
}
