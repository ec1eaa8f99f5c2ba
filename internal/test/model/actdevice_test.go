package model_test

import (
	"encoding/json"
	"fmt"

	"github.com/simferry/simferry/internal/test/model"
)

const (
	devicePath  = "/api/v1/endpoint"
	devicesPath = "/api/v2/endpoint/multi"
)

var profileKinds = []string{"service_profile", "tariff_profile"}

// device draws a device, usually one of the caller's Workspace.
func (p *pair) device(bearer int) int64 {
	if list := p.model.Devices(bearer); len(list) > 0 && !p.chance(8, "any device") {
		return pick(p, list, "device")
	}
	return pick(p, []int64{9001, 9002, 9003, 9004, 9005, 250, 0, -1}, "device")
}

// drawDevice draws a change of one device, and its JSON.
func (p *pair) drawDevice(bearer int, create bool) (model.DevicePatch, object) {
	var d model.DevicePatch
	body := object{}
	text := func(field string, to **string, values ...string) {
		if !p.chance(3, field) {
			return
		}
		v := pick(p, values, field)
		if *to, body[field] = &v, v; v == "" && p.chance(2, "null") {
			body[field] = nil
		}
	}
	text("name", &d.Name, "meter", " gauge ", "", "Zähler ☃", `"a" <b>`)
	text("tags", &d.Tags, "north, gas", "south", "", "north")
	text("imei", &d.IMEI, "353175101234560", "35317510123456", "", "353175101234560", "12345")
	if create || p.chance(3, "status") {
		v := pick(p, []int{0, 1}, "status")
		d.Status, body["status"] = &v, ref(int64(v))
	}
	for kind, to := range []**int64{&d.Service, &d.Tariff} {
		if field := profileKinds[kind]; create || p.chance(6, field) {
			v := pick(p, []int64{1, 2, 3, 9, -1}, field)
			if list := p.model.Profiles(bearer, kind); len(list) > 0 && !p.chance(6, "any profile") {
				v = pick(p, list, field)
			}
			*to, body[field] = &v, ref(v)
		}
	}
	if p.chance(2, "sim") {
		p.drawPlug(bearer, &d, body, create)
	}
	if create && p.chance(12, "left out") {
		delete(body, "status")
		d.Status = nil
	}
	return d, body
}

func (p *pair) drawPlug(bearer int, d *model.DevicePatch, body object, create bool) {
	id := pick(p, someSIMs, "any sim")
	if list := p.model.FreeSIMs(bearer); len(list) > 0 && !p.chance(5, "any sim") {
		id = pick(p, list, "sim")
	}
	if id == 0 {
		id = 777 // in the model 0 takes out
	}
	plug := object{"id": id}
	if !create && p.chance(3, "take out") {
		id, plug["id"] = 0, nil
	} else if p.chance(3, "activate") {
		v := p.chance(2, "activate what")
		d.Activate, plug["activate"] = &v, v
	}
	if id != 0 && p.chance(4, "sim status") {
		v := pick(p, []int{0, 1, 2, 4}, "sim status")
		d.SIMStatus, plug["status"] = &v, ref(int64(v))
	}
	d.SIM, body["sim"] = &id, plug
}

// sendDevices sends a write, with a key or without; some are malformed.
func (p *pair) sendDevices(bearer int, name, method, path string, w model.DeviceWrite, body any, rule func(int, model.DeviceWrite) model.Answer, faults ...string) {
	text := ""
	if body != nil {
		canonical, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		text = string(canonical)
		if p.chance(8, "decimal ids") {
			text = decimalIDs(text)
		}
	}
	if len(faults) > 0 && p.chance(12, "malformed") {
		w.Malformed, text = true, pick(p, faults, "fault")
	}
	w.Key = p.key("device 1", "device 2")
	p.writeOnce(bearer, w.Key, func(bearer int, again string) {
		want := rule(bearer, w)
		got := p.try(name+again, bearer, request{method, path, text, keyHeader(w.Key)}, want)
		if want.Status < 300 || want.Status == 409 {
			p.model.Remember(bearer, w.Operation, w.Key, got)
		}
		p.reachPlugs(w, want)
	})
}

