package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

func TestContract_DeviceScope(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		issuer := s.As("issuer@example.com")
		issuer.Get(simURL(kit.AttachedSIM)).Is(http.StatusOK)
		if got := listed(issuer, endpoint, nil); len(got) != 0 {
			t.Errorf("the issuer sees the devices %v", got)
		}
		wantCode(t, issuer.Get(deviceURL(kit.DeviceWithSIM)), http.StatusNotFound, 1401)
		wantCode(t, issuer.Patch(deviceURL(kit.DeviceWithSIM), `{"sim": {"id": null}}`), http.StatusNotFound, 1401)
	})
}

func TestContract_DeviceShape(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		for id, want := range map[int64][]string{
			kit.EmptyDevice:   {"created", "id", "imei_lock", "last_updated", "name", "status"}, // made by the world file
			kit.DeviceWithSIM: {"created", "id", "imei_lock", "last_updated", "name", "sim", "status"},
			makeDevice(user, object{"tags": "a", "imei": "35317510123456", "ip_address": "::1"}).ID: {
				"created", "id", "imei", "imei_lock", "ip_address", "last_updated", "name", "service_profile", "status", "tags", "tariff_profile",
			},
		} {
			var got object
			user.Get(deviceURL(id)).Is(http.StatusOK).JSON(&got)
			var keys []string
			for k := range got {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			if diff := cmp.Diff(want, keys); diff != "" {
				t.Errorf("device %d (-want +got):\n%s", id, diff)
			}
		}
		sim, alone := *readDevice(user, kit.DeviceWithSIM).SIM, readSIM(user, kit.AttachedSIM)
		alone.Endpoint = nil
		if diff := cmp.Diff(alone, sim); diff != "" {
			t.Errorf("SIM 250 (-list +device):\n%s", diff)
		}
	})
}

func TestContract_DeviceFilters(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		c := kit.StartFerry(t, e).Seed(meters).As("meters@example.com")
		for text, want := range map[string][]int64{"name:gas": {31, 32}, "imei:353175109": {32}, "tags:gasmeter": {31, 32}, "sim_status:1": {33}, "sim:null": {32}, "status:2": {34}, "": {31, 32, 33}} {
			if diff := cmp.Diff(want, listed(c, endpoint, q(text))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		}
	})
}

func TestContract_DeviceClear(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		full := object{"name": "a", "tags": "a", "imei": "35317510123456", "ip_address": "10.0.0.1"}
		for _, empty := range []any{nil, "", " "} {
			d := makeDevice(user, full)
			user.Patch(deviceURL(d.ID), object{"name": empty, "tags": empty, "imei": empty, "ip_address": empty}).Is(http.StatusNoContent)
			if d = readDevice(user, d.ID); d.Name+d.Tags+d.IMEI+d.IPAddress != "" {
				t.Errorf("cleared by %v: %+v", empty, d)
			}
		}
		for _, field := range []string{"status", "service_profile", "tariff_profile", "imei_lock", "sim"} {
			got := wantCode(t, user.Patch(deviceURL(kit.EmptyDevice), object{field: nil}), http.StatusBadRequest, 1000)
			if !strings.HasPrefix(got.Message, field) {
				t.Errorf("%s: %s", field, got.Message)
			}
		}
		if d := makeDevice(user, object{"name": nil, "sim": nil, "imei": nil}); d.Name != "" || d.SIM != nil {
			t.Errorf("made with nulls: %+v", d)
		}
		wantCode(t, user.Post(endpoint, deviceBody(object{"status": nil})), http.StatusUnprocessableEntity, 1400)
	})
}

