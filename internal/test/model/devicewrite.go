package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// DeviceWrite is a request that creates, changes or deletes devices.
type DeviceWrite struct {
	Operation string // the name of the operation, as keys are kept under it
	Devices   []DevicePatch
	Many      bool // by /api/v2/endpoint/multi
	// DeleteSIMs has the SIMs in deleted devices deleted too.
	DeleteSIMs bool
	Malformed  bool
	Key        string
}

// DevicePatch is a change of one device; nil changes nothing.
type DevicePatch struct {
	ID              int64
	Name, Tags      *string
	IMEI            *string
	Status          *int
	Service, Tariff *int64
	SIM             *int64 // 0 takes it out
	Activate        *bool
	SIMStatus       *int // what the SIM is to be, whatever Activate says
}

// asked formats the request after decoding, to compare a repetition with it. Repeated names
// count once, and defaults are filled in.
func (w DeviceWrite) asked() string {
	create := strings.HasPrefix(w.Operation, "device.create")
	activates := w.activates()
	var list []DevicePatch
	for _, d := range w.Devices {
		if d.SIM == nil || *d.SIM == 0 {
			d.Activate = nil
		} else if d.Activate == nil {
			d.Activate = &activates
		}
		if create || !slices.ContainsFunc(list, func(o DevicePatch) bool { return o.ID == d.ID }) {
			list = append(list, d)
		}
	}
	text, _ := json.Marshal(list) //nolint:errchkjson // texts and numbers only
	return string(text) + fmt.Sprint(w.DeleteSIMs)
}

// activates reports whether a SIM that is put in is activated unless the request says otherwise.
func (w DeviceWrite) activates() bool { return w.Operation == "device.create" }

// CreateDevices models POST.
func (m *Model) CreateDevices(bearer int, w DeviceWrite) Answer {
	return m.writeDevices(bearer, w, func(c caller) Answer {
		next := int64(1)
		for id := range m.devices {
			next = max(next, id+1)
		}
		fresh := make([]*device, len(w.Devices))
		for i := range w.Devices {
			fresh[i] = &device{id: next + int64(i), workspace: c.workspace, created: m.now, updated: m.now}
		}
		return m.changeDevices(c, w, fresh, true)
	})
}

// PatchDevices models PATCH.
func (m *Model) PatchDevices(bearer int, w DeviceWrite) Answer {
	return m.writeDevices(bearer, w, func(c caller) Answer {
		there, no := m.named(c, w)
		if no != nil {
			return *no
		}
		return m.changeDevices(c, w, there, false)
	})
}

// DeleteDevices models DELETE.
func (m *Model) DeleteDevices(bearer int, w DeviceWrite) Answer {
	return m.writeDevices(bearer, w, func(c caller) Answer {
		there, no := m.named(c, w)
		if no != nil {
			return *no
		}
		for _, d := range there {
			if m.holds(d.id) != nil {
				return inUse()
			}
		}
		for _, d := range there {
			d.status, d.updated = gone, m.now
		}
		return Answer{Status: 204}
	})
}

// ReleaseDevices models DELETE of many: a SIM in one is taken out, and suspended or deleted.
func (m *Model) ReleaseDevices(bearer int, w DeviceWrite) Answer {
	return m.writeDevices(bearer, w, func(c caller) Answer {
		there, no := m.named(c, w)
		if no != nil {
			return *no
		}
		e := &entry{kind: map[bool]int{false: 4, true: 5}[w.DeleteSIMs], user: c.id(), app: c.app}
		for _, d := range there {
			if s := m.holds(d.id); s != nil {
				next := s.now()
				next.device = 0
				switch {
				case w.DeleteSIMs:
					next.status = deleted
				case next.status == activated:
					next.status = suspended
				}
				m.change(s, next)
				e.lines = append(e.lines, line{sim: s, version: s.version()})
			}
			d.status, d.updated = gone, m.now
		}
		m.plugged(c, e)
		return Answer{Status: 204}
	})
}

