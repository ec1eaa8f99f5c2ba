package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit"
)

// The SIM's status takes precedence over activate in all four operations that attach a SIM, and
// a forbidden transition is refused, not ignored.
func TestStatusOfAnAttachedSIM(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		next := int64(1100) // Issued SIMs
		for _, plugIn := range map[string]func(plug object) *kit.Answer{
			"POST":       func(plug object) *kit.Answer { return user.Post(endpoint, deviceBody(object{"sim": plug})) },
			"POST multi": func(plug object) *kit.Answer { return user.Post(multi, []object{deviceBody(object{"sim": plug})}) },
			"POST multi, object": func(plug object) *kit.Answer {
				return user.Post(multi, inCommon(object{"sim": plug}))
			},
			"PATCH": func(plug object) *kit.Answer {
				return user.Patch(deviceURL(makeDevice(user, nil).ID), object{"sim": plug})
			},
			"PATCH multi": func(plug object) *kit.Answer {
				return user.Patch(multi, []object{{"id": makeDevice(user, nil).ID, "sim": plug}})
			},
		} {
			for _, c := range []struct{ status, want int64 }{{0, 0}, {1, 1}, {4, 4}} {
				for _, activate := range []bool{true, false} {
					next++
					if got := plugIn(object{"id": next, "activate": activate, "status": object{"id": c.status}}); got.Status >= 300 {
						t.Fatalf("%s: %d %s", got.Request, got.Status, got.Body)
					}
					if got := readSIM(user, next); got.Status.ID != c.want || got.Endpoint == nil {
						t.Errorf("activate %v with status %d: the SIM is %+v", activate, c.status, got.Status)
					}
				}
			}
			next++
			got := wantCode(t, plugIn(object{"id": next, "status": object{"id": 2}}), http.StatusUnprocessableEntity, 1400)
			if len(got.Errors) != 1 || got.Errors[0].ErrorCode != 1404 || !strings.Contains(got.Message, "sim.status: SIM "+fmt.Sprint(next)+" cannot go from Issued to Suspended") {
				t.Errorf("%+v", got)
			}
			for _, status := range []any{object{"id": 3}, object{"id": 9}, object{"id": "1"}, object{}, nil, 1} {
				if got := plugIn(object{"id": next, "status": status}); got.Status != http.StatusBadRequest || !strings.Contains(string(got.Body), "status") {
					t.Errorf("%s %v: %d %s", got.Request, status, got.Status, got.Body)
				}
			}
		}
		// A detached SIM can get a status too.
		user.Patch(deviceURL(kit.DeviceWithSIM), `{"sim": {"id": null, "status": {"id": 2}}}`).Is(http.StatusNoContent)
		if got := readSIM(user, kit.AttachedSIM); got.Status.ID != 2 || got.Endpoint != nil {
			t.Errorf("%+v", got)
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

// inCommon returns the object form of many devices.
func inCommon(endpoints ...object) object {
	return deviceBody(object{"endpoints": endpoints})
}

// The object form creates the same devices as the list form, and activates no SIM by default.
func TestDevicesByObject(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		body := inCommon(
			object{"name": "a", "tags": "north", "imei": "3531751012345600", "imei_lock": true, "ip_address": "10.0.0.1", "sim": object{"id": 1200}},
			object{"name": "b", "sim": object{"id": 1201, "activate": true}}, object{},
		)
		body["ip_address_space"] = object{"id": 7}
		var made []api.Device
		user.Post(multi, body).Is(http.StatusCreated).JSON(&made)
		if len(made) != 3 || made[0].Name != "a" || made[0].IMEI != "3531751012345600" || !made[0].IMEILock || made[0].IPAddress != "10.0.0.1" || *made[0].IPAddressSpace.ID != 7 {
			t.Fatalf("%+v", made)
		}
		for i, want := range []int64{0, 1} {
			if made[i].SIM.Status.ID != want {
				t.Errorf("the SIM of device %d: %+v", i, made[i].SIM.Status)
			}
		}
		s.Untouched("a refused object", func() {
			for text, field := range map[string]string{
				`{"endpoints": [{}]}`: "status: it is required",
				`{"status": {"id": 0}, "tariff_profile": {"id": 1}, "endpoints": [{}]}`:                                                                                       "service_profile: it is required",
				`{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "endpoints": [{"imei": "12"}]}`:                                             "[0].imei",
				fmt.Sprintf(`{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "endpoints": [{}, {"sim": {"id": %d}}]}`, kit.SIMElsewhere):     "[1].sim: there is no SIM 290",
				fmt.Sprintf(`{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "organisation": {"id": %d}, "endpoints": [{}]}`, kit.Elsewhere): "organisation: you are not an Administrator",
			} {
				if got := wantCode(t, user.Post(multi, text), http.StatusUnprocessableEntity, 1400); !strings.Contains(got.Message, field) {
					t.Errorf("%s: %s", text, got.Message)
				}
			}
			for _, text := range []string{
				`{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}}`, `{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "endpoints": []}`,
				`{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "endpoints": [{"colour": 1}]}`, `{"status": {"id": 0}, "colour": 1, "endpoints": [{}]}`,
				`{"status": {"id": 0}, "service_profile": {"id": 1}, "tariff_profile": {"id": 1}, "endpoints": [{"sim": {"id": 1300}}, {"sim": {"id": 1300}}]}`,
			} {
				wantCode(t, user.Post(multi, text), http.StatusBadRequest, 1000)
			}
		})
	})
}