func TestContract_DeviceValues(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		user := kit.StartFerry(t, e).As("user@example.com")
		for field, values := range map[string][2]string{
			"imei": {"35317510123456", "3531751012345"}, "ip_address": {"2001:db8::7", "10.0.0.0/8"},
			"name": {strings.Repeat("é", 255), strings.Repeat("é", 256)}, "tags": {strings.Repeat("x", 1024), strings.Repeat("x", 1025)},
		} {
			user.Patch(deviceURL(kit.EmptyDevice), object{field: values[0]}).Is(http.StatusNoContent)
			got := wantCode(t, user.Patch(deviceURL(kit.EmptyDevice), object{field: values[1]}), http.StatusUnprocessableEntity, 1400)
			if len(got.Errors) != 1 || !strings.HasPrefix(got.Message, field+": ") {
				t.Errorf("%s: %+v", field, got)
			}
		}
		got := wantCode(t, user.Patch(deviceURL(kit.EmptyDevice), object{"imei": "x", "ip_address": "x", "service_profile": object{"id": 5}}), http.StatusUnprocessableEntity, 1400)
		if len(got.Errors) != 3 {
			t.Errorf("three faults: %+v", got)
		}
	})
}

func TestContract_DeviceIP(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		user := kit.StartFerry(t, e).As("user@example.com")
		for range 2 {
			d := makeDevice(user, object{"ip_address": "2001:0DB8:0:0::5", "ip_address_space": object{"id": 1}})
			if d.IPAddress != "2001:db8::5" {
				t.Errorf("kept as %s", d.IPAddress)
			}
		}
		if d := makeDevice(user, nil); d.IPAddress != "" {
			t.Errorf("given out: %s", d.IPAddress)
		}
	})
}

func TestContract_DeviceDeleted(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		wantCode(t, user.Patch(deviceURL(kit.EmptyDevice), `{"status": {"id": 2}}`), http.StatusBadRequest, 1000)
		wantCode(t, user.Post(endpoint, deviceBody(object{"status": object{"id": 2}})), http.StatusBadRequest, 1000)
		d := makeDevice(user, nil)
		user.Patch(deviceURL(d.ID), `{"status": {"id": 1}}`).Is(http.StatusNoContent)
		user.Do("DELETE", deviceURL(d.ID), nil).Is(http.StatusNoContent)
		wantCode(t, user.Get(deviceURL(d.ID)), http.StatusNotFound, 1401)
		if next := makeDevice(user, nil); next.ID != d.ID+1 {
			t.Errorf("behind %d comes %d", d.ID, next.ID)
		}
		if got := deviceEvents(user, d.ID); len(got) != 1 {
			t.Errorf("its events: %v", got)
		}
		if got := listed(user, endpoint, q("status:2")); !slices.Equal(got, []int64{d.ID}) {
			t.Errorf("deleted ones: %v", got)
		}
	})
}

func TestContract_DeviceActivate(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		for sim, c := range map[int64]struct {
			create   bool
			activate any
			status   int64
		}{
			1000: {true, "unsaid", 1}, 1001: {true, true, 1}, 1002: {true, false, 0},
			1003: {false, "unsaid", 0}, 1004: {false, true, 1}, 1005: {false, false, 0},
			kit.SuspendedSIM: {true, true, 2}, kit.FactoryTestSIM: {true, "unsaid", 4}, kit.ActivatedSIM: {true, "unsaid", 1},
		} {
			plug := object{"id": sim}
			if c.activate != "unsaid" {
				plug["activate"] = c.activate
			}
			if c.create {
				makeDevice(user, object{"sim": plug})
			} else {
				user.Patch(deviceURL(makeDevice(user, nil).ID), object{"sim": plug}).Is(http.StatusNoContent)
			}
			if got := readSIM(user, sim); got.Status.ID != c.status || got.Endpoint == nil {
				t.Errorf("SIM %d, %+v: %+v", sim, c, got)
			}
		}
		// It can also be requested later.
		user.Patch(deviceURL(deviceOfSIM(user, 1003)), `{"sim": {"id": 1003, "activate": true}}`).Is(http.StatusNoContent)
		if got := readSIM(user, 1003).Status.ID; got != 1 {
			t.Errorf("activated in its device: %d", got)
		}
		s.CheckInvariants()
	})
}

