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
func (p *pair) device(h int) int64 {
	if list := p.model.Devices(h); len(list) > 0 && !p.chance(8, "any device") {
		return pick(p, list, "device")
	}
	return pick(p, []int64{9001, 9002, 9003, 9004, 9005, 250, 0, -1}, "device")
}

// drawDevice draws a change of one device, and its JSON.
func (p *pair) drawDevice(h int, create bool) (model.DevicePatch, object) {
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
			if list := p.model.Profiles(h, kind); len(list) > 0 && !p.chance(6, "any profile") {
				v = pick(p, list, field)
			}
			*to, body[field] = &v, ref(v)
		}
	}
	if p.chance(2, "sim") {
		p.drawPlug(h, &d, body, create)
	}
	if create && p.chance(12, "left out") {
		delete(body, "status")
		d.Status = nil
	}
	return d, body
}

func (p *pair) drawPlug(h int, d *model.DevicePatch, body object, create bool) {
	id := pick(p, someSIMs, "any sim")
	if list := p.model.FreeSIMs(h); len(list) > 0 && !p.chance(5, "any sim") {
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
func (p *pair) sendDevices(h int, name, method, path string, w model.DeviceWrite, body any, rule func(int, model.DeviceWrite) model.Answer, faults ...string) {
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
	p.writeOnce(h, w.Key, func(h int, again string) {
		want := rule(h, w)
		got := p.try(name+again, h, request{method, path, text, keyHeader(w.Key)}, want)
		if want.Status < 300 || want.Status == 409 {
			p.model.Remember(h, w.Operation, w.Key, got)
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
	h := p.caller()
	d, body := p.drawDevice(h, true)
	p.sendDevices(h, "create device", "POST", devicePath, model.DeviceWrite{Operation: "device.create", Devices: []model.DevicePatch{d}}, body, p.model.CreateDevices, faultyDevices...)
}

func (p *pair) patchDevice() {
	h := p.caller()
	d, body := p.drawDevice(h, false)
	d.ID = p.device(h)
	p.sendDevices(h, "patch device", "PATCH", fmt.Sprintf("%s/%d", devicePath, d.ID),
		model.DeviceWrite{Operation: "device.patch", Devices: []model.DevicePatch{d}}, body, p.model.PatchDevices, faultyDevices...)
}

// drawDevices draws one to four devices, without a device or a SIM twice.
func (p *pair) drawDevices(h int, create bool) (list []model.DevicePatch, bodies []object) {
	devices, sims := map[int64]bool{}, map[int64]bool{}
	for range 1 + p.index(4, "devices") {
		d, body := p.drawDevice(h, create)
		if !create {
			d.ID = p.device(h)
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
	h := p.caller()
	list, bodies := p.drawDevices(h, true)
	var body any = bodies
	if p.chance(2, "object") {
		body = inCommon(list, bodies)
	}
	p.sendDevices(h, "create devices", "POST", devicesPath, model.DeviceWrite{Operation: "device.create.multi", Devices: list, Many: true}, body, p.model.CreateDevices, faultyLists...)
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
	h := p.caller()
	list, bodies := p.drawDevices(h, false)
	p.sendDevices(h, "patch devices", "PATCH", devicesPath, model.DeviceWrite{Operation: "device.patch.multi", Devices: list, Many: true}, bodies, p.model.PatchDevices, faultyLists...)
}

func (p *pair) deleteDevices() {
	h := p.caller()
	if p.chance(2, "one") {
		id := p.device(h)
		p.sendDevices(h, "delete device", "DELETE", fmt.Sprintf("%s/%d", devicePath, id),
			model.DeviceWrite{Operation: "device.delete", Devices: []model.DevicePatch{{ID: id}}}, nil, p.model.DeleteDevices)
		return
	}
	w := model.DeviceWrite{Operation: "device.delete.multi", Many: true}
	var bodies []object
	for range 1 + p.index(3, "devices") {
		id := p.device(h)
		w.Devices, bodies = append(w.Devices, model.DevicePatch{ID: id}), append(bodies, ref(id))
	}
	path := devicesPath
	if w.DeleteSIMs = p.chance(3, "delete sims"); w.DeleteSIMs {
		path += "?delete_sims=true"
	}
	p.sendDevices(h, "delete devices", "DELETE", path, w, bodies, p.model.ReleaseDevices, "", "{}", "[]", `[{"id":null}]`, "[1]")
}

func (p *pair) getDevice() {
	h := p.caller()
	id := p.device(h)
	p.try("get device", h, request{method: "GET", path: fmt.Sprintf("%s/%d", devicePath, id)}, p.model.GetDevice(h, id))
}

func (p *pair) getConnectivity() {
	h := p.caller()
	id := p.device(h)
	p.try("get connectivity", h, request{method: "GET", path: fmt.Sprintf("%s/%d/connectivity", devicePath, id)}, p.model.GetConnectivity(h, id))
}

func (p *pair) resetConnectivity() {
	h := p.caller()
	id := p.device(h)
	p.sendDevices(h, "reset connectivity", "PATCH", fmt.Sprintf("%s/%d/connectivity", devicePath, id),
		model.DeviceWrite{Operation: "device.connectivity", Devices: []model.DevicePatch{{ID: id}}}, nil, p.model.ResetConnectivity, "[]", "null", `{"location":1}`, `{"sim":{}}`)
}

func (p *pair) listDevices() {
	h := p.caller()
	q := p.query(map[string][]string{
		"id": {"9001", "9005", "-1", "x"}, "name": {"tracker", "meter", "Z"}, "status": {"0", "1", "2", "x"}, "tags": {"north", "gas", "no"}, "imei": {"353175", "1"},
		"ip_address": {"10.0.0.1"}, "service_profile": {"1", "null", "2"}, "tariff_profile": {"2", "null"}, "sim": {"250", "null", "252"}, "Sim_Status": {"1", "2", "null"},
		"created": {"2026-11-22", "yesterday"}, "last_updated": {"2026-11-22", "2026-11-23"}, "colour": {"red"},
	})
	p.try("list devices", h, request{method: "GET", path: devicePath + q.text}, p.model.ListDevices(h, q.Query))
}

func (p *pair) deviceEvents() {
	h := p.caller()
	id, q := p.device(h), p.query(eventFilters)
	p.try("device events", h, request{method: "GET", path: fmt.Sprintf("%s/%d/event%s", devicePath, id, q.text)}, p.model.ListDeviceEvents(h, id, q.Query))
}

func (p *pair) getProfile() {
	h, kind := p.caller(), p.index(2, "kind")
	id := pick(p, []int64{1, 2, 3, 9, 0, -1}, "profile")
	p.try("get profile", h, request{method: "GET", path: fmt.Sprintf("/api/v1/%s/%d", profileKinds[kind], id)}, p.model.GetProfile(h, kind, id))
}

func (p *pair) listProfiles() {
	h, kind := p.caller(), p.index(2, "kind")
	q := p.query(map[string][]string{"id": {"1", "2", "x"}, "name": {"Def", "R"}, "workspace": {"100"}})
	p.try("list profiles", h, request{method: "GET", path: "/api/v1/" + profileKinds[kind] + q.text}, p.model.ListProfiles(h, kind, q.Query))
}
