package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/kit"
)

// filtered maps filter fields to the kind of their ids, with the operation if the field name is
// ambiguous.
var filtered = map[string]string{
	"GET /api/v1/sim id": "SIM", "GET /api/v1/endpoint id": "device", "GET /api/v1/service_profile id": "profile", "GET /api/v1/tariff_profile id": "profile",
	"GET /api/v1/user id": "user", "GET /api/v1/event id": "event", "GET /api/v1/sim/{sim_id}/event id": "event", "GET /api/v1/endpoint/{endpoint_id}/event id": "event",
	"GET /api/v1/user/{user_id}/event id": "event", "GET /api/v1/migration id": "entry", "GET /api/v1/migration_job id": "job", "GET /api/v1/migration_offer id": "offer", "GET /api/v1/receiving_code id": "receiving code", "GET /api/v1/migration_request id": "request", "GET /api/v1/migration_inquiry id": "inquiry", "GET /api/v1/application_token id": "token",
	"GET /api/v1/audit id": "audit entry", "application_token": "token", "job": "job", "migration": "entry", "actor": "", "error_code": "",
	"sim": "SIM", "endpoint": "device", "user": "user", "service_profile": "profile", "tariff_profile": "profile",
	"customer_org": "Workspace", "issuer_org": "Workspace", "reseller_org": "Workspace", "organisation": "Workspace", "target_workspace": "Workspace", "source_workspace": "Workspace",
	"status": "", "sim_status": "", "model": "", "event_type": "", "event_source": "", "event_severity": "", "type": "", "source": "", "severity": "", // the same for every caller
}

// probeLists: filters with inaccessible ids find nothing, like unknown ids; an invalid id is a
// 422. The fields are those that each list reports itself.
func probeLists(t *testing.T, admin *kit.Client, known map[string]string) (requests int) {
	t.Helper()
	for _, r := range httpapi.Routes() {
		o := documented(t, r.Pattern)
		if !o.Lists() {
			continue
		}
		path := fresh(probe{pattern: r.Pattern}.pathOf(known)) + "?q="
		for _, field := range numbersOf(admin, path) {
			kind, ok := filtered[r.Pattern+" "+field]
			if !ok {
				kind, ok = filtered[field]
			}
			if !ok {
				t.Errorf("%s can be filtered by %s: say in filtered of what the id is", r.Pattern, field)
			}
			th := resourceKinds[kind].filled(known)
			if th.absent == "" {
				th.absent = "999"
			}
			if kind == "" && admin.Get(path+field+":-1").Status == http.StatusUnprocessableEntity {
				continue // a closed list, the same for every caller
			}
			p := probe{pattern: r.Pattern, place: "q=" + field, thing: th, path: path + field + ":{id}"}
			requests += p.filter(admin)
		}
	}
	return requests
}

// numbersOf returns the fields of a list that accept ids.
func numbersOf(c *kit.Client, path string) (fields []string) {
	c.T.Helper()
	var refusal api.Error
	c.Get(path + "no_such_field:1").Is(http.StatusUnprocessableEntity).JSON(&refusal)
	_, names, found := strings.Cut(refusal.Message, "known: ")
	if !found {
		c.T.Fatalf("%s does not tell its fields: %s", path, refusal.Message)
	}
	for name := range strings.SplitSeq(names, ", ") {
		if got := c.Get(path + name + ":x"); strings.Contains(string(got.Body), "takes a whole number") {
			fields = append(fields, name)
		}
	}
	return fields
}

// filter requests a list with inaccessible ids.
func (p probe) filter(c *kit.Client) (requests int) {
	c.T.Helper()
	ask := func(id string) *kit.Answer {
		return c.Get(strings.ReplaceAll(p.path, "{id}", url.QueryEscape(id)))
	}
	absent := ask(p.thing.absent).Is(http.StatusOK)
	if string(absent.Body) != "[]" {
		c.T.Errorf("%s %s: an id that does not exist: %s", p.pattern, p.place, absent.Body)
	}
	for _, id := range p.thing.foreign {
		if diff := differs(absent, p.thing.absent, ask(id), id); diff != "" {
			c.T.Errorf("%s %s: absent (-) and the foreign %s (+) differ:\n%s", p.pattern, p.place, id, diff)
		}
	}
	for _, id := range slices.Concat(unusedIDs, noIDs) {
		if id == "null" || id == "0" { // "has none"; an entry of closed lists
			continue
		}
		got := ask(id)
		if got.Status == http.StatusUnprocessableEntity && slices.Contains(noIDs, id) {
			continue
		}
		if diff := differs(absent, p.thing.absent, got, id); diff != "" {
			c.T.Errorf("%s %s: absent (-) and %.40s (+) differ:\n%s", p.pattern, p.place, id, diff)
		}
	}
	return 1 + len(p.thing.foreign) + len(unusedIDs) + len(noIDs) - 2
}
