package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// meters defines devices for which each filter field matters; Workspace 860 has no others.
const meters = `
workspaces:
  - {id: 860, name: Meters, type: enterprise, country: DE, parent: 1}
users:
  - {id: 40, username: meters@example.com, name: Meters, password: correct horse, default_workspace: 860, roles: {860: administrator}}
profiles:
  - {id: 8, workspace: 860, kind: service, name: Slow}
  - {id: 7, workspace: 860, kind: service, name: Fast}
  - {id: 7, workspace: 860, kind: tariff, name: Europe}
devices:
  - {id: 31, workspace: 860, name: gas-2, tags: "north, gas meter", imei: "353175101234560", ip_address: 10.0.0.2, service_profile: 7, tariff_profile: 7}
  - {id: 32, workspace: 860, name: gas-1, tags: "south,gasmeter", imei: "353175109999999", ip_address: 10.0.0.1, status: disabled, service_profile: 8}
  - {id: 33, workspace: 860, name: water, tags: northern}
  - {id: 34, workspace: 860, name: gone, status: deleted}
sims:
  - {id: 61, iccid: "8988303000000860061", workspace: 860, status: suspended, device: 31}
  - {id: 62, iccid: "8988303000000860062", workspace: 860, status: activated, device: 33}
`

func TestFilterDevices(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).Seed(meters).As("meters@example.com")
		filtered := make(map[string]bool)
		for text, want := range map[string][]int64{
			"":                                       {31, 32, 33},
			"id:32.0|33":                             {32, 33},
			"id:34":                                  {},
			"id:-1|0|9223372036854775807":            {},
			"name:gas":                               {31, 32},
			"name:gas-1":                             {32},
			"name:%":                                 {},
			"NAME:as":                                {},
			"status:0":                               {31, 33},
			"status:1":                               {32},
			"status:2":                               {34},
			"tags:north":                             {31},
			"tags:gas meter":                         {31, 32},
			"tags:gasmeter,name:gas-2":               {31},
			"tags:north|northern":                    {31, 33},
			"tags:%":                                 {},
			"imei:35317510":                          {31, 32},
			"imei:353175101234560":                   {31},
			"ip_address:10.0.0.1":                    {32},
			"ip_address:10.0.0":                      {},
			"service_profile:7":                      {31},
			"service_profile:7|null":                 {31, 33},
			"service_profile:1":                      {},
			"tariff_profile:null":                    {32, 33},
			"sim:61":                                 {31},
			"sim:null":                               {32},
			"sim:null|62":                            {32, 33},
			"sim_status:1|2":                         {31, 33},
			"sim_status:null":                        {32},
			"iccid:8988303000000860061":              {31},
			"iccid:89883030000008600":                {31, 33},
			"iccid_with_luhn:89883030000008600618":   {31},
			"imsi:1":                                 {},
			"created:2026-11-22":                     {31, 32, 33},
			"created:2020-01-01":                     {},
			"last_updated:2026-11-22":                {31, 32, 33},
			"last_updated:2026-11-21|9999-12-31":     {},
			"sim_status:1,status:0,name:water,id:33": {33},
		} {
			name, _, _ := strings.Cut(strings.ToLower(text), ":")
			filtered[name] = true
			if diff := cmp.Diff(want, listed(c, endpoint, q(text))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
		for _, f := range fleet.DeviceList.Fields {
			if !filtered[f.Name] {
				t.Errorf("no test filters by %s", f.Name)
			}
		}
		for _, text := range []string{"colour:red", "id:x", "sim:none", "name:null|", "created:today", "tags:"} {
			wantCode(t, c.Get(endpoint+"?"+q(text).Encode()), http.StatusUnprocessableEntity, 1301)
		}
	})
}

func TestSortDevices(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).Seed(meters).As("meters@example.com")
		ascending := map[string][]int64{
			"id": {31, 32, 33}, "name": {32, 31, 33}, "status": {31, 33, 32}, "tags": {31, 33, 32}, "imei": {33, 31, 32}, "ip_address": {33, 32, 31},
			"service_profile": {33, 31, 32}, "tariff_profile": {32, 33, 31}, "sim": {32, 31, 33}, "sim_status": {32, 33, 31},
			"created": {31, 32, 33}, "last_updated": {31, 32, 33},
		}
		for _, f := range fleet.DeviceList.Fields {
			if f.NoSort {
				continue
			}
			want := ascending[f.Name]
			if diff := cmp.Diff(want, listed(c, endpoint, sort(strings.ToUpper(f.Name)))); diff != "" || want == nil {
				t.Errorf("%s (-want +got):\n%s", f.Name, diff)
			}
			got := listed(c, endpoint, sort("-"+f.Name+",id"))
			if f.Name != "status" && f.Name != "tariff_profile" && f.Name != "created" && f.Name != "last_updated" { // which have equals
				slices.Reverse(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-%s (-want +got):\n%s", f.Name, diff)
				}
			}
		}
		wantCode(t, c.Get(endpoint+"?sort=colour"), http.StatusUnprocessableEntity, 1302)
	})
}

func TestPagesOfDevices(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).Seed(meters).As("meters@example.com")
		got := c.Get(endpoint + "?per_page=2&page=9&q=" + url.QueryEscape("status:0|1")).Is(http.StatusOK)
		for name, want := range map[string]string{
			"X-Count-Per-Page": "2", "X-Current-Page": "2", "X-Total-Count": "3", "X-Total-Pages": "2", "X-Sort": "id", "X-Filter": "status:0|1",
		} {
			if got.Header.Get(name) != want {
				t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
			}
		}
		if got := c.Get(endpoint).Header.Get("X-Count-Per-Page"); got != "1000" {
			t.Errorf("%s on a page by default", got)
		}
		if got := c.Get(endpoint + "?per_page=99999").Header.Get("X-Count-Per-Page"); got != "2000" {
			t.Errorf("%s on a page at most", got)
		}
		if body := string(c.Get(endpoint + "?q=id:0").Is(http.StatusOK).Body); body != "[]" {
			t.Errorf("an empty list is %s, want []", body)
		}
	})
}

func TestProfiles(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		c := kit.StartFerry(t, e).Seed(meters).As("meters@example.com")
		for path, want := range map[string]string{
			"/api/v1/service_profile":            `[{"id":7,"name":"Fast"},{"id":8,"name":"Slow"}]`,
			"/api/v1/service_profile?sort=-NAME": `[{"id":8,"name":"Slow"},{"id":7,"name":"Fast"}]`,
			"/api/v1/service_profile?q=name:Fa":  `[{"id":7,"name":"Fast"}]`,
			"/api/v1/service_profile?q=id:9":     `[]`,
			"/api/v1/tariff_profile":             `[{"id":7,"name":"Europe"}]`,
			"/api/v1/tariff_profile/7":           `{"id":7,"name":"Europe"}`,
			"/api/v1/service_profile/8.0":        `{"id":8,"name":"Slow"}`,
		} {
			if got := string(c.Get(path).Is(http.StatusOK).Body); got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
		}
		wantCode(t, c.Get("/api/v1/tariff_profile/8"), http.StatusNotFound, 1201)
		wantCode(t, c.Get("/api/v1/tariff_profile/x"), http.StatusBadRequest, 1000)
		wantCode(t, c.Get("/api/v1/tariff_profile?q=workspace:860"), http.StatusUnprocessableEntity, 1301)
	})
}
