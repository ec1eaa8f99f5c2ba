package httpapi_test

import (
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// malformedQueries are malformed queries of lists, with a word of the refusal of each.
var malformedQueries = map[string]string{
	"q=id:250;status:1": "%3B", "q=id:250%zz": "%25", "%gg=1": "%25", "page=1;per_page=2": "%3B",
	"q=id:1&q=id:2": "2 times", "sort=id&sort=-id": "2 times", "page=1&page=1": "2 times", "per_page=1&per_page=2": "2 times",
	"Q=id:250": "exactly as q", "filter=id:250": "exactly as q", "q[]=id:250": "exactly as q", "Sort=id": "exactly as sort", "sort[]=id": "exactly as sort",
	"?q=id:250": "exactly as q", "q%00=id:250": "exactly as q", "q:=id:250": "exactly as q", "%EF%BB%BFq=id:250": "exactly as q", "q%09=id:250": "exactly as q",
	"q[0]=id:250": "exactly as q", "filter[status]=1": "exactly as q", "q%5Bid%5D=250": "exactly as q", "filter.id=250": "exactly as q", "sort[0]=id": "exactly as sort", "page[number]=2": "exactly as page", "page[size]=1": "exactly as per_page",
	"perPage=1": "exactly as per_page", "per-page=1": "exactly as per_page", "PAGE=2": "exactly as page",
	"page=abc": "whole number", "page=1.5": "whole number", "page=0x2": "whole number", "per_page=1e2": "whole number", "per_page=%00": "whole number",
}

// pathsOfThings returns the paths of all other reads with a bearer: with ids of things that do not
// exist, because a malformed query is refused first.
func pathsOfThings() []string {
	var paths []string
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if method == http.MethodGet && r.Need != identity.Public && strings.Contains(path, "{") {
			paths = append(paths, regexp.MustCompile(`{\w+}`).ReplaceAllString(path, "999999"))
		}
	}
	return paths
}

// TestMalformedQueries sends each malformed query to every read with a bearer. A list that
// ignored one would return things that were not asked for.
func TestMalformedQueries(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		c := kit.StartFerry(t, e).As("admin@example.com")
		for _, path := range append(listPaths(), pathsOfThings()...) {
			for query, word := range malformedQueries {
				got := c.Get(path + "?" + query).Is(http.StatusBadRequest)
				var failed api.Error
				if got.JSON(&failed); failed.ErrorCode != 1000 || !strings.Contains(failed.Message, word) {
					t.Errorf("%s?%s: %s, want 1000 and %q", path, query, got.Body, word)
				}
			}
		}
		for _, path := range listPaths() {
			c.Get(path + "?page=1&per_page=3&_=1700000000&utm_source=mail&fields[]=id").Is(http.StatusOK)
		}
	})
}

// TestMalformedQueriesOfWrites sends a query that does not parse to every write, with and without
// a bearer: each refuses it before it does anything.
func TestMalformedQueriesOfWrites(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	c := s.As("admin@example.com")
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if method == http.MethodGet {
			continue
		}
		path = strings.NewReplacer("{sim_id}", "250", "{endpoint_id}", "1", "{user_id}", "my", "{workspace_id}", "100", "{role_id}", "3", "{bic}", "8988303000000000", "{key_id}", "1", "{device_id}", "1", "{token_id}", "1").Replace(path)
		s.Untouched(r.Pattern, func() {
			if got := c.Do(method, path+"?x=%zz", map[string]any{}); got.Status != http.StatusBadRequest || !strings.Contains(string(got.Body), "%25") {
				t.Errorf("%s with a malformed query: %d %s", r.Pattern, got.Status, got.Body)
			}
		})
	}
}

// TestMisspeltParametersOfWrites covers parameters that decide what a write does: with a
// misspelt delete_sims the SIMs would be suspended instead of deleted.
func TestMisspeltParametersOfWrites(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	c := s.As("admin@example.com")
	for _, query := range []string{"deleteSims=true", "DELETE_SIMS=true", "delete-sims=true", "delete_sims=true&delete_sims=false"} {
		s.Untouched(query, func() {
			c.Do(http.MethodDelete, "/api/v2/endpoint/multi?"+query, []map[string]int{{"id": kit.DeviceWithSIM}}).Is(http.StatusBadRequest)
		})
	}
}

