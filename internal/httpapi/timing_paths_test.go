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
	"PATCH /api/v1/sim_batch/bic/{bic} {bic}":  "the code is a secret, and wrong ones are counted",
	"POST " + migration + " iccid_range.start": "a range that ends before it starts is refused as malformed",
}

// A foreign id takes the same code path as an unknown one: the same statements in the same
// order, with the same number of rows. So timing discloses no more than the response.
// TestTimingOfForeign measures it.
func TestForeignAndAbsentTakeTheSamePath(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, known := timedWorld(t, e)
		places := timedPlaces(t, s, known, 20)
		for _, p := range places {
			c := s.As(p.as)
			path := func(r timedRequest) []string {
				s.Exec("DELETE FROM auth_counters") // else the second one is refused sooner
				// Refusals in the audit log are only counted beyond a rate.
				return slices.DeleteFunc(s.Statements(func() { r.send(c) }), func(text string) bool {
					return strings.Contains(text, "INSERT INTO audit")
				})
			}
			path(p.absent) // statements that come once
			absent, foreign := path(p.absent), path(p.foreign)
			if len(absent) == 0 || !slices.Equal(absent, foreign) {
				t.Errorf("%s: absent (-) and foreign (+) differ:\n%s", p.what, gocmp.Diff(shortened(absent), shortened(foreign)))
			}
		}
		if len(places) < 150 {
			t.Errorf("only %d places", len(places))
		}
	})
}

func (r timedRequest) send(c *kit.Client) *kit.Answer {
	if r.body == "" {
		return c.Do(r.method, r.path, nil)
	}
	return c.Do(r.method, r.path, r.body)
}

func shortened(statements []string) (list []string) {
	for _, s := range statements {
		list = append(list, strings.Join(strings.Fields(s), " "))
	}
	return list
}