// ResetConnectivity models PATCH /api/v1/endpoint/{id}/connectivity: an event, and no more.
func (m *Model) ResetConnectivity(bearer int, w DeviceWrite) Answer {
	return m.writeDevices(bearer, w, func(c caller) Answer {
		there, no := m.named(c, w)
		if no != nil {
			return *no
		}
		m.addEvent(event{kind: 1001, workspace: c.workspace, user: c.id(), device: there[0].id, words: "Connectivity reset requested"})
		return Answer{Status: 204}
	})
}

func inUse() Answer { return refusal(409, 1406, "NotAllowed") }

// writeDevices authenticates the caller and looks up the key before anything else. A 409 is stored.
func (m *Model) writeDevices(bearer int, w DeviceWrite, do func(caller) Answer) Answer {
	c, refused := m.admit(bearer, writers)
	if refused != nil {
		return *refused
	}
	if w.Malformed {
		return badRequest()
	}
	key := keptKey{c.id(), c.app, c.workspace, w.Operation, w.Key}
	if stored := m.kept[key]; w.Key != "" && stored != nil {
		return m.replay(stored, w.asked(), func() *Answer { return nil })
	}
	a := do(c)
	if w.Key != "" && (a.Status < 300 || a.Status == 409) {
		m.kept[key] = &keptAnswer{fingerprint: w.asked(), answer: a}
	}
	return a.with("Idempotent-Replayed", "")
}

// named returns the devices of a request, each once.
func (m *Model) named(c caller, w DeviceWrite) (there []*device, no *Answer) {
	var missing []int64
	seen := map[int64]bool{}
	for _, p := range w.Devices {
		if seen[p.ID] {
			continue
		}
		seen[p.ID] = true
		if d := m.mine(c, p.ID); d != nil {
			there = append(there, d)
		} else {
			missing = append(missing, p.ID)
		}
	}
	return there, noDevices(missing, w.Many)
}

// changeDevices changes them one by one, once nothing is against any of them.
func (m *Model) changeDevices(c caller, w DeviceWrite, there []*device, create bool) Answer {
	for _, p := range w.Devices {
		if !m.fits(c, p, create) {
			return refusal(422, 1400, "InputValidationFailed")
		}
	}
	if taken, invalid := m.plugs(w, there); invalid {
		return refusal(422, 1400, "InputValidationFailed")
	} else if taken {
		return inUse()
	}
	e := &entry{kind: 4, user: c.id(), app: c.app}
	for i, p := range w.Devices {
		if activates := w.activates(); p.Activate == nil {
			p.Activate = &activates
		}
		m.changeDevice(c, e, there[i], p, create)
	}
	m.plugged(c, e)
	if !create {
		return Answer{Status: 204}
	}
	return m.createdBody(w, there)
}

// plugs reports whether a SIM or a device is taken, and whether a SIM cannot get the
// requested status.
func (m *Model) plugs(w DeviceWrite, there []*device) (taken, invalid bool) {
	for i, p := range w.Devices {
		if p.SIM == nil || *p.SIM == 0 {
			continue
		}
		was, attached := m.sims[*p.SIM].now(), m.holds(there[i].id)
		switch {
		case was.device != 0 && was.device != there[i].id || attached != nil && attached.id != *p.SIM:
			taken = true
		case p.SIMStatus != nil && *p.SIMStatus != was.status && !validTransition(was.status, *p.SIMStatus):
			return taken, true
		}
	}
	return taken, false
}

func (m *Model) createdBody(w DeviceWrite, fresh []*device) Answer {
	if !w.Many {
		return Answer{Status: 201, Body: m.deviceBody(fresh[0])}.with("Location", "/api/v1/endpoint/"+number(fresh[0].id))
	}
	list := []any{}
	for _, d := range fresh {
		list = append(list, m.deviceBody(d))
	}
	return Answer{Status: 201, Body: list}
}