// listPaths returns the paths of the lists that take q, sort, page and per_page.
func listPaths() []string {
	var paths []string
	for _, r := range httpapi.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if method == http.MethodGet && !strings.Contains(path, "{") && r.Need != identity.Public && strings.HasPrefix(path, "/api/") {
			paths = append(paths, path)
		}
	}
	return append(paths, simURL(kit.AttachedSIM)+"/event", "/api/v1/user/"+url.PathEscape("my")+"/event")
}

// TestDoubledSigns sends a sort key with two signs to every list. In a query string a + is a
// space, so sort=+-id must not be taken for sort=-id.
func TestDoubledSigns(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).As("admin@example.com")
		for _, path := range listPaths() {
			if c.Get(path+"?sort=colour").Status == http.StatusOK {
				continue // not a list that can be sorted
			}
			for _, sort := range []string{"+-id", "%2B-id", "-+id", "-%2Bid", "--id", "++id", "%2B%2Bid", "%20-id", "id,+-id"} {
				got := wantCode(t, c.Get(path+"?sort="+sort), http.StatusUnprocessableEntity, 1302)
				if !strings.Contains(got.Message, "-id for descending") {
					t.Errorf("%s?sort=%s: %s", path, sort, got.Message)
				}
			}
			for _, sort := range []string{"+id", "%2Bid", "%20id", "-id", "id", "id%20"} {
				c.Get(path + "?sort=" + sort).Is(http.StatusOK)
			}
		}
	})
}

// TestContract_EventFilterValues sends six and seven values to every filter of events.
func TestContract_EventFilterValues(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).As("admin@example.com")
		limited := []string{"iccid", "iccid_with_luhn", "endpoint", "user", "type", "event_type", "network", "rat", "country"}
		for _, f := range fleet.EventList.Fields {
			value := map[fleet.FieldKind]string{
				fleet.BoolField: "true", fleet.TimeField: "2026-11-22", fleet.FromField: "2026-11-22", fleet.UntilField: "2026-11-22",
				fleet.LuhnField: "89883030000067385937",
			}[f.Kind]
			if value == "" {
				value = "1"
			}
			values := strings.Repeat(value+"|", 5) + value
			c.Get("/api/v1/event?" + q(f.Name+":"+values).Encode()).Is(http.StatusOK)
			more := c.Get("/api/v1/event?" + q(f.Name+":"+values+"|"+value).Encode())
			if !slices.Contains(limited, f.Name) {
				more.Is(http.StatusOK)
				continue
			}
			if got := wantCode(t, more, http.StatusUnprocessableEntity, 1301); !strings.Contains(got.Message, "at most 6 values, not 7") {
				t.Errorf("%s: %s", f.Name, got.Message)
			}
		}
	})
}

// TestOffsetsInQueries filters every list by every field with a date, with an offset written as
// clients write it: percent-encoded, and with a bare +, which decodes to a space.
func TestOffsetsInQueries(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := busy(t, e).As("admin@example.com")
		for _, l := range shownLists {
			for _, f := range l.spec.Fields {
				if f.Kind != fleet.TimeField && f.Kind != fleet.FromField && f.Kind != fleet.UntilField {
					continue
				}
				for _, text := range []string{
					"2026-11-22T11:00:00.000+0100", "2026-11-22T11:00:00+0100", "2026-11-22T11:00:00+01:00", "2026-11-22T11:00:00.000%2B0100",
					"2026-11-22T11:00:00%2B01:00", "2026-11-22T05:00:00-0500", "2026-11-22T10:00:00%2B0000", "2026-11-22T10:00:00 0000",
				} {
					path := l.path + "?per_page=20&q=" + f.Name + ":"
					want := items(c, path+"2026-11-22T10:00:00Z")
					got := items(c, path+strings.ReplaceAll(text, " ", "%20"))
					if !reflect.DeepEqual(got, want) {
						t.Errorf("%s%s: %d items, want %d", path, text, len(got), len(want))
					}
				}
				for _, text := range []string{"2026-11-22+0000", "2026-11-22T10:00:00++0000", "2026-11-22T10:00:00+00", "2026-11-22T10:00:00", "2026-11-22T10:00:00+9999"} {
					wantCode(t, c.Get(l.path+"?q="+f.Name+":"+text), http.StatusUnprocessableEntity, 1301)
				}
			}
		}
	})
}
