package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// busy returns a server with events in Workspace 100, a minute apart: SIM 252 was activated by a
// user and suspended by an application token, a user switched to the Workspace, SIM 250 was
// detached from its device and moved to 200 with 253, SIM 1000 to 300.
func busy(t *testing.T, e kit.Engine) *kit.Server {
	t.Helper()
	s := kit.StartFerry(t, e)
	program := application(s, newApplicationToken(s, control.NewToken{}))
	for _, step := range []func(){
		func() { s.As("user@example.com").Patch(simURL(kit.IssuedSIM), status(1)).Is(http.StatusNoContent) },
		func() { program.Patch(simURL(kit.IssuedSIM), status(2)).Is(http.StatusNoContent) },
		func() { s.As("target@example.com").In(kit.FleetDE) },
		func() {
			s.As("admin@example.com").Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}, {"id": %d}], "auto_detach_devices": true, "dry_run": false}`, kit.FleetFR, kit.AttachedSIM, kit.SuspendedSIM)).Is(http.StatusOK)
		},
		func() {
			s.As("root@example.com").Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 1000}], "dry_run": false}`, kit.FleetUS)).Is(http.StatusOK)
		},
	} {
		s.Clock.Advance(time.Minute)
		step()
	}
	return s
}

func eventTypes(c *kit.Client, path string, query url.Values) []int64 {
	c.T.Helper()
	var list []api.Event
	c.Get(path + "?" + query.Encode()).Is(http.StatusOK).JSON(&list)
	types := make([]int64, len(list))
	for i, e := range list {
		types[i] = e.Type.ID
	}
	return types
}

func TestFilterEvents(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := busy(t, e)
		c := s.As("observer@example.com")
		filtered := make(map[string]bool)
		for text, want := range map[string][]int64{
			"":                     {69, 69, 9, 50, 67, 9, 8},
			"id:0":                 {},
			"timestamp:2026-11-22": {69, 69, 9, 50, 67, 9, 8},
			"timestamp:2026-11-21": {},
			"timestamp:2026-11-22T10:01:00.000Z|2026-11-22T10:03:00Z": {67, 8},
			"event_type:8|50":              {50, 8},
			"event_type:69,user:8":         {69},
			"event_type:77":                {}, // a type of the vendor that is never written
			"event_source:2":               {69, 69, 9, 50, 67, 9, 8},
			"event_source:0|1":             {},
			"event_severity:0":             {69, 69, 9, 50, 67, 9, 8},
			"event_severity:1|2":           {},
			"sim:252":                      {9, 8},
			"sim:250":                      {9, 50},
			"sim:null":                     {69, 69, 67},
			"sim:null|252,event_type:67|8": {67, 8},
			"endpoint:9001":                {9, 50},
			"endpoint:null":                {69, 69, 67, 9, 8},
			"user:4":                       {8},
			"user:null":                    {9},
			"user:1|null":                  {69, 9, 50, 9},
			"organisation:100,user:4":      {8},
			"organisation:200":             {},
			"from:2026-11-22T10:03:00Z,until:2026-11-22T10:03:59Z": {67},
			"from:2026-11-22T10:04:30Z":                            {69},
			"until:2026-11-22T10:01:59Z":                           {8},
			"until:2026-11-21":                                     {},
			"type:8|67":                                            {67, 8},
			"source:2":                                             {69, 69, 9, 50, 67, 9, 8},
			"source:0":                                             {},
			"severity:0":                                           {69, 69, 9, 50, 67, 9, 8},
			"severity:2":                                           {},
			"alert:false":                                          {69, 69, 9, 50, 67, 9, 8},
			"alert:true":                                           {},
			"description:Status of SIM changed":                    {9, 9, 8},
			"description:of SIM":                                   {},
			"tags:north":                                           {},
			"ip_address:10.0.0.1":                                  {},
			"imei:3531":                                            {},
			"iccid:8988303000000000252":                            {9, 8},
			"iccid:8988303000000000250|8988303000000000252": {9, 50, 9, 8},
			"iccid_with_luhn:89883030000000002524":          {9, 8},
			"imsi:295050000000252":                          {9, 8},
			"network:x":                                     {},
			"rat:4":                                         {},
			"country:de":                                    {},
		} {
			name, _, _ := strings.Cut(text, ":")
			filtered[name] = true
			if diff := cmp.Diff(want, eventTypes(c, "/api/v1/event", q(text))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
		for _, f := range fleet.EventList.Fields {
			if !filtered[f.Name] {
				t.Errorf("no test filters by %s", f.Name)
			}
		}
		if got := eventTypes(c, simURL(kit.IssuedSIM)+"/event", q("event_type:8")); !slices.Equal(got, []int64{8}) {
			t.Errorf("of one SIM: %v", got)
		}
		// Events stay: those of SIM 250 in 100 are not visible in 200.
		if got := eventTypes(s.As("admin@example.com").In(kit.FleetFR), simURL(kit.AttachedSIM)+"/event", nil); len(got) != 0 {
			t.Errorf("of SIM 250 in its new Workspace: %v", got)
		}
		for _, id := range []string{"0", "-1", "290", "999999"} {
			if got := c.Get("/api/v1/sim/" + id + "/event").Is(http.StatusOK); string(got.Body) != "[]" {
				t.Errorf("events of SIM %s: %s", id, got.Body)
			}
		}
		c.Get("/api/v1/sim/x/event").Is(http.StatusBadRequest)
		if got := eventTypes(c, "/api/v1/user/user@example.com/event", nil); !slices.Equal(got, []int64{8}) {
			t.Errorf("of a user by the e-mail address: %v", got)
		}
	})
}