// fits reports whether a device can become as requested, in the caller's Workspace.
func (m *Model) fits(c caller, p DevicePatch, create bool) bool {
	if create && (p.Status == nil || p.Service == nil || p.Tariff == nil) {
		return false
	}
	if p.IMEI != nil && *p.IMEI != "" && !isIMEI(*p.IMEI) {
		return false
	}
	for kind, id := range []*int64{p.Service, p.Tariff} {
		if id != nil && m.profiles[profile{kind, *id, c.workspace}] == "" {
			return false
		}
	}
	if p.SIM == nil || *p.SIM == 0 {
		return true
	}
	s := m.sims[*p.SIM]
	return s != nil && s.now().status != deleted && s.now().workspace == c.workspace
}

func isIMEI(s string) bool {
	return len(s) >= 14 && len(s) <= 16 && strings.Trim(s, "0123456789") == ""
}

// changeDevice changes one device and adds the change of its SIM to the entry. It is
// changed only where something is not so already.
func (m *Model) changeDevice(c caller, e *entry, d *device, p DevicePatch, create bool) {
	was := *d
	moved := m.plug(e, d, p) // before the names: the ledger has the one that the device had
	for to, from := range map[*string]*string{&d.name: p.Name, &d.tags: p.Tags, &d.imei: p.IMEI} {
		if from != nil {
			*to = strings.TrimSpace(*from)
		}
	}
	for to, from := range map[*int64]*int64{&d.service: p.Service, &d.tariff: p.Tariff} {
		if from != nil {
			*to = *from
		}
	}
	if p.Status != nil {
		d.status = *p.Status
	}
	if !create && was.status != d.status {
		m.addEvent(event{kind: 42 + d.status, workspace: d.workspace, user: c.id(), device: d.id,
			words: fmt.Sprintf("Status of endpoint changed from '%s' to '%s'", deviceStatusNames[was.status], deviceStatusNames[d.status])})
	}
	if *d != was || moved {
		d.updated = m.now
	}
	m.devices[d.id] = d
}

// plug takes a SIM to its next version where its device or its status changes.
func (m *Model) plug(e *entry, d *device, p DevicePatch) bool {
	if p.SIM == nil {
		return false
	}
	s := m.holds(d.id)
	next := state{}
	if *p.SIM != 0 {
		s = m.sims[*p.SIM]
		next = s.now()
		next.device = d.id
		switch {
		case p.SIMStatus != nil:
			next.status = *p.SIMStatus
		case *p.Activate && next.status == issued:
			next.status = activated
		}
	} else if s != nil {
		next = s.now()
		next.device = 0
	}
	if s == nil || next == s.now() {
		return false
	}
	m.change(s, next)
	e.lines = append(e.lines, line{sim: s, version: s.version()})
	if next.device != 0 {
		e.kind = 3
	}
	return true
}

// plugged writes the entry of all SIMs that were attached or detached, and their events.
func (m *Model) plugged(c caller, e *entry) {
	if len(e.lines) == 0 {
		return
	}
	e.count = len(e.lines)
	id := m.write(e)
	for _, l := range e.lines {
		was, is := l.before(), l.after()
		if was.device != 0 && was.device != is.device {
			m.addEvent(event{kind: 50, workspace: was.workspace, user: c.id(), sim: l.sim.id, device: was.device, entry: id,
				words: fmt.Sprintf("SIM %d released from endpoint %d", l.sim.id, was.device)})
		}
		m.statusEvents(l, c.id(), id)
		if is.device != 0 && was.device != is.device {
			m.addEvent(event{kind: 51, workspace: is.workspace, user: c.id(), sim: l.sim.id, device: is.device, entry: id,
				words: fmt.Sprintf("SIM %d assigned to endpoint %d", l.sim.id, is.device)})
		}
	}
}