func (p *pair) reachPlugs(w model.DeviceWrite, want model.Answer) {
	for _, d := range w.Devices {
		if want.Status < 300 && d.SIM != nil {
			p.tally.reach(map[bool]string{true: "released", false: "assigned"}[*d.SIM == 0])
		}
	}
}

var faultyDevices = []string{"", "[", `{"status":{"id":2}}`, `{"status":1}`, `{"sim":{"id":"250"}}`, `{"sim":{}}`, `{"colour":1}`, `{"imei_lock":null}`, `{"name":1}`}

func (p *pair) createDevice() {
	bearer := p.caller()
	d, body := p.drawDevice(bearer, true)
	p.sendDevices(bearer, "create device", "POST", devicePath, model.DeviceWrite{Operation: "device.create", Devices: []model.DevicePatch{d}}, body, p.model.CreateDevices, faultyDevices...)
}

func (p *pair) patchDevice() {
	bearer := p.caller()
	d, body := p.drawDevice(bearer, false)
	d.ID = p.device(bearer)
	p.sendDevices(bearer, "patch device", "PATCH", fmt.Sprintf("%s/%d", devicePath, d.ID),
		model.DeviceWrite{Operation: "device.patch", Devices: []model.DevicePatch{d}}, body, p.model.PatchDevices, faultyDevices...)
}

// drawDevices draws one to four devices, without a device or a SIM twice.
func (p *pair) drawDevices(bearer int, create bool) (list []model.DevicePatch, bodies []object) {
	devices, sims := map[int64]bool{}, map[int64]bool{}
	for range 1 + p.index(4, "devices") {
		d, body := p.drawDevice(bearer, create)
		if !create {
			d.ID = p.device(bearer)
			body["id"] = d.ID
		}
		if !create && devices[d.ID] || d.SIM != nil && *d.SIM != 0 && sims[*d.SIM] {
			continue
		}
		devices[d.ID] = true
		if d.SIM != nil {
			sims[*d.SIM] = true
		}
		list, bodies = append(list, d), append(bodies, body)
	}
	return list, bodies
}

var faultyLists = []string{"", "[]", `[{"colour":1}]`, "[{]", `[{"status":{"id":7}}]`}

func (p *pair) createDevices() {
	bearer := p.caller()
	list, bodies := p.drawDevices(bearer, true)
	var body any = bodies
	if p.chance(2, "object") {
		body = inCommon(list, bodies)
	}
	p.sendDevices(bearer, "create devices", "POST", devicesPath, model.DeviceWrite{Operation: "device.create.multi", Devices: list, Many: true}, body, p.model.CreateDevices, faultyLists...)
}

// inCommon returns the body that says once what holds for all devices: that of the first.
func inCommon(list []model.DevicePatch, bodies []object) object {
	all := object{"endpoints": bodies}
	for _, field := range []string{"status", "service_profile", "tariff_profile"} {
		if v, there := bodies[0][field]; there {
			all[field] = v
		}
	}
	for i := range list {
		list[i].Status, list[i].Service, list[i].Tariff = list[0].Status, list[0].Service, list[0].Tariff
		for _, field := range []string{"status", "service_profile", "tariff_profile"} {
			delete(bodies[i], field)
		}
	}
	return all
}

func (p *pair) patchDevices() {
	bearer := p.caller()
	list, bodies := p.drawDevices(bearer, false)
	p.sendDevices(bearer, "patch devices", "PATCH", devicesPath, model.DeviceWrite{Operation: "device.patch.multi", Devices: list, Many: true}, bodies, p.model.PatchDevices, faultyLists...)
}

