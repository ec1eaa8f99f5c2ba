package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// bodyPlaces returns every place of every body of both APIs that takes a text or an id.
func bodyPlaces(t *testing.T, known map[string]string) (list []textPlace) {
	t.Helper()
	for _, r := range httpapi.Routes() {
		o := documented(t, r.Pattern)
		for _, place := range append(o.IDs(), o.Texts()...) {
			p := probe{pattern: r.Pattern, place: place, body: bodiesOf[r.Pattern+" "+place]}
			if special := specials[r.Pattern+" "+place].body; p.body == "" {
				p.body = special
			}
			p.path = strings.ReplaceAll(p.pathOf(known), "{id}", "1")
			if p.body == "" {
				p.body = withPlace(t, fresh(accesses[r.Pattern].body), place)
			}
			list = append(list, textPlace{probe: p})
		}
	}
	for _, o := range contract.OperatorOperations() {
		for pattern := range kit.OperatorRequests {
			if o.Pattern() != contract.Shape(pattern) {
				continue
			}
			for _, place := range append(o.IDs(), o.Texts()...) {
				p := probe{pattern: pattern, place: place, path: kit.OperatorRequests[pattern].Path, body: bodiesOf[pattern+" "+place]}
				if !strings.ContainsAny(place, "{?") && p.body == "" {
					p.body = withPlace(t, kit.OperatorRequests[pattern].Body, place)
				}
				list = append(list, textPlace{p, true})
			}
		}
	}
	return list
}

// TestPositionsInBodyErrors sends a value of a wrong type to every place of every body. The
// message names the place in one notation: endpoints[0].sim.id, or [0].sim.id in a body that is a
// list.
func TestPositionsInBodyErrors(t *testing.T) {
	s, known := probed(t, kit.SQLite)
	for _, p := range bodyPlaces(t, known) {
		if strings.ContainsAny(p.place, "{?") {
			continue
		}
		c := s.Operator()
		if !p.operator {
			c = s.As("admin@example.com")
		}
		want := strings.ReplaceAll(p.place, "[]", "[0]") + ": "
		got := p.ask(c, "true")
		var failed api.Error
		if got.JSON(&failed); got.Status != http.StatusBadRequest || !strings.HasPrefix(failed.Message, want) {
			t.Errorf("%s: %s with true: %d %q", p.pattern, p.place, got.Status, failed.Message)
		}
		if list, _, in := strings.Cut(p.place, "[]"); in {
			for _, value := range []string{"-1", `""`, `"\u0000"`, "null", `{}`, "9223372036854775807"} {
				got := p.ask(c, value)
				if got.Status < 400 {
					continue
				}
				got.JSON(&failed)
				if named := strings.HasPrefix(failed.Message, list+"[0]"); !named && got.Status < 404 || strings.Contains(failed.Message, "[0]") && !named {
					t.Errorf("%s: %s with %s: %d %q", p.pattern, p.place, value, got.Status, failed.Message)
				}
			}
		}
	}
}

// TestUnknownPropertiesNameTheirNeighbours sends an unknown property in the lists of devices: the
// message has the place, and the properties of that object.
func TestUnknownPropertiesNameTheirNeighbours(t *testing.T) {
	admin := kit.StartFerry(t, kit.SQLite).As("admin@example.com")
	for _, try := range []struct{ method, path, body, message string }{
		{http.MethodPost, multi, `{"endpoints": [{"name": "a"}, {"colour": 1}]}`, "endpoints[1].colour: unknown property; known properties: name, tags, imei, imei_lock, ip_address, sim"},
		{http.MethodPost, multi, `{"colour": 1}`, "colour: unknown property; known properties: status, service_profile, tariff_profile, organisation, ip_address_space, endpoints"},
		{http.MethodPost, multi, `[{"colour": 1}]`, "[0].colour: unknown property; known properties: name, tags, status, service_profile"},
		{http.MethodPatch, multi, `[{"id": 1}, {"colour": 1}]`, "[1].colour: unknown property; known properties: id, name, tags, status, service_profile"},
		{http.MethodPost, migration, `{"colour": 1}`, "colour: unknown property; known properties: target_workspace, sims, iccids, iccid_range"},
	} {
		var failed api.Error
		admin.Do(try.method, try.path, try.body).Is(http.StatusBadRequest).JSON(&failed)
		if !strings.HasPrefix(failed.Message, try.message) {
			t.Errorf("%s %s: %q, want %q", try.path, try.body, failed.Message, try.message)
		}
	}
}