// A device may be made in another Workspace that the caller administers, with its profiles.
func TestDeviceOfAnotherWorkspace(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e).Seed(`
profiles:
  - {id: 51, workspace: 200, kind: service, name: Theirs}
  - {id: 52, workspace: 200, kind: tariff, name: Theirs}
`)
		admin, user := s.As("admin@example.com"), s.As("user@example.com")
		program := application(s, newApplicationToken(s, control.NewToken{}))
		own := decodeBody[api.Device](t, admin.Post(endpoint, deviceBody(object{"organisation": object{"id": kit.FleetDE}})), http.StatusCreated)
		admin.Get(deviceURL(own.ID)).Is(http.StatusOK)
		free := listed(admin.In(kit.FleetFR), "/api/v1/sim", q("endpoint:null,status:0"))
		plug := object{}
		if len(free) > 0 {
			plug = object{"sim": object{"id": free[0]}}
		}
		there := deviceBody(plug)
		there["organisation"], there["service_profile"], there["tariff_profile"] = object{"id": kit.FleetFR}, object{"id": 51}, object{"id": 52}
		made := decodeBody[api.Device](t, admin.Post(endpoint, there), http.StatusCreated)
		admin.Get(deviceURL(made.ID)).Is(http.StatusNotFound)
		read := decodeBody[api.Device](t, admin.In(kit.FleetFR).Get(deviceURL(made.ID)), http.StatusOK)
		if diff := cmp.Diff(made, read); diff != "" {
			t.Errorf("answered (-) and read (+):\n%s", diff)
		}
		s.Untouched("a device that must not be made", func() {
			for _, c := range []*kit.Client{user, program} {
				for _, ws := range []int64{kit.FleetFR, kit.Elsewhere, 999} {
					got := c.Post(endpoint, deviceBody(object{"organisation": object{"id": ws}}))
					if refusal := wantCode(t, got, http.StatusUnprocessableEntity, 1400); refusal.Message != "organisation: you are not an Administrator of this Workspace, or it does not exist" {
						t.Errorf("%s: %+v", got.Request, refusal)
					}
				}
			}
			// A SIM of the token's Workspace cannot be attached to it.
			wantCode(t, admin.Post(endpoint, deviceBody(object{"organisation": object{"id": kit.FleetFR}, "sim": object{"id": 1000}})), http.StatusUnprocessableEntity, 1400)
		})
		s.CheckInvariants()
		s.MustFsck()
	})
}