func (p *pair) deleteDevices() {
	bearer := p.caller()
	if p.chance(2, "one") {
		id := p.device(bearer)
		p.sendDevices(bearer, "delete device", "DELETE", fmt.Sprintf("%s/%d", devicePath, id),
			model.DeviceWrite{Operation: "device.delete", Devices: []model.DevicePatch{{ID: id}}}, nil, p.model.DeleteDevices)
		return
	}
	w := model.DeviceWrite{Operation: "device.delete.multi", Many: true}
	var bodies []object
	for range 1 + p.index(3, "devices") {
		id := p.device(bearer)
		w.Devices, bodies = append(w.Devices, model.DevicePatch{ID: id}), append(bodies, ref(id))
	}
	path := devicesPath
	if w.DeleteSIMs = p.chance(3, "delete sims"); w.DeleteSIMs {
		path += "?delete_sims=true"
	}
	p.sendDevices(bearer, "delete devices", "DELETE", path, w, bodies, p.model.ReleaseDevices, "", "{}", "[]", `[{"id":null}]`, "[1]")
}

func (p *pair) getDevice() {
	bearer := p.caller()
	id := p.device(bearer)
	p.try("get device", bearer, request{method: "GET", path: fmt.Sprintf("%s/%d", devicePath, id)}, p.model.GetDevice(bearer, id))
}

func (p *pair) getConnectivity() {
	bearer := p.caller()
	id := p.device(bearer)
	p.try("get connectivity", bearer, request{method: "GET", path: fmt.Sprintf("%s/%d/connectivity", devicePath, id)}, p.model.GetConnectivity(bearer, id))
}

func (p *pair) resetConnectivity() {
	bearer := p.caller()
	id := p.device(bearer)
	p.sendDevices(bearer, "reset connectivity", "PATCH", fmt.Sprintf("%s/%d/connectivity", devicePath, id),
		model.DeviceWrite{Operation: "device.connectivity", Devices: []model.DevicePatch{{ID: id}}}, nil, p.model.ResetConnectivity, "[]", "null", `{"location":1}`, `{"sim":{}}`)
}

func (p *pair) listDevices() {
	bearer := p.caller()
	q := p.query(map[string][]string{
		"id": {"9001", "9005", "-1", "x"}, "name": {"tracker", "meter", "Z"}, "status": {"0", "1", "2", "x"}, "tags": {"north", "gas", "no"}, "imei": {"353175", "1"},
		"ip_address": {"10.0.0.1"}, "service_profile": {"1", "null", "2"}, "tariff_profile": {"2", "null"}, "sim": {"250", "null", "252"}, "Sim_Status": {"1", "2", "null"},
		"created": {"2026-11-22", "yesterday"}, "last_updated": {"2026-11-22", "2026-11-23"}, "colour": {"red"},
	})
	p.try("list devices", bearer, request{method: "GET", path: devicePath + q.text}, p.model.ListDevices(bearer, q.Query))
}

func (p *pair) deviceEvents() {
	bearer := p.caller()
	id, q := p.device(bearer), p.query(eventFilters)
	p.try("device events", bearer, request{method: "GET", path: fmt.Sprintf("%s/%d/event%s", devicePath, id, q.text)}, p.model.ListDeviceEvents(bearer, id, q.Query))
}

func (p *pair) getProfile() {
	bearer, kind := p.caller(), p.index(2, "kind")
	id := pick(p, []int64{1, 2, 3, 9, 0, -1}, "profile")
	p.try("get profile", bearer, request{method: "GET", path: fmt.Sprintf("/api/v1/%s/%d", profileKinds[kind], id)}, p.model.GetProfile(bearer, kind, id))
}

func (p *pair) listProfiles() {
	bearer, kind := p.caller(), p.index(2, "kind")
	q := p.query(map[string][]string{"id": {"1", "2", "x"}, "name": {"Def", "R"}, "workspace": {"100"}})
	p.try("list profiles", bearer, request{method: "GET", path: "/api/v1/" + profileKinds[kind] + q.text}, p.model.ListProfiles(bearer, kind, q.Query))
}
