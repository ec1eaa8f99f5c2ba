package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/testkit"
)

// looks is what an answer shows but for what differs between any two: its id and its time.
// The id that was asked for becomes {id}.
func looks(a *testkit.Answer, id string) object {
	blank := regexp.MustCompile(`(\b|%3A)` + regexp.QuoteMeta(id) + `\b`)
	h := a.Header.Clone()
	h.Del("X-Request-Id")
	h.Del("Date")
	for _, values := range h {
		for i := range values {
			values[i] = blank.ReplaceAllString(values[i], "${1}{id}")
		}
	}
	return object{"status": a.Status, "header": h, "body": blank.ReplaceAllString(string(a.Body), "${1}{id}")}
}

// What is in a Workspace that the caller has no access to looks like what does not exist:
// the same status, the same bytes, the same headers.
func TestForeignThingsLookAbsent(t *testing.T) {
	testkit.OnEach(t, func(t *testing.T, e testkit.Engine) {
		s := testkit.Ferried(t, e).Seed(elsewhere)
		moved := s.As("admin@example.com").In(300).Post(migration, `{"target_workspace": {"id": 200}, "sims": [{"id": 270}], "dry_run": false}`).Is(http.StatusOK)
		entry := strings.TrimPrefix(moved.Header.Get("Location"), "/api/v1/migration/")
		_, app := withFactor(s, "user@example.com")
		trust(s.Nobody(), app)
		makeToken(s.As("admin@example.com"), `{}`)
		makeToken(s.As("stranger@example.com"), `{}`)
		caller := s.As("observer@example.com") // of 100 only
		admin := s.As("admin@example.com")     // of 100 and others, not of 900
		for name, test := range map[string]struct {
			c               *testkit.Client
			foreign, absent string // of equal length, for Content-Length tells too
			ask             func(c *testkit.Client, id string) *testkit.Answer
			status          int
		}{
			"a SIM":               {caller, "290", "999", get("/api/v1/sim/{id}"), 404},
			"a deleted SIM":       {caller, "255", "999", get("/api/v1/sim/{id}"), 404},
			"a SIM to change":     {admin, "290", "999", patch("/api/v1/sim/{id}", `{"status": {"id": 1}}`), 404},
			"a SIM's owner":       {admin, "290", "999", patch("/api/v1/sim/{id}", `{"customer_org": {"id": 100}}`), 404},
			"a bad transition":    {admin, "290", "999", patch("/api/v1/sim/{id}", `{"status": {"id": 3}}`), 404},
			"a SIM to give away":  {s.As("issuer@example.com"), "290", "999", patch("/api/v1/sim/{id}", `{"customer_org": {"id": 100}}`), 404},
			"a new owner":         {s.As("issuer@example.com"), "900", "999", patch("/api/v1/sim/251", `{"customer_org": {"id": {id}}}`), 404},
			"a new issuer":        {s.As("issuer@example.com"), "900", "999", patch("/api/v1/sim/251", `{"issuer_org": {"id": {id}}}`), 404},
			"a new reseller":      {s.As("issuer@example.com"), "900", "999", patch("/api/v1/sim/251", `{"reseller_org": {"id": {id}}}`), 404},
			"a SIM to delete":     {admin, "290", "999", del("/api/v1/sim/{id}", nil), 404},
			"SIMs to delete":      {admin, "290", "999", del("/api/v1/sim/multi", `[{"id": 252}, {"id": {id}}]`), 404},
			"a user's events":     {caller, "5", "9", get("/api/v1/user/{id}/event"), 200},
			"a SIM's events":      {caller, "290", "999", get("/api/v1/sim/{id}/event"), 200},
			"a SIM in a list":     {caller, "290", "999", get("/api/v1/sim?q=id:{id}"), 200},
			"a SIM to move":       {admin, "290", "999", post(migration, `{"target_workspace": {"id": 200}, "sims": [{"id": {id}}]}`), 404},
			"an ICCID to move":    {admin, "8988303000000000256", "8988303000000000999", post(migration, `{"target_workspace": {"id": 200}, "iccids": ["{id}"]}`), 404},
			"a target":            {admin, "900", "999", post(migration, `{"target_workspace": {"id": {id}}, "sims": [{"id": 250}]}`), 404},
			"a Workspace":         {admin, "900", "999", post(authenticate+"/workspace", `{"target_organisation": {"id": {id}}}`), 401},
			"a user":              {admin, "5", "9", get("/api/v1/user/{id}"), 404},
			"a user by name":      {admin, "stranger@example.com", "unknown1@example.com", get("/api/v1/user/{id}"), 404},
			"the operator's user": {s.As("stranger@example.com"), "8", "9", get("/api/v1/user/{id}"), 404},
			"a user's Workspaces": {admin, "5", "9", get("/api/v2/user/{id}/workspace"), 404},
			"a device":            {caller, "9201", "9999", get("/api/v1/endpoint/{id}"), 404},
			"a deleted device":    {caller, "9202", "9999", get("/api/v1/endpoint/{id}"), 404},
			"a SIM's id":          {caller, "250", "999", get("/api/v1/endpoint/{id}"), 404},
			"a device to change":  {admin, "9201", "9999", patch("/api/v1/endpoint/{id}", `{"name": "x", "sim": {"id": null}}`), 404},
			"one to delete":       {admin, "9201", "9999", remove("/api/v1/endpoint/{id}"), 404},
			"one of many":         {admin, "9201", "9999", patch("/api/v2/endpoint/multi", `[{"id": 9001, "name": "x"}, {"id": {id}, "name": "x"}]`), 404},
			"a device's events":   {caller, "9201", "9999", get("/api/v1/endpoint/{id}/event"), 200},
			"a device in a list":  {caller, "9201", "9999", get("/api/v1/endpoint?q=id:{id}"), 200},
			"a SIM to put in":     {admin, "290", "999", patch("/api/v1/endpoint/9002", `{"sim": {"id": {id}}}`), 422},
			"a deleted SIM in":    {admin, "255", "999", patch("/api/v1/endpoint/9002", `{"sim": {"id": {id}}}`), 422},
			"a profile":           {caller, "21", "99", get("/api/v1/service_profile/{id}"), 404},
			"a device's profile":  {admin, "21", "99", patch("/api/v1/endpoint/9002", `{"tariff_profile": {"id": {id}}}`), 422},
			"a token to revoke":   {admin, "2", "9", patch(tokensURL+"/{id}", `{"status": {"id": 1}}`), 404},
			"a second factor":     {caller, "1", "9", del("/api/v1/user/my/mfa/{id}", nil), 404},
			"another's factors":   {admin, "5", "9", get("/api/v1/user/{id}/mfa"), 404},
			"another's factor":    {admin, "5", "9", del("/api/v1/user/{id}/mfa/1", nil), 404},
			"another's devices":   {admin, "5", "9", get("/api/v1/user/{id}/mfa/trusted_device"), 404},
			"a trusted device":    {caller, "1", "9", del("/api/v1/user/my/mfa/trusted_device/{id}", nil), 404},
			"an entry":            {caller, entry, strings.Repeat("9", len(entry)), get("/api/v1/migration/{id}"), 404},
		} {
			t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
				c := in(t, test.c)
				foreign, absent := test.ask(c, test.foreign).Is(test.status), test.ask(c, test.absent)
				if diff := cmp.Diff(looks(absent, test.absent), looks(foreign, test.foreign)); diff != "" {
					t.Errorf("absent (-) and foreign (+) differ:\n%s", diff)
				}
			})
		}
	})
}

