package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/test/kit"
)

// normalized returns the observable parts of a response except its request id and time. The
// requested id becomes {id}.
func normalized(a *kit.Answer, id string) object { return normalizedWith(a, id, "{id}") }

// normalizedWith replaces the requested id by another one.
func normalizedWith(a *kit.Answer, id, other string) object {
	blank := regexp.MustCompile(`(\b|%3A)` + regexp.QuoteMeta(id) + `\b`)
	with := func(text, other string) string {
		return blank.ReplaceAllString(text, "${1}"+strings.ReplaceAll(other, "$", "$$"))
	}
	h := a.Header.Clone()
	h.Del("X-Request-Id")
	h.Del("Date")
	for _, values := range h {
		for i := range values {
			values[i] = with(values[i], other)
		}
	}
	return object{"status": a.Status, "header": h, "body": with(string(a.Body), other)}
}

// Resources in an inaccessible Workspace look like unknown ones: same status, bytes and
// headers. TestProbes tries each place that accepts an id; this test covers requests with
// several reasons for a refusal, and other callers.
func TestForeignObjectsLookAbsent(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e).Seed(elsewhere)
		moved := s.As("admin@example.com").In(kit.FleetUS).Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetFR, kit.SIMInUS)).Is(http.StatusOK)
		entry := strings.TrimPrefix(moved.Header.Get("Location"), "/api/v1/migration/")
		_, app := withFactor(s, "user@example.com")
		trust(s.Anonymous(), app)
		makeToken(s.As("admin@example.com"), `{}`)
		makeToken(s.As("stranger@example.com"), `{}`)
		caller := s.As("observer@example.com") // of 100 only
		admin := s.As("admin@example.com")     // of 100 and others, not of 900
		for name, test := range map[string]struct {
			c               *kit.Client
			foreign, absent string // of equal length, because Content-Length would differ
			ask             func(c *kit.Client, id string) *kit.Answer
			status          int
		}{
			"a SIM's owner":       {admin, "290", "999", patch("/api/v1/sim/{id}", fmt.Sprintf(`{"customer_org": {"id": %d}}`, kit.FleetDE)), 404},
			"a bad transition":    {admin, "290", "999", patch("/api/v1/sim/{id}", `{"status": {"id": 3}}`), 404},
			"a SIM to give away":  {s.As("issuer@example.com"), "290", "999", patch("/api/v1/sim/{id}", fmt.Sprintf(`{"customer_org": {"id": %d}}`, kit.FleetDE)), 404},
			"SIMs to delete":      {admin, "290", "999", del("/api/v1/sim/multi", `[{"id": 252}, {"id": {id}}]`), 404},
			"an ICCID to move":    {admin, kit.ICCID(kit.SIMElsewhere), "8988303000000000999", post(migration, `{"target_workspace": {"id": 200}, "iccids": ["{id}"]}`), 404},
			"a user by name":      {admin, "stranger@example.com", "unknown1@example.com", get("/api/v1/user/{id}"), 404},
			"the operator's user": {s.As("stranger@example.com"), "8", "9", get("/api/v1/user/{id}"), 404},
			"a SIM's id":          {caller, "250", "999", get("/api/v1/endpoint/{id}"), 404},
			"a device to change":  {admin, "9201", "9999", patch("/api/v1/endpoint/{id}", `{"name": "x", "sim": {"id": null}}`), 404},
			"one of many":         {admin, "9201", "9999", patch("/api/v2/endpoint/multi", `[{"id": 9001, "name": "x"}, {"id": {id}, "name": "x"}]`), 404},
			"a second factor":     {caller, "1", "9", del("/api/v1/user/my/mfa/{id}", nil), 404},
			"another's factor":    {admin, "5", "9", del("/api/v1/user/{id}/mfa/1", nil), 404},
			"an entry":            {caller, entry, strings.Repeat("9", len(entry)), get("/api/v1/migration/{id}"), 404},
			"a trusted device":    {caller, "1", "9", del("/api/v1/user/my/mfa/trusted_device/{id}", nil), 404},
		} {
			t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
				c := currentWorkspace(t, test.c)
				foreign, absent := test.ask(c, test.foreign).Is(test.status), test.ask(c, test.absent)
				if diff := cmp.Diff(normalized(absent, test.absent), normalized(foreign, test.foreign)); diff != "" {
					t.Errorf("absent (-) and foreign (+) differ:\n%s", diff)
				}
			})
		}
	})
}

// elsewhere defines devices and profiles of other Workspaces, and deleted ones.
const elsewhere = `
devices:
  - {id: 9201, workspace: 900, name: hidden}
  - {id: 9202, workspace: 100, name: gone, status: deleted}
profiles:
  - {id: 21, workspace: 900, kind: service, name: Hidden}
  - {id: 21, workspace: 900, kind: tariff, name: Hidden}
`

type ask = func(c *kit.Client, id string) *kit.Answer

func get(path string) ask {
	return func(c *kit.Client, id string) *kit.Answer {
		return c.Get(strings.ReplaceAll(path, "{id}", id))
	}
}

func post(path, body string) ask {
	return func(c *kit.Client, id string) *kit.Answer {
		return c.Post(path, strings.ReplaceAll(body, "{id}", id))
	}
}

func patch(path, body string) ask {
	return func(c *kit.Client, id string) *kit.Answer {
		return c.Patch(strings.ReplaceAll(path, "{id}", id), strings.ReplaceAll(body, "{id}", id))
	}
}

func del(path string, body any) ask {
	return func(c *kit.Client, id string) *kit.Answer {
		sent := body
		if text, is := body.(string); is {
			sent = strings.ReplaceAll(text, "{id}", id)
		}
		return c.Do(http.MethodDelete, strings.ReplaceAll(path, "{id}", id), sent)
	}
}