func TestContract_EventSort(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := busy(t, e)
		c := s.As("observer@example.com")
		none := func(api.Event) int64 { return 0 } // missing values sort alike
		value := map[string]func(api.Event) int64{
			"id": func(e api.Event) int64 { return e.ID }, "timestamp": func(e api.Event) int64 { return e.Timestamp.UnixMilli() },
			"event_type": func(e api.Event) int64 { return e.Type.ID }, "event_source": func(e api.Event) int64 { return e.Source.ID },
			"event_severity": func(e api.Event) int64 { return e.Severity.ID },
			"sim": func(e api.Event) int64 {
				if e.SIM == nil {
					return 0
				}
				return e.SIM.ID
			},
			"endpoint": func(e api.Event) int64 {
				if e.Endpoint == nil {
					return 0
				}
				return e.Endpoint.ID
			},
			"organisation": func(e api.Event) int64 { return e.Organisation.ID },
			"user": func(e api.Event) int64 {
				if e.User == nil {
					return 0
				}
				return e.User.ID
			},
		}
		for name, of := range map[string]string{"type": "event_type", "source": "event_source", "severity": "event_severity", "iccid": "sim", "imsi": "sim"} {
			value[name] = value[of]
		}
		for _, name := range []string{"alert", "tags", "ip_address"} {
			value[name] = none
		}
		for _, f := range fleet.EventList.Fields {
			if f.NoSort {
				wantCode(t, c.Get("/api/v1/event?sort="+f.Name), http.StatusUnprocessableEntity, 1302)
				continue
			}
			for _, by := range []string{f.Name, "-" + f.Name, strings.ToUpper(f.Name)} {
				var list []api.Event
				c.Get("/api/v1/event?sort=" + by).Is(http.StatusOK).JSON(&list)
				sorted := slices.IsSortedFunc(list, func(a, b api.Event) int {
					if by[0] == '-' {
						a, b = b, a
					}
					return int(value[f.Name](a) - value[f.Name](b))
				})
				if len(list) != 7 || !sorted {
					t.Errorf("by %s: %+v", by, list)
				}
			}
		}
	})
}

func TestContract_EventShape(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		c := busy(t, e).As("observer@example.com")
		var list []map[string]any
		c.Get("/api/v1/event").Is(http.StatusOK).JSON(&list)
		for _, event := range list {
			for _, key := range []string{"imsi", "detail"} {
				if _, there := event[key]; there {
					t.Errorf("%s in %v", key, event)
				}
			}
		}
		var of map[string]any
		for _, event := range list {
			if sim, ok := event["sim"].(map[string]any); ok && sim["id"] == 252.0 && event["user"] == nil {
				of = event
			}
		}
		delete(of, "id")
		want := map[string]any{
			"timestamp": "2026-11-22T10:02:00.000Z", "alert": false, "description": "Status of SIM changed from 'Activated' to 'Suspended'",
			"event_type": map[string]any{"id": 9.0, "description": "SIM suspension"}, "event_source": map[string]any{"id": 2.0, "description": "API"},
			"event_severity": map[string]any{"id": 0.0, "description": "Info"}, "organisation": map[string]any{"id": 100.0, "name": "Fleet DE"},
			"sim": map[string]any{"id": 252.0, "iccid": kit.ICCID(kit.IssuedSIM)},
		}
		if diff := cmp.Diff(want, of); diff != "" {
			t.Errorf("what a program did (-want +got):\n%s", diff)
		}
	})
}

func TestFilterMigrations(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := busy(t, e)
		c := s.As("observer@example.com")
		all := listed(c, "/api/v1/migration", nil)
		if len(all) != 2 || all[0] < all[1] {
			t.Fatalf("newest first: %v", all)
		}
		second, first := all[0], all[1]
		for text, want := range map[string][]int64{
			fmt.Sprintf("id:%d", first):            {first},
			fmt.Sprintf("id:%d|%d", first, second): {second, first},
			"timestamp:2026-11-22":                 {second, first},
			"timestamp:2026-11-22T10:04:00Z":       {first},
			"timestamp:2026-11-23":                 {},
			"user:8":                               {second},
			"user:1|8":                             {second, first},
			"user:4":                               {},
			"target_workspace:200":                 {first},
			"target_workspace:300,user:1":          {},
		} {
			if diff := cmp.Diff(want, listed(c, "/api/v1/migration", q(text))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
		for _, f := range fleet.MigrationList.Fields {
			if f.NoSort {
				continue
			}
			ascending, descending := listed(c, "/api/v1/migration", sort(strings.ToUpper(f.Name))), listed(c, "/api/v1/migration", sort("-"+f.Name))
			if !slices.Equal(ascending, []int64{first, second}) || !slices.Equal(descending, []int64{second, first}) {
				t.Errorf("by %s: %v, reversed %v", f.Name, ascending, descending)
			}
		}
		for _, id := range []string{"x", "1.5", "%00"} {
			wantCode(t, c.Get("/api/v1/migration/"+id), http.StatusBadRequest, 1000)
		}
		// The stranger sees nothing of it; a member of one side sees that side's.
		if got := listed(s.As("stranger@example.com"), "/api/v1/migration", nil); len(got) != 0 {
			t.Errorf("the stranger sees %v", got)
		}
		if got := listed(s.As("root@example.com").In(kit.Elsewhere), "/api/v1/migration", nil); len(got) != 2 {
			t.Errorf("the SuperAdmin sees %v", got)
		}
	})
}
