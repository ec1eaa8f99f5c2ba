package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// Create, read, change every property, enable and disable, delete.
func TestDeviceLife(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		s.Clock.Advance(time.Hour)
		made := user.Post(endpoint, deviceBody(object{
			"name": "meter", "tags": "north, water", "imei": "353175101234560", "imei_lock": true, "ip_address": "2001:DB8::1",
		})).Is(http.StatusCreated)
		var got api.Device
		made.JSON(&got)
		created := api.NewTime(s.Clock.Now())
		want := api.Device{
			ID: got.ID, Name: "meter", Tags: "north, water", IMEI: "353175101234560", IMEILock: true, IPAddress: "2001:db8::1",
			Created: created, LastUpdated: created, Status: api.Ref{ID: 0, Description: "Enabled"},
			ServiceProfile: &api.NamedRef{ID: 1, Name: "Default"}, TariffProfile: &api.NamedRef{ID: 1, Name: "Default"},
		}
		if diff := cmp.Diff(want, got); diff != "" || made.Header.Get("Location") != deviceURL(got.ID) {
			t.Errorf("created at %s (-want +got):\n%s", made.Header.Get("Location"), diff)
		}
		s.Clock.Advance(time.Hour)
		user.Patch(deviceURL(got.ID), `{"name": "gauge", "tags": null, "imei": "", "imei_lock": false, "ip_address": "10.0.0.7", "status": {"id": 1.0, "description": "?"}, "service_profile": {"id": 1, "name": "?"}}`).Is(http.StatusNoContent)
		want.Name, want.Tags, want.IMEI, want.IMEILock, want.IPAddress = "gauge", "", "", false, "10.0.0.7"
		want.Status, want.LastUpdated = api.Ref{ID: 1, Description: "Disabled"}, api.NewTime(s.Clock.Now())
		if diff := cmp.Diff(want, readDevice(user, got.ID)); diff != "" {
			t.Errorf("changed (-want +got):\n%s", diff)
		}
		s.Untouched("what is so already", func() {
			user.Patch(deviceURL(got.ID), `{"name": " gauge ", "status": {"id": 1}, "sim": {"id": null}}`).Is(http.StatusNoContent)
			user.Patch(deviceURL(got.ID), `{}`).Is(http.StatusNoContent)
		})
		user.Patch(deviceURL(got.ID), `{"status": {"id": 0}}`).Is(http.StatusNoContent)
		wanted := []string{"43 Status of endpoint changed from 'Enabled' to 'Disabled'", "42 Status of endpoint changed from 'Disabled' to 'Enabled'"}
		if diff := cmp.Diff(wanted, deviceEvents(user, got.ID)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		user.Do("DELETE", deviceURL(got.ID), nil).Is(http.StatusNoContent)
		for _, a := range []*kit.Answer{user.Get(deviceURL(got.ID)), user.Patch(deviceURL(got.ID), `{"name": "x"}`), user.Do("DELETE", deviceURL(got.ID), nil)} {
			if body := wantCode(t, a, http.StatusNotFound, 1401); body.Message != fmt.Sprintf("Endpoint with Id '%d' not found.", got.ID) || body.Errors != nil {
				t.Errorf("%s: %s", a.Request, a.Body)
			}
		}
		if next := makeDevice(user, nil); next.ID <= got.ID {
			t.Errorf("the id %d is given out again as %d", got.ID, next.ID)
		}
		s.CheckInvariants()
	})
}

