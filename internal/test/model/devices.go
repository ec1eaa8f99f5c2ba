package model

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// device is a device. The state of a SIM names the device that it is in.
type device struct {
	id, workspace    int64
	status           int
	service, tariff  int64
	created, updated time.Time
	texts
}

type texts struct{ name, tags, imei string }

// profile is what a device refers to: 0 service, 1 tariff.
type profile struct {
	kind      int
	id        int64
	workspace int64
}

// The statuses of a device that is not enabled. A deleted one is gone.
const disabled, gone = 1, 2

var deviceStatusNames = map[int]string{0: "Enabled", 1: "Disabled", 2: "Deleted"}

// holds finds the SIM in a device.
func (m *Model) holds(id int64) *sim {
	for _, s := range m.sims {
		if s.now().device == id {
			return s
		}
	}
	return nil
}

// mine returns a device of the caller's Workspace that exists.
func (m *Model) mine(c caller, id int64) *device {
	if d := m.devices[id]; d != nil && d.workspace == c.workspace && d.status != gone {
		return d
	}
	return nil
}

const noDevice = "Endpoint with Id '%' not found."

func noDevices(ids []int64, many bool) *Answer {
	if len(ids) == 0 {
		return nil
	}
	var errors []any
	for _, id := range ids {
		errors = append(errors, object{"error_code": 1401, "error_token": "InvalidReference", "message": strings.Replace(noDevice, "%", number(id), 1)})
	}
	body := object{}
	for k, v := range errors[0].(object) { //nolint:errcheck,forcetypeassert // made above
		body[k] = v
	}
	if many {
		body["errors"] = errors
	}
	return &Answer{Status: 404, Body: body}
}

// GetDevice models GET /api/v1/endpoint/{id}.
func (m *Model) GetDevice(bearer int, id int64) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	d := m.mine(c, id)
	if d == nil {
		return *noDevices([]int64{id}, false)
	}
	return ok(m.deviceBody(d))
}

func (m *Model) deviceBody(d *device) object {
	body := object{
		"id": d.id, "name": d.name, "status": object{"id": d.status, "description": deviceStatusNames[d.status]}, "imei_lock": false,
		"created": resourceTime(d.created), "last_updated": resourceTime(d.updated),
	}
	for key, value := range map[string]string{"tags": d.tags, "imei": d.imei} {
		if value != "" {
			body[key] = value
		}
	}
	for kind, id := range []int64{d.service, d.tariff} {
		if name, there := m.profiles[profile{kind, id, d.workspace}]; there {
			body[[]string{"service_profile", "tariff_profile"}[kind]] = object{"id": id, "name": name}
		}
	}
	if s := m.holds(d.id); s != nil {
		inside := m.simBody(s)
		delete(inside, "endpoint")
		body["sim"] = inside
	}
	return body
}

var deviceListing = listing{
	fields: map[string]kind{
		"id": whole, "name": prefix, "status": whole, "tags": tagged, "imei": prefix, "ip_address": text, "service_profile": wholeOrNull,
		"tariff_profile": wholeOrNull, "sim": wholeOrNull, "sim_status": wholeOrNull, "created": instant, "last_updated": instant,
	},
	perPage: 1000, most: 2000,
}

// ListDevices models GET /api/v1/endpoint. Deleted devices are shown only if the query names their
// status.
func (m *Model) ListDevices(bearer int, q Query) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	byStatus := slices.ContainsFunc(q.Filters, func(f Filter) bool { return strings.EqualFold(f.Field, "status") })
	var rows []row
	for _, d := range m.devices {
		if d.workspace != c.workspace || d.status == gone && !byStatus {
			continue
		}
		fields := map[string]any{
			"id": d.id, "name": d.name, "status": int64(d.status), "tags": d.tags, "imei": d.imei, "ip_address": "", "service_profile": orNone(d.service),
			"tariff_profile": orNone(d.tariff), "sim": nil, "sim_status": nil, "created": d.created, "last_updated": d.updated,
		}
		if s := m.holds(d.id); s != nil {
			fields["sim"], fields["sim_status"] = s.id, int64(s.now().status)
		}
		rows = append(rows, row{fields, func() object { return m.deviceBody(d) }})
	}
	return deviceListing.page(rows, q)
}

// GetConnectivity models GET /api/v1/endpoint/{id}/connectivity. Without a network it is known only
// what is blocked.
func (m *Model) GetConnectivity(bearer int, id int64) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	d := m.mine(c, id)
	if d == nil {
		return *noDevices([]int64{id}, false)
	}
	state := "OFFLINE"
	if s := m.holds(d.id); d.status == disabled || s != nil && s.now().status == suspended {
		state = "BLOCKED"
	}
	return ok(object{"status": object{"description": state}, "location": object{}, "pdp_context": object{}, "services": []any{}})
}

// ListDeviceEvents models GET /api/v1/endpoint/{id}/event.
func (m *Model) ListDeviceEvents(bearer int, id int64, q Query) Answer {
	return m.listEvents(bearer, q, func(_ caller, e *event) bool { return e.device == id && id > 0 })
}

var profileListing = listing{fields: map[string]kind{"id": whole, "name": prefix}, perPage: 1000, most: 2000}

// ListProfiles models GET /api/v1/service_profile (kind 0) and /api/v1/tariff_profile (1).
func (m *Model) ListProfiles(bearer, kind int, q Query) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	var rows []row
	for p, name := range m.profiles {
		if p.kind == kind && p.workspace == c.workspace {
			rows = append(rows, row{map[string]any{"id": p.id, "name": name}, func() object { return object{"id": p.id, "name": name} }})
		}
	}
	return profileListing.page(rows, q)
}

// GetProfile models GET /api/v1/service_profile/{id} (kind 0) and /api/v1/tariff_profile/{id} (1).
func (m *Model) GetProfile(bearer, kind int, id int64) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	name, there := m.profiles[profile{kind, id, c.workspace}]
	if !there {
		return notFound([]string{"service_profile", "tariff_profile"}[kind] + " with id " + number(id) + " not found")
	}
	return ok(object{"id": id, "name": name})
}

func (m *Model) deviceRows(t map[string][]Row) {
	for _, d := range m.devices {
		t["devices"] = append(t["devices"], Row{
			"id": number(d.id), "workspace_id": number(d.workspace), "status": strconv.Itoa(d.status), "name": d.name, "tags": d.tags, "imei": d.imei,
			"service_profile_id": orNULL(d.service), "tariff_profile_id": orNULL(d.tariff), "created_at": stamp(d.created), "updated_at": stamp(d.updated),
		})
	}
}

// Devices returns those that a caller can read, ascending.
func (m *Model) Devices(bearer int) []int64 {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return nil
	}
	var ids []int64
	for id := range m.devices {
		if m.mine(c, id) != nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// FreeSIMs returns those of the caller's Workspace that sit in no device, ascending, and not
// more than 20.
func (m *Model) FreeSIMs(bearer int) []int64 {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return nil
	}
	var ids []int64
	for id, s := range m.sims {
		if now := s.now(); now.workspace == c.workspace && now.device == 0 && now.status != deleted {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), 20)]
}

// Profiles returns the ids of the profiles of a kind that a caller's devices can have, ascending.
func (m *Model) Profiles(bearer, kind int) []int64 {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return nil
	}
	var ids []int64
	for p := range m.profiles {
		if p.kind == kind && p.workspace == c.workspace {
			ids = append(ids, p.id)
		}
	}
	slices.Sort(ids)
	return ids
}
