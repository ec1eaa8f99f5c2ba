package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// few defines SIMs for which each filter field matters; Workspace 850 has no others.
const few = `
workspaces:
  - {id: 850, name: Few, type: enterprise, country: DE, parent: 1}
  - {id: 851, name: Reseller of few, type: reseller, country: DE, parent: 1}
users:
  - {id: 30, username: few@example.com, name: Few, password: correct horse, default_workspace: 850, roles: {850: administrator}}
  - {id: 31, username: reseller@example.com, name: Reseller, password: correct horse, default_workspace: 851, roles: {851: administrator}}
devices:
  - {id: 9100, workspace: 850, name: a}
  - {id: 9101, workspace: 850, name: b}
sims:
  - {id: 11, iccid: "8988303000000500011", workspace: 850, issuer: 1, status: activated, imsi: "295050000000033", msisdn: "423660000000022", eid: "89049032000000000000000000000011", device: 9101, production_date: "2021-11-18T08:25:53Z"}
  - {id: 12, iccid: "8988303000000500022", workspace: 850, issuer: 1, reseller: 851, model: 7, status: issued, imsi: "295050000000022", msisdn: "423660000000033", production_date: "2021-11-18T23:59:59.999Z"}
  - {id: 13, iccid: "8988303000000510033", workspace: 850, issuer: 851, status: suspended, imsi: "295050000000011", msisdn: "423660000000011", device: 9100, production_date: "2021-11-19T00:00:00Z"}
  - {id: 14, iccid: "8988303000000510044", workspace: 850, issuer: 850, status: deleted, imsi: "295050000000044", msisdn: "423660000000044", production_date: "2020-01-01"}
  - {id: 15, iccid: "8988303000000510055", workspace: 851, issuer: 1, status: issued, imsi: "295050000000055", msisdn: "423660000000055"}
models:
  - {id: 7, description: Industrial MFF2, memory_size: 256, formfactor: {id: 4, name: MFF2}, manufacturer: {id: 9, name: Ferry Cards}}
`

func listed(c *kit.Client, path string, query url.Values) []int64 {
	c.T.Helper()
	var list []struct{ ID int64 }
	c.Get(path + "?" + query.Encode()).Is(http.StatusOK).JSON(&list)
	ids := make([]int64, len(list))
	for i, item := range list {
		ids[i] = item.ID
	}
	return ids
}

func q(text string) url.Values    { return url.Values{"q": {text}} }
func sort(text string) url.Values { return url.Values{"sort": {text}} }

func TestFilterSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).Seed(few).As("few@example.com")
		filtered := make(map[string]bool)
		for text, want := range map[string][]int64{
			"":                            {11, 12, 13},
			"id:12":                       {12},
			"id:12.0":                     {12},
			"ID:13|11":                    {11, 13},
			"id:-1|0|9223372036854775807": {},
			"iccid:8988303000000500":      {11, 12},
			"iccid:8988303000000500011":   {11},
			"iccid:89883030000005000|8988303000000510033": {11, 12, 13},
			"iccid:88": {},
			"iccid:%":  {},
			"iccid:é":  {},
			"iccid_with_luhn:" + fleet.ICCID("8988303000000510033").WithLuhn(): {13},
			"imsi:295050000000022":                            {12},
			"imsi:29505000000002":                             {},
			"imsi:295050000000022|295050000000011":            {12, 13},
			"msisdn:423660000000033":                          {12},
			"eid:89049032000000000000000000000011":            {11},
			"status:1":                                        {11},
			"status:0|2":                                      {12, 13},
			"status:3":                                        {14},
			"status:0,id:13":                                  {},
			"status:0|2,id:13,iccid:8988303000000":            {13},
			"endpoint:null":                                   {12},
			"endpoint:9101":                                   {11},
			"endpoint:9101|null":                              {11, 12},
			"customer_org:850":                                {11, 12, 13},
			"customer_org:100":                                {},
			"issuer_org:1":                                    {11, 12},
			"issuer_org:851":                                  {13},
			"reseller_org:851":                                {12},
			"reseller_org:null":                               {11, 13},
			"model:1":                                         {11, 13},
			"model:7|8":                                       {12},
			"production_date:2021-11-18":                      {11, 12},
			"production_date:2021-11-18T08:25:53Z":            {11},
			"production_date:2021-11-18T08:25:53.000+0000":    {11},
			"production_date:2021-11-18T10:25:53+02:00":       {11},
			"production_date:2021-11-19|2021-11-18T08:25:53Z": {11, 13},
			"production_date:9999-12-31":                      {},
			"satellite_capable:false":                         {11, 12, 13},
			"satellite_capable:true":                          {},
		} {
			name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), ":")
			filtered[strings.TrimSpace(name)] = true
			if diff := cmp.Diff(want, listed(c, "/api/v1/sim", q(text))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
		if got := listed(c, "/api/v1/sim", q(" status : 1 , id : 11 ")); len(got) != 1 {
			t.Errorf("with spaces: %v", got)
		}
		for _, f := range fleet.SIMList.Fields {
			if !filtered[f.Name] {
				t.Errorf("no test filters by %s", f.Name)
			}
		}
	})
}

func TestSortSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).Seed(few).As("few@example.com")
		ascending := map[string][]int64{
			"id": {11, 12, 13}, "iccid": {11, 12, 13}, "iccid_with_luhn": {11, 12, 13}, "imsi": {13, 12, 11}, "msisdn": {13, 11, 12},
			"eid": {12, 13, 11}, "status": {12, 11, 13}, "endpoint": {12, 13, 11}, "customer_org": {11, 12, 13}, "issuer_org": {11, 12, 13},
			"reseller_org": {11, 13, 12}, "production_date": {11, 12, 13}, "model": {11, 13, 12},
		}
		for _, f := range fleet.SIMList.Fields {
			if f.NoSort {
				wantCode(t, c.Get("/api/v1/sim?"+sort(f.Name).Encode()), http.StatusUnprocessableEntity, 1302)
				continue
			}
			want := ascending[f.Name]
			for _, spelling := range []string{f.Name, strings.ToUpper(f.Name), " " + f.Name + ",id", f.Name + ",-" + f.Name} {
				if diff := cmp.Diff(want, listed(c, "/api/v1/sim", sort(spelling))); diff != "" {
					t.Errorf("by %s (-want +got):\n%s", spelling, diff)
				}
			}
			want = slices.Clone(want)
			slices.Reverse(want)
			if diff := cmp.Diff(want, listed(c, "/api/v1/sim", sort("-"+f.Name))); diff != "" {
				t.Errorf("by -%s (-want +got):\n%s", f.Name, diff)
			}
		}
	})
}

// An enterprise sees its own SIMs; others also what they issued and what they resell.
func TestScopeOfSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e).Seed(few)
		s.Exec(fmt.Sprintf("UPDATE sims SET issuer_id = 900 WHERE id = %d", kit.SIMInFR)) // issued by an enterprise
		for username, want := range map[string][]int64{
			"few@example.com":      {11, 12, 13},
			"reseller@example.com": {12, 13, 15},
			"stranger@example.com": {kit.SIMElsewhere},
		} {
			c := s.As(username)
			if diff := cmp.Diff(want, listed(c, "/api/v1/sim", nil)); diff != "" {
				t.Errorf("%s sees (-want +got):\n%s", username, diff)
			}
			for _, id := range []int64{11, 12, 13, 14, 15, kit.SIMInFR, kit.SIMElsewhere} {
				status := http.StatusNotFound
				if slices.Contains(want, id) {
					status = http.StatusOK
				}
				if got := c.Get(simURL(id)); got.Status != status {
					t.Errorf("%s, SIM %d: %d, want %d", username, id, got.Status, status)
				}
			}
		}
		all := listed(s.As("issuer@example.com"), "/api/v1/sim", nil)
		for id, want := range map[int64]bool{11: true, 12: true, 13: false, 15: true, kit.AttachedSIM: true, 1599: true, kit.DeletedSIM: false, kit.SIMElsewhere: false} {
			if slices.Contains(all, id) != want {
				t.Errorf("the issuer sees SIM %d: %v", id, !want)
			}
		}
	})
}

// Pages hold every SIM once, whatever they are sorted by.
func TestPagesAreComplete(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).As("admin@example.com")
		want := listed(c, "/api/v1/sim", nil)
		for _, by := range []string{"id", "-status", "production_date", "-endpoint"} {
			var got []int64
			for page := 1; page <= 7; page++ {
				got = append(got, listed(c, "/api/v1/sim", url.Values{"sort": {by}, "per_page": {"100"}, "page": {fmt.Sprint(page)}})...)
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("by %s (-want +got):\n%s", by, diff)
			}
		}
	})
}

func TestContract_CountryForm(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e).Seed(more)
		root := s.As("root@example.com")
		for id, want := range map[int64]*api.Country{
			100: {ID: 276, Name: "Germany", ISOCode: "de", MCC: "262", CountryCode: "49"},
			800: nil,
			801: {ID: 10, Name: "Antarctica", ISOCode: "aq", CountryCode: "672"},
		} {
			var got api.Workspace
			a := root.In(id).Get("/api/v1/organisation/my").Is(http.StatusOK).JSON(&got)
			if diff := cmp.Diff(want, got.Country); diff != "" {
				t.Errorf("Workspace %d (-want +got):\n%s", id, diff)
			}
			if want == nil && strings.Contains(string(a.Body), "country") {
				t.Errorf("%s", a.Body)
			}
		}
	})
}