// A SIM is attached and detached, and the ledger has each step.
func TestAttachSIM(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		before := readSIM(user, kit.IssuedSIM)
		d := makeDevice(user, object{"name": "meter", "sim": object{"id": kit.IssuedSIM, "iccid": before.ICCID}})
		after := readSIM(user, kit.IssuedSIM)
		if after.Status.ID != 1 || after.ActivationDate == nil || after.Endpoint == nil || *after.Endpoint != (api.NamedRef{ID: d.ID, Name: "meter"}) {
			t.Errorf("after the creation: %+v", after)
		}
		inside := after
		inside.Endpoint = nil
		if diff := cmp.Diff(&inside, d.SIM); diff != "" {
			t.Errorf("in the device is another SIM than in the list of SIMs (-list +device):\n%s", diff)
		}
		user.Patch(deviceURL(d.ID), fmt.Sprintf(`{"sim": {"id": %d}}`, kit.IssuedSIM)).Is(http.StatusNoContent) // it is there
		user.Patch(deviceURL(d.ID), `{"sim": {"id": null}, "status": {"id": 1}}`).Is(http.StatusNoContent)
		if got := readSIM(user, kit.IssuedSIM); got.Endpoint != nil || got.Status.ID != 1 {
			t.Errorf("after the release: %+v", got)
		}
		user.Patch(deviceURL(d.ID), `{"sim": {"id": 253.0, "imsi": "x"}}`).Is(http.StatusNoContent) // a suspended one, into a disabled device
		if got := readSIM(user, kit.SuspendedSIM); got.Endpoint == nil || got.Status.ID != 2 {
			t.Errorf("after the assignment: %+v", got)
		}
		wanted := []string{
			fmt.Sprintf("51 SIM 252 assigned to endpoint %d", d.ID), "43 Status of endpoint changed from 'Enabled' to 'Disabled'",
			fmt.Sprintf("50 SIM 252 released from endpoint %d", d.ID), fmt.Sprintf("51 SIM 253 assigned to endpoint %d", d.ID),
		}
		if diff := cmp.Diff(wanted, deviceEvents(user, d.ID)); diff != "" {
			t.Errorf("events of the device (-want +got):\n%s", diff)
		}
		var types []int64
		for _, e := range eventsOf(user, kit.IssuedSIM) {
			types = append(types, e.Type.ID)
		}
		if diff := cmp.Diff([]int64{8, 51, 50}, types); diff != "" {
			t.Errorf("events of the SIM (-want +got):\n%s", diff)
		}
		got := s.Rows("SELECT kind, sims FROM ledger WHERE kind > 1 ORDER BY id")
		if diff := cmp.Diff("[[3 1] [4 1] [3 1]]", fmt.Sprint(got)); diff != "" {
			t.Errorf("ledger: %s", diff)
		}
		s.CheckInvariants()
	})
}

// A conflict is a 409 that names its cause, and nothing changes.
func TestAttachSIMRefused(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		s.Untouched("a SIM or device in use", func() {
			for _, c := range []struct{ method, path, body, message string }{
				{"PATCH", deviceURL(kit.EmptyDevice), fmt.Sprintf(`{"sim": {"id": %d}, "name": "x"}`, kit.AttachedSIM), "SIM 250 sits in device 9001"},
				{"PATCH", deviceURL(kit.DeviceWithSIM), fmt.Sprintf(`{"sim": {"id": %d}}`, kit.ActivatedSIM), "device 9001 holds SIM 250"},
				{"POST", endpoint, strings.Replace(newDevice, "{", fmt.Sprintf(`{"sim": {"id": %d}, `, kit.AttachedSIM), 1), "SIM 250 sits in device 9001"},
				{"DELETE", deviceURL(kit.DeviceWithSIM), "", "Endpoint 9001 holds SIM 250"},
				{"PATCH", multi, fmt.Sprintf(`[{"id": %d, "sim": {"id": null}}, {"id": %d, "sim": {"id": %d}}]`, kit.DeviceWithSIM, kit.EmptyDevice, kit.AttachedSIM), "[1].sim: SIM 250 sits in device 9001"},
			} {
				var body any
				if c.body != "" {
					body = c.body
				}
				if got := wantCode(t, user.Do(c.method, c.path, body), http.StatusConflict, 1406); !strings.Contains(got.Message, c.message) {
					t.Errorf("%s %s %s: %s", c.method, c.path, c.body, got.Message)
				}
			}
		})
	})
}