func TestContract_DeviceTaken(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		user := kit.StartFerry(t, e).As("user@example.com")
		for path, c := range map[string][2]string{
			deviceURL(kit.EmptyDevice):   {fmt.Sprintf(`{"sim": {"id": %d}}`, kit.AttachedSIM), "sim: SIM 250 sits in device 9001: take it out there first"},
			deviceURL(kit.DeviceWithSIM): {fmt.Sprintf(`{"sim": {"id": %d}}`, kit.ActivatedSIM), "sim: device 9001 holds SIM 250: take it out first"},
		} {
			if got := wantCode(t, user.Patch(path, c[0]), http.StatusConflict, 1406); got.Message != c[1] {
				t.Errorf("%s: %s", path, got.Message)
			}
		}
	})
}

func TestContract_DeviceSIMNull(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		user := kit.StartFerry(t, e).As("user@example.com")
		got := wantCode(t, user.Patch(deviceURL(kit.DeviceWithSIM), `{"sim": null}`), http.StatusBadRequest, 1000)
		if !strings.Contains(got.Message, `{"id": null}`) || simOfDevice(user, kit.DeviceWithSIM) != kit.AttachedSIM {
			t.Errorf("%+v", got)
		}
		user.Patch(deviceURL(kit.DeviceWithSIM), `{"sim": {"id": null}}`).Is(http.StatusNoContent)
		if got := simOfDevice(user, kit.DeviceWithSIM); got != 0 {
			t.Errorf("it holds SIM %d still", got)
		}
	})
}

func TestContract_DeviceEvents(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user, program := s.As("user@example.com"), s.Program(kit.FleetDE)
		d := makeDevice(user, nil)
		user.Patch(deviceURL(d.ID), `{"name": "x", "tags": "y"}`).Is(http.StatusNoContent)
		program.Patch(deviceURL(d.ID), `{"status": {"id": 1}}`).Is(http.StatusNoContent)
		user.Patch(deviceURL(d.ID), `{"status": {"id": 0}}`).Is(http.StatusNoContent)
		user.Do("DELETE", deviceURL(d.ID), nil).Is(http.StatusNoContent)
		var events []api.Event
		user.Get(deviceURL(d.ID) + "/event?sort=id").Is(http.StatusOK).JSON(&events)
		if len(events) != 2 || events[0].Type.ID != 43 || events[1].Type.ID != 42 || events[0].User != nil || events[1].User == nil || events[0].Endpoint.ID != d.ID {
			t.Errorf("%+v", events)
		}
		if got := user.Get(deviceURL(d.ID) + "/event?q=event_type:42").Is(http.StatusOK); got.Header.Get("X-Filter") != "event_type:42" || got.Header.Get("X-Total-Count") != "1" {
			t.Errorf("filtered: %v", got.Header)
		}
	})
}

