package httpapi_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// TestTagsWithACoding sends the entity tag of a plan as compressing proxies change it, to every
// operation that takes If-Match.
func TestTagsWithACoding(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		moved := admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM))).Is(http.StatusOK)
		job, _ := jobOf(t, s, admin, selecting(kit.IssuedSIM))
		s.SetRole(kit.TargetAdminID, kit.FleetDE, fleet.Administrator)
		holdJobs(s)
		waiting, _ := jobOf(t, s, s.As("target@example.com"), withAuto(plus(selecting(1102), "target_workspace", object{"id": kit.FleetFR})))
		releaseJobs(s)
		guarded := []struct {
			tag  *kit.Answer
			send func(*kit.Client) *kit.Answer
		}{
			{admin.Post(migration, migrationTo(kit.FleetFR, kit.SuspendedSIM)), func(c *kit.Client) *kit.Answer {
				return c.Post(migration, realRun(migrationTo(kit.FleetFR, kit.SuspendedSIM)))
			}},
			{admin.Post(undo(moved), object{}), func(c *kit.Client) *kit.Answer { return c.Post(undo(moved), forReal()) }},
			{admin.Get(job), func(c *kit.Client) *kit.Answer { return c.Post(job+"/start", "") }},
			{admin.Get(waiting), func(c *kit.Client) *kit.Answer { return c.Post(waiting+"/approve", "") }},
			{admin.Get(migrationRules), func(c *kit.Client) *kit.Answer { return c.Put(migrationRules, `{"rules": []}`) }},
		}
		document, err := os.ReadFile("../../api/openapi.yaml")
		mustNot(t, err)
		if n := strings.Count(string(document), `IfMatch"`) + strings.Count(string(document), `If-Match"`); n != len(guarded) {
			t.Errorf("%d operations take If-Match, and %d are tried", n, len(guarded))
		}
		for i, g := range guarded {
			tag := g.tag.Is(http.StatusOK).Header.Get("ETag")
			with := func(tag string) *kit.Client { return admin.With("If-Match", tag).With("Idempotency-Key", tag) }
			if got := g.send(with(strings.TrimSuffix(tag, `"`) + `-other"`)); got.Status != http.StatusPreconditionFailed {
				t.Errorf("%d, another tag: %d %s", i, got.Status, got.Body)
			}
			for _, malformed := range []string{"other", `"a" "b"`, `*, "a"`, `"a`, ","} {
				if got := g.send(with(malformed)); got.Status != http.StatusBadRequest {
					t.Errorf("%d, %s: %d %s", i, malformed, got.Status, got.Body)
				}
			}
			suffix := []string{"-gzip", "--gzip", ";gzip"}[i%3]
			if got := g.send(with(`"first", , W/` + strings.TrimSuffix(tag, `"`) + suffix + `", "last, too"`)); got.Status != http.StatusOK {
				t.Errorf("%d, %s: %d %s", i, suffix, got.Status, got.Body)
			}
		}
	})
}