// All faults of a device are reported together, each with its code.
func TestInvalidDevices(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		long := strings.Repeat("é", 256)
		s.Untouched("an invalid device", func() {
			for _, c := range []struct {
				method, path string
				body         any
				codes        []int
			}{
				{"POST", endpoint, object{}, []int{1402, 1402, 1402}},
				{"POST", endpoint, object{"status": nil, "service_profile": nil, "tariff_profile": nil}, []int{1402, 1402, 1402}},
				{"POST", endpoint, deviceBody(object{"service_profile": object{"id": 7}}), []int{1401}},
				{"POST", endpoint, deviceBody(object{"tariff_profile": object{"id": -1}, "sim": object{"id": 9999}}), []int{1401, 1401}},
				{"POST", endpoint, deviceBody(object{"sim": object{"id": kit.SIMElsewhere}}), []int{1401}}, // of another Workspace
				{"POST", endpoint, deviceBody(object{"sim": object{"id": kit.DeletedSIM}}), []int{1401}},   // deleted
				{"POST", endpoint, deviceBody(object{"sim": object{"id": 0}}), []int{1401}},
				{"POST", endpoint, deviceBody(object{"name": long, "tags": "a\nb", "imei": "123", "ip_address": "10.0.0.256"}), []int{1404, 1403, 1403, 1403}},
				{"PATCH", deviceURL(kit.EmptyDevice), object{"imei": "35317510123456x", "ip_address": "fe80::1%1"}, []int{1403, 1403}},
				{"PATCH", deviceURL(kit.EmptyDevice), object{"service_profile": object{"id": int64(9223372036854775807)}}, []int{1401}},
				{"POST", multi, []any{deviceBody(nil), deviceBody(object{"imei": "1"}), object{"status": object{"id": 1}}}, []int{1403, 1402, 1402}},
				{"PATCH", multi, []any{object{"id": kit.DeviceWithSIM, "name": "x"}, object{"id": kit.EmptyDevice, "sim": object{"id": kit.SIMInFR}}}, []int{1401}},
			} {
				got := wantCode(t, user.Do(c.method, c.path, c.body), http.StatusUnprocessableEntity, 1400)
				var codes []int
				for _, p := range got.Errors {
					codes = append(codes, p.ErrorCode)
				}
				if diff := cmp.Diff(c.codes, codes); diff != "" || got.Message != got.Errors[0].Message {
					t.Errorf("%s %s %v: %+v", c.method, c.path, c.body, got)
				}
			}
		})
		got := wantCode(t, user.Patch(multi, fmt.Sprintf(`[{"id": %d, "name": "x"}, {"id": %d, "imei": "1"}]`, kit.DeviceWithSIM, kit.EmptyDevice)), http.StatusUnprocessableEntity, 1400)
		if !strings.HasPrefix(got.Message, "[1].imei: ") {
			t.Errorf("the message does not say which: %s", got.Message)
		}
	})
}