func TestContract_DeviceUpdated(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		at := func() string { return readDevice(admin, kit.DeviceWithSIM).LastUpdated.Format(time.RFC3339) }
		first := at()
		s.Clock.Advance(time.Minute)
		admin.Patch(deviceURL(kit.DeviceWithSIM), `{"sim": {"id": null}}`).Is(http.StatusNoContent)
		second := at()
		s.Clock.Advance(time.Minute)
		admin.Patch(deviceURL(kit.DeviceWithSIM), fmt.Sprintf(`{"sim": {"id": %d}}`, kit.AttachedSIM)).Is(http.StatusNoContent)
		third := at()
		s.Clock.Advance(time.Minute)
		admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "auto_detach_devices": true, "dry_run": false}`, kit.FleetFR, kit.AttachedSIM)).Is(http.StatusOK)
		admin.Patch(simURL(kit.ActivatedSIM), status(2)).Is(http.StatusNoContent)
		if first == second || second == third || at() != third || simOfDevice(admin, kit.DeviceWithSIM) != 0 {
			t.Errorf("%s, %s, %s, %s", first, second, third, at())
		}
	})
}

func TestContract_DeviceMulti(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		var made []api.Device
		user.Post(multi, []any{deviceBody(object{"name": "b"}), deviceBody(object{"name": "a", "sim": object{"id": kit.IssuedSIM, "activate": true}})}).Is(http.StatusCreated).JSON(&made)
		if len(made) != 2 || made[0].Name != "b" || made[1].Name != "a" || made[1].SIM == nil || made[1].SIM.Status.ID != 1 {
			t.Fatalf("%+v", made)
		}
		ids := fmt.Sprintf(`[{"id": %d}, {"id": %d}, {"id": 9001}]`, made[0].ID, made[1].ID)
		got := wantCode(t, user.Patch(multi, fmt.Sprintf(`[{"id": 1}, {"id": %d, "name": "x"}, {"id": 2}]`, kit.DeviceWithSIM)), http.StatusNotFound, 1401)
		if len(got.Errors) != 2 || got.Errors[0].ErrorCode != 1401 {
			t.Errorf("%+v", got)
		}
		got = wantCode(t, user.Post(multi, []any{deviceBody(nil), deviceBody(object{"imei": "x"})}), http.StatusUnprocessableEntity, 1400)
		if !strings.HasPrefix(got.Message, "[1].imei: ") {
			t.Errorf("%+v", got)
		}
		user.Patch(multi, []any{object{"id": kit.DeviceWithSIM, "sim": object{"id": nil}, "status": object{"id": 1}}}).Is(http.StatusNoContent)
		user.Do("DELETE", multi, ids).Is(http.StatusNoContent)
		if sim := readSIM(user, kit.IssuedSIM); sim.Endpoint != nil || sim.Status.ID != 2 {
			t.Errorf("the SIM of a deleted device: %+v", sim)
		}
		if got := listed(user, endpoint, nil); !slices.Equal(got, []int64{kit.EmptyDevice}) {
			t.Errorf("left: %v", got)
		}
		s.CheckInvariants()
	})
}

func TestContract_DeviceTwice(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		user := kit.StartFerry(t, e).As("user@example.com")
		for _, c := range []struct{ method, body string }{
			{"PATCH", fmt.Sprintf(`[{"id": %d, "name": "x"}, {"id": 9002.0, "name": "y"}]`, kit.EmptyDevice)},
			{"PATCH", fmt.Sprintf(`[{"id": %d, "sim": {"id": %d}}, {"id": %d, "sim": {"id": 251.0}}]`, kit.EmptyDevice, kit.ActivatedSIM, kit.DeviceWithSIM)},
			{"POST", fmt.Sprintf(`[{"sim": {"id": %d}}, {"sim": {"id": %d}}]`, kit.IssuedSIM, kit.IssuedSIM)},
		} {
			if got := wantCode(t, user.Do(c.method, multi, c.body), http.StatusBadRequest, 1000); !strings.Contains(got.Message, "already appears in [0]") {
				t.Errorf("%s: %s", c.body, got.Message)
			}
		}
		user.Do("DELETE", multi, fmt.Sprintf(`[{"id": %d}, {"id": 9002.0}]`, kit.EmptyDevice)).Is(http.StatusNoContent)
	})
}

func TestContract_ProfileShape(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e).Seed(elsewhere)
		user := s.As("user@example.com")
		for _, kind := range []string{"service_profile", "tariff_profile"} {
			if got := string(user.Get("/api/v1/" + kind).Is(http.StatusOK).Body); got != `[{"id":1,"name":"Default"}]` {
				t.Errorf("%s: %s", kind, got)
			}
			for _, id := range []string{"21", "99", "-1"} {
				if got := wantCode(t, user.Get("/api/v1/"+kind+"/"+id), http.StatusNotFound, 1201); got.Message != kind+" with id "+id+" not found" {
					t.Errorf("%s", got.Message)
				}
			}
		}
	})
}
