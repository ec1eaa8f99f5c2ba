package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// The events can be filtered as the vendor has it, and by our older names; what is never recorded
// is accepted and matches nothing.
func TestEventFiltersOfTheVendor(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		admin, user := s.As("admin@example.com"), s.As("user@example.com")
		user.Patch(deviceURL(kit.DeviceWithSIM), `{"tags": "north, gas", "imei": "3531751012345600", "ip_address": "10.0.0.1", "sim": {"id": null}}`).Is(http.StatusNoContent) // 50
		admin.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)                                                                                               // 8
		user.Patch(deviceURL(kit.EmptyDevice), `{"status": {"id": 1}}`).Is(http.StatusNoContent)                                                                               // 43
		sim := readSIM(admin, kit.IssuedSIM)
		all := eventTypes(admin, "/api/v1/event", sort("id"))
		if len(all) != 3 {
			t.Fatalf("events: %v", all)
		}
		for text, want := range map[string][]int64{
			"type:8": {8}, "event_type:8": {8}, "type:8|43": {8, 43}, "source:2": all, "event_source:2": all, "source:0": nil, "severity:0": all, "event_severity:1": nil,
			"alert:false": all, "alert:true": nil, "alert:true|false": all, "description:SIM 250 released": {50}, "description:released": nil,
			"organisation:Fleet DE": all, "organisation:100": all, "organisation:Fleet FR": nil, "organisation:200": nil,
			"user:user@example.com": {50, 43}, "user:User": {50, 43}, "user:4": {50, 43}, "user:4|1": all, "user:null": nil, "user:stranger@example.com": nil,
			"endpoint:tracker-7": {50}, "endpoint:9001": {50}, "endpoint:tracker-7|tracker-8": {50, 43}, "endpoint:null": {8}, "endpoint:nothing": nil,
			"tags:gas": {50}, "tags:north": {50}, "tags:nor": nil, "ip_address:10.0.0.1": {50}, "imei:3531751012345600": {50}, "imei:999": nil,
			"iccid:" + sim.ICCID: {8}, "iccid:" + sim.ICCID + "|8988303000000000250": {50, 8}, "iccid_with_luhn:" + sim.ICCIDWithLuhn: {8}, "imsi:" + sim.IMSI: {8}, "imsi:1": nil,
			"timestamp:2026-11-22": all, "from:2026-11-22T10:00:00Z": all, "from:2026-11-22T00:00:00Z,until:2026-11-22T23:59:59Z": all, "until:2026-11-21T23:59:59Z": nil,
			"from:2026-11-23": nil, "until:2026-11-22": all, "network:x": nil, "rat:4G|5G": nil, "country:de": nil, "Type:8,user:1": {8},
		} {
			if got := eventTypes(admin, "/api/v1/event", url.Values{"q": {text}, "sort": {"id"}}); !slices.Equal(got, want) {
				t.Errorf("q=%s: %v, want %v", text, got, want)
			}
		}
		for _, text := range []string{"alert:yes", "alert:1", "type:x", "from:today", "until:", "iccid_with_luhn:" + sim.ICCID, "network:", "colour:1"} {
			wantCode(t, admin.Get("/api/v1/event?"+q(text).Encode()), http.StatusUnprocessableEntity, 1301)
		}
		for _, field := range []string{"id", "timestamp", "source", "severity", "alert", "organisation", "user", "endpoint", "tags", "ip_address", "iccid", "imsi", "type", "event_type"} {
			for _, sign := range []string{"", "-", "+"} {
				if got := eventTypes(admin, "/api/v1/event", sort(sign+field)); len(got) != 3 {
					t.Errorf("sort=%s%s: %v", sign, field, got)
				}
			}
		}
		for order, want := range map[string][]int64{"type": {8, 43, 50}, "-type": {50, 43, 8}, "-iccid,id": {8, 50, 43}, "-tags,-id": {50, 43, 8}} {
			if got := eventTypes(admin, "/api/v1/event", sort(order)); !slices.Equal(got, want) {
				t.Errorf("sort=%s: %v, want %v", order, got, want)
			}
		}
		for _, field := range []string{"network", "from", "imei"} {
			wantCode(t, admin.Get("/api/v1/event?"+sort(field).Encode()), http.StatusUnprocessableEntity, 1302)
		}
	})
}

// Every field that a list names can be filtered by, or sorted by, on both engines.
func TestEveryFieldOfEveryList(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		admin := kit.StartFerry(t, e).As("admin@example.com")
		for path, spec := range map[string]fleet.ListSpec{
			"/api/v1/sim": fleet.SIMList, "/api/v1/endpoint": fleet.DeviceList, "/api/v1/event": fleet.EventList, "/api/v1/migration": fleet.MigrationList,
			"/api/v1/user": fleet.UserList, "/api/v1/audit": fleet.AuditList, "/api/v1/application_token": fleet.ApplicationTokenList, "/api/v1/service_profile": fleet.ProfileList,
		} {
			for _, f := range spec.Fields {
				value := map[fleet.FieldKind]string{
					fleet.IntegerField: "1", fleet.BoolField: "false", fleet.TimeField: "2026-11-22", fleet.FromField: "2026-11-22", fleet.UntilField: "2026-11-22",
					fleet.LuhnField: "89883030000067385937", fleet.ICCIDField: "8988303000006738593",
				}[f.Kind]
				switch {
				case f.Values != nil:
					value = f.Values[0]
				case f.Range != [2]int64{}:
					value = strconv.FormatInt(f.Range[0], 10)
				case value == "":
					value = "x"
				}
				values := []string{value, value + "|" + value}
				if f.Nullable {
					values = append(values, "null", "null|"+value)
				}
				for _, v := range values {
					admin.Get(path + "?" + q(f.Name+":"+v).Encode()).Is(http.StatusOK)
				}
				want := http.StatusOK
				if f.NoSort {
					want = http.StatusUnprocessableEntity
				}
				admin.Get(path + "?" + sort(strings.ToUpper(f.Name)).Encode()).Is(want)
			}
		}
	})
}

func TestQueriesOfPublicClients(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		admin := kit.StartFerry(t, e).As("admin@example.com")
		all := listed(admin, "/api/v1/sim", nil)
		if got := listed(admin, "/api/v1/sim", q("satellite_capable:false")); !slices.Equal(got, all) {
			t.Errorf("not satellite_capable: %d of %d", len(got), len(all))
		}
		if got := listed(admin, "/api/v1/sim", q("satellite_capable:true")); len(got) != 0 {
			t.Errorf("satellite_capable: %v", got)
		}
		sim := readSIM(admin, kit.AttachedSIM)
		for _, text := range []string{"iccid:" + sim.ICCID, "iccid_with_luhn:" + sim.ICCIDWithLuhn, "imsi:" + sim.IMSI} {
			if got := listed(admin, "/api/v1/endpoint", q(text)); !slices.Equal(got, []int64{kit.DeviceWithSIM}) {
				t.Errorf("q=%s: %v", text, got)
			}
		}
		if got := listed(admin, "/api/v1/endpoint", q("iccid:8988303000000000252")); len(got) != 0 {
			t.Errorf("a SIM in no device: %v", got)
		}
	})
}