// A malformed request is refused with 400 without using the database.
func TestMalformedDevices(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		many := func(n int) []any {
			list := make([]any, n)
			for i := range list {
				list[i] = object{"id": i + 1}
			}
			return list
		}
		s.Untouched("a malformed request", func() {
			for _, c := range []struct {
				method, path string
				body         any
			}{
				{"POST", endpoint, `{`}, {"POST", endpoint, `[]`}, {"POST", endpoint, deviceBody(object{"colour": "red"})},
				{"POST", endpoint, deviceBody(object{"name": 7})}, {"POST", endpoint, deviceBody(object{"status": object{"id": 2}})},
				{"POST", endpoint, deviceBody(object{"status": object{"id": 9}})}, {"POST", endpoint, deviceBody(object{"status": object{"id": "0"}})},
				{"POST", endpoint, deviceBody(object{"status": 0})}, {"POST", endpoint, deviceBody(object{"sim": object{"activate": true}})},
				{"POST", endpoint, deviceBody(object{"sim": object{"id": kit.IssuedSIM, "activate": "no"}})}, {"POST", endpoint, deviceBody(object{"sim": object{"id": kit.IssuedSIM, "activate": nil}})},
				{"POST", endpoint, deviceBody(object{"imei_lock": nil})}, {"POST", endpoint, deviceBody(object{"imei": 353175101234560})},
				{"PATCH", deviceURL(kit.DeviceWithSIM), object{"sim": nil}}, {"PATCH", deviceURL(kit.DeviceWithSIM), object{"sim": object{}}}, {"PATCH", deviceURL(kit.DeviceWithSIM), object{"status": nil}},
				{"PATCH", deviceURL(kit.DeviceWithSIM), object{"service_profile": nil}}, {"PATCH", deviceURL(kit.DeviceWithSIM), object{"sim": object{"id": 250.5}}},
				{"PATCH", endpoint + "/abc", object{}}, {"GET", endpoint + "/9001.5", nil}, {"DELETE", endpoint + "/9223372036854775808", nil}, {"GET", endpoint + "/x/event", nil},
				{"POST", multi, `[]`}, {"POST", multi, `[{"colour": 1}]`}, {"PATCH", multi, `[{"name": "x"}]`}, {"PATCH", multi, `[{"id": null}]`},
				{"PATCH", multi, fmt.Sprintf(`[{"id": %d}, {"id": 9001.0}]`, kit.DeviceWithSIM)}, {"PATCH", multi, fmt.Sprintf(`[{"id": %d, "sim": {"id": %d}}, {"id": %d, "sim": {"id": %d}}]`, kit.EmptyDevice, kit.ActivatedSIM, kit.DeviceWithSIM, kit.ActivatedSIM)},
				{"PATCH", multi, many(2001)}, {"DELETE", multi, many(2001)}, {"POST", multi, many(2001)}, {"DELETE", multi, `[]`}, {"DELETE", multi, `null`},
				{"DELETE", multi, `[{}]`}, {"DELETE", multi, `[9001]`}, {"DELETE", multi, `[{"id": "9001"}]`}, {"DELETE", multi, fmt.Sprintf(`[{"id": %d, "id": %d}]`, kit.EmptyDevice, kit.DeviceWithSIM)},
			} {
				if got := user.Do(c.method, c.path, c.body); got.Status != http.StatusBadRequest {
					t.Errorf("%s %s %.80v: %d %s", c.method, c.path, c.body, got.Status, got.Body)
				} else {
					wantCode(t, got, http.StatusBadRequest, 1000)
				}
			}
		})
		got := wantCode(t, user.Patch(multi, fmt.Sprintf(`[{"id": %d, "name": "x"}, {"id": %d, "status": {"id": 7}}]`, kit.DeviceWithSIM, kit.EmptyDevice)), http.StatusBadRequest, 1000)
		if !strings.HasPrefix(got.Message, "[1].status.id: ") {
			t.Errorf("the message does not say which: %s", got.Message)
		}
	})
}

// Many devices in one request: all of them, or none.
func TestManyDevices(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		const n = 600 // all SIMs of the range 1000 to 1599
		create, patch, gone := make([]any, n), make([]any, n), make([]any, n)
		for i := range create {
			create[i] = deviceBody(object{"name": fmt.Sprintf("meter-%d", i), "sim": object{"id": 1000 + i, "activate": true}})
		}
		var made []api.Device
		user.Post(multi, create).Is(http.StatusCreated).JSON(&made)
		for i, d := range made {
			if d.Name != fmt.Sprintf("meter-%d", i) || d.SIM == nil || d.SIM.ID != int64(1000+i) || d.SIM.Status.ID != 1 {
				t.Fatalf("device %d of the answer is %+v", i, d)
			}
			patch[i] = object{"id": d.ID, "status": object{"id": 1}, "sim": object{"id": nil}}
			gone[n-1-i] = object{"id": d.ID, "name": d.Name}
		}
		s.Untouched("a change of devices of which one does not exist", func() {
			odd := append([]any{object{"id": 777}, object{"id": -1, "name": "x"}}, patch...)
			for _, a := range []*kit.Answer{user.Patch(multi, odd), user.Do("DELETE", multi, []any{object{"id": made[0].ID}, object{"id": 777}, object{"id": -1}})} {
				got := wantCode(t, a, http.StatusNotFound, 1401)
				if got.Message != "Endpoint with Id '777' not found." || len(got.Errors) != 2 || got.Errors[1].Message != "Endpoint with Id '-1' not found." {
					t.Errorf("%s: %s", a.Request, a.Body)
				}
			}
		})
		user.Patch(multi, patch).Is(http.StatusNoContent)
		if got := listed(user, "/api/v1/sim", q("status:1,endpoint:null,iccid:8988303000000001")); len(got) != n {
			t.Errorf("%d SIMs are activated and free, want %d", len(got), n)
		}
		if got := listed(user, endpoint, q("status:1,sim:null")); len(got) != n {
			t.Errorf("%d devices are disabled and free, want %d", len(got), n)
		}
		user.Do("DELETE", multi, gone).Is(http.StatusNoContent)
		if got := listed(user, endpoint, nil); len(got) != 2 {
			t.Errorf("%d devices are left, want 2", len(got))
		}
		s.CheckInvariants()
	})
}