// elsewhere are devices and profiles that Workspace 100 has not, or not any more.
const elsewhere = `
devices:
  - {id: 9201, workspace: 900, name: hidden}
  - {id: 9202, workspace: 100, name: gone, status: deleted}
profiles:
  - {id: 21, workspace: 900, kind: service, name: Hidden}
  - {id: 21, workspace: 900, kind: tariff, name: Hidden}
`

type ask = func(c *testkit.Client, id string) *testkit.Answer

func get(path string) ask {
	return func(c *testkit.Client, id string) *testkit.Answer {
		return c.Get(strings.ReplaceAll(path, "{id}", id))
	}
}

func post(path, body string) ask {
	return func(c *testkit.Client, id string) *testkit.Answer {
		return c.Post(path, strings.ReplaceAll(body, "{id}", id))
	}
}

func remove(path string) ask {
	return func(c *testkit.Client, id string) *testkit.Answer {
		return c.Do("DELETE", strings.ReplaceAll(path, "{id}", id), nil)
	}
}

func patch(path, body string) ask {
	return func(c *testkit.Client, id string) *testkit.Answer {
		return c.Patch(strings.ReplaceAll(path, "{id}", id), strings.ReplaceAll(body, "{id}", id))
	}
}

func del(path string, body any) ask {
	return func(c *testkit.Client, id string) *testkit.Answer {
		sent := body
		if text, is := body.(string); is {
			sent = strings.ReplaceAll(text, "{id}", id)
		}
		return c.Do(http.MethodDelete, strings.ReplaceAll(path, "{id}", id), sent)
	}
}