func TestIPAddressSpace(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		user := kit.StartFerry(t, e).As("user@example.com")
		d := makeDevice(user, object{"ip_address": "10.0.0.9", "ip_address_space": object{"id": 42}})
		is := func(want int64) {
			t.Helper()
			got := decodeBody[api.Device](t, user.Get(deviceURL(d.ID)), http.StatusOK).IPAddressSpace
			if (got == nil) != (want == 0) || got != nil && int64(*got.ID) != want {
				t.Errorf("%+v, want %d", got, want)
			}
		}
		is(42)
		user.Patch(deviceURL(d.ID), `{"name": "x"}`).Is(http.StatusNoContent)
		is(42)
		for i, empty := range []string{"null", "{}", `{"id": null}`} {
			user.Patch(deviceURL(d.ID), fmt.Sprintf(`{"ip_address_space": {"id": %d.0}}`, i+1)).Is(http.StatusNoContent)
			is(int64(i + 1))
			user.Patch(deviceURL(d.ID), `{"ip_address_space": `+empty+`}`).Is(http.StatusNoContent)
			is(0)
		}
		wantCode(t, user.Patch(deviceURL(d.ID), `{"ip_address_space": {"id": 0}}`), http.StatusUnprocessableEntity, 1400)
		wantCode(t, user.Patch(deviceURL(d.ID), `{"ip_address_space": {"id": -5}}`), http.StatusUnprocessableEntity, 1400)
		wantCode(t, user.Patch(deviceURL(d.ID), `{"ip_address_space": {"id": "7"}}`), http.StatusBadRequest, 1000)
	})
}

// Deleting many devices takes their SIMs out and suspends them, or deletes them on request.
func TestDeleteDevicesWithSIMs(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		issued := makeDevice(user, object{"sim": object{"id": 1000, "activate": false}})
		s.Untouched("a device that does not exist", func() {
			wantCode(t, user.Do("DELETE", multi, []object{{"id": kit.DeviceWithSIM}, {"id": 9999}}), http.StatusNotFound, 1401)
			for _, query := range []string{"?delete_sims=yes", "?delete_sims=", "?delete_sims=true&delete_sims=false", "?delete_sims=1"} {
				wantBadRequest(t, user.Do("DELETE", multi+query, []object{{"id": kit.DeviceWithSIM}}), "delete_sims")
			}
			wantCode(t, user.Do("DELETE", deviceURL(kit.DeviceWithSIM), nil), http.StatusConflict, 1406)
		})
		user.Do("DELETE", multi+"?delete_sims=false", []object{{"id": kit.DeviceWithSIM}, {"id": issued.ID}, {"id": kit.DeviceWithSIM}}).Is(http.StatusNoContent)
		for sim, want := range map[int64]int64{kit.AttachedSIM: 2, 1000: 0} { // an Issued SIM cannot be suspended
			if got := readSIM(user, sim); got.Endpoint != nil || got.Status.ID != want {
				t.Errorf("SIM %d: %+v", sim, got)
			}
		}
		user.Get(deviceURL(kit.DeviceWithSIM)).Is(http.StatusNotFound)
		if got := eventTypes(user, simURL(kit.AttachedSIM)+"/event", sort("id")); !cmp.Equal(got, []int64{50, 9}) {
			t.Errorf("events: %v", got)
		}
		d := makeDevice(user, object{"sim": object{"id": 1001}})
		user.Do("DELETE", multi+"?delete_sims=true", []object{{"id": d.ID}}).Is(http.StatusNoContent)
		user.Get(simURL(1001)).Is(http.StatusNotFound)
		if got := listed(user, "/api/v1/sim", q("status:3,id:1001")); len(got) != 1 {
			t.Errorf("deleted: %v", got)
		}
		s.CheckInvariants()
		s.MustFsck()
	})
}

// The setting reverses the default of POST /api/v1/endpoint, and nothing else.
func TestDeviceSIMActivateDefault(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		for i, keep := range []bool{false, true} {
			user := onServer(kit.StartWith(t, s.DB, s.Clock, control.Options{KeepSIMsIssued: keep}), s.As("user@example.com"))
			for j, c := range []struct {
				activate any
				want     int64
			}{{"unsaid", map[bool]int64{false: 1, true: 0}[keep]}, {true, 1}, {false, 0}} {
				sim := int64(1400 + 10*i + j)
				plug := object{"id": sim}
				if c.activate != "unsaid" {
					plug["activate"] = c.activate
				}
				makeDevice(user, object{"sim": plug})
				if got := readSIM(user, sim); got.Status.ID != c.want {
					t.Errorf("kept issued %v, activate %v: status %d", keep, c.activate, got.Status.ID)
				}
			}
		}
	})
}