// Every write with a key takes effect once, whatever its response.
func TestDeviceKeys(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		spare := makeDevice(user, nil).ID
		for i, c := range []struct{ method, path, body, same, other string }{
			{"POST", endpoint, newDevice, strings.Replace(newDevice, `"id": 0`, `"id": 0.0, "description": "x"`, 1), strings.Replace(newDevice, "{", `{"name": "x", `, 1)},
			{"POST", multi, "[" + newDevice + "]", "[" + newDevice + " ]", "[" + newDevice + "," + newDevice + "]"},
			{"PATCH", deviceURL(kit.EmptyDevice), `{"status": {"id": 1}}`, `{"status": {"id": 1e0}}`, `{"status": {"id": 0}}`},
			{"PATCH", multi, fmt.Sprintf(`[{"id": %d, "sim": {"id": %d}}]`, kit.EmptyDevice, kit.ActivatedSIM), `[{"sim": {"activate": false, "id": 251.0}, "id": 9002.0}]`, fmt.Sprintf(`[{"id": %d, "sim": {"id": null}}]`, kit.EmptyDevice)},
			{"PATCH", deviceURL(kit.DeviceWithSIM), fmt.Sprintf(`{"sim": {"id": %d}}`, kit.IssuedSIM), fmt.Sprintf(`{"sim": {"id": %d, "x": 1}}`, kit.IssuedSIM), fmt.Sprintf(`{"sim": {"id": %d}}`, kit.SuspendedSIM)}, // a 409, and kept
			{"DELETE", multi, fmt.Sprintf(`[{"id": %d}]`, spare), fmt.Sprintf(`[{"id": %d.0}]`, spare), fmt.Sprintf(`[{"id": %d}]`, kit.EmptyDevice)},
		} {
			keyed := user.With("Idempotency-Key", fmt.Sprintf("key %d", i))
			first := keyed.Do(c.method, c.path, c.body)
			s.Untouched("a replay", func() {
				again := keyed.Do(c.method, c.path, c.same)
				if again.Status != first.Status || !bytes.Equal(again.Body, first.Body) || again.Header.Get("Idempotent-Replayed") != "true" ||
					again.Header.Get("Location") != first.Header.Get("Location") {
					t.Errorf("%s: %d %s, then %d %s %v", first.Request, first.Status, first.Body, again.Status, again.Body, again.Header)
				}
				wantCode(t, keyed.Do(c.method, c.path, c.other), http.StatusUnprocessableEntity, 1406)
			})
		}
		keyed := user.With("Idempotency-Key", "delete")
		keyed.Do("DELETE", deviceURL(kit.EmptyDevice), nil).Is(http.StatusConflict)
		if got := keyed.Do("DELETE", deviceURL(kit.EmptyDevice), nil).Is(http.StatusConflict); got.Header.Get("Idempotent-Replayed") != "true" {
			t.Error("a 409 of the rules was not kept")
		}
	})
}

// A client reads a device, changes a property, and sends all of it back.
func TestDeviceSentBack(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		made := makeDevice(user, object{"name": "meter", "tags": "a", "imei": "353175101234560", "ip_address": "10.0.0.1", "sim": object{"id": kit.IssuedSIM}})
		var body object
		user.Get(deviceURL(made.ID)).Is(http.StatusOK).JSON(&body)
		body["name"], body["id"], body["created"] = "gauge", 1, nil
		user.Patch(deviceURL(made.ID), body).Is(http.StatusNoContent)
		made.Name = "gauge"
		if diff := cmp.Diff(made, readDevice(user, made.ID)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		var list []json.RawMessage
		user.Get(endpoint).Is(http.StatusOK).JSON(&list)
		devices := make([]json.RawMessage, 0, len(list))
		user.Patch(multi, append(devices, list...)).Is(http.StatusNoContent)
		if diff := cmp.Diff(made, readDevice(user, made.ID)); diff != "" {
			t.Errorf("after the list was sent back (-want +got):\n%s", diff)
		}
	})
}
