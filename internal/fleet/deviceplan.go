package fleet

import "fmt"

// MaxDevices is the maximum number of devices that one request may create, change or delete.
const MaxDevices = 2000

// DeviceChange is a request's change of one device. To create a device, its ID must be unused.
type DeviceChange struct {
	ID    DeviceID
	Patch DevicePatch
}

// DeviceSnapshot is all input of PlanDevices except the request, read at one instant and in one
// Workspace.
type DeviceSnapshot struct {
	Devices  map[DeviceID]Device    // those that change; without deleted ones
	SIMs     map[SIMID]SIMState     // those that are named, or are in one of Devices; without deleted ones
	Held     map[DeviceID]SIMID     // the SIMs in Devices
	Profiles map[ProfileKey]Profile // those that are named
}

// DevicePlan is the effect of a change of devices.
type DevicePlan struct {
	Devices []Device    // the changed devices, in the request's order
	SIMs    []SIMChange // those put in, removed or activated
	Events  []Event     // of the devices themselves
}

// SIMChange is a SIM before and after.
type SIMChange struct{ Before, After SIMState }

// PlanDevices plans a change of devices. Devices of the request that the snapshot lacks are
// created in the Workspace. place is the format of a device's position in
// the request, such as "endpoints[%d]", or "" if there is only one device. It returns an Error
//
//   - ValidationFailed with every invalid value, every field that a new device lacks, and
//     every profile or SIM that is not in the Workspace;
//   - InUse if a SIM is in another device, or a device has another SIM.
func PlanDevices(ws WorkspaceID, list []DeviceChange, snap DeviceSnapshot, place string) (*DevicePlan, error) {
	p := devicePlanner{snap: snap, place: place}
	for i, c := range list {
		was, there := snap.Devices[c.ID]
		if !there {
			was = Device{ID: c.ID, Workspace: ws}
			p.require(i, c.Patch)
		}
		p.device(i, was, c.Patch, !there)
	}
	if err := refused(ValidationFailed, p.invalid, true); err != nil {
		return nil, err
	}
	if err := refused(InUse, p.inUse, place != ""); err != nil {
		return nil, err
	}
	return &p.plan, nil
}

// refused returns nil if there are no problems.
func refused(code Code, problems []Problem, particulars bool) error {
	if len(problems) == 0 {
		return nil
	}
	e := Errorf(code, "%s", problems[0].Message)
	if particulars {
		e.Problems = problems
	}
	return e
}

type devicePlanner struct {
	snap           DeviceSnapshot
	place          string
	plan           DevicePlan
	invalid, inUse []Problem
}

// problem records a problem of device i of the request.
func (p *devicePlanner) problem(i int, code Code, format string, args ...any) Problem {
	text := fmt.Sprintf(format, args...)
	if p.place != "" {
		text = fmt.Sprintf(p.place, i) + "." + text
	}
	return Problem{code, text}
}

func (p *devicePlanner) reject(i int, code Code, format string, args ...any) {
	p.invalid = append(p.invalid, p.problem(i, code, format, args...))
}

// require reports missing fields of a new device.
func (p *devicePlanner) require(i int, patch DevicePatch) {
	for _, r := range []struct {
		field string
		there bool
	}{{"status", patch.Status != nil}, {"service_profile", patch.ServiceProfile != nil}, {"tariff_profile", patch.TariffProfile != nil}} {
		if !r.there {
			p.reject(i, Required, "%s: it is required", r.field)
		}
	}
}

func (p *devicePlanner) device(i int, was Device, patch DevicePatch, create bool) {
	is, problems := was.Patched(patch)
	for _, q := range problems {
		p.reject(i, q.Code, "%s", q.Message)
	}
	p.profile(i, "service_profile", ServiceProfile, patch.ServiceProfile)
	p.profile(i, "tariff_profile", TariffProfile, patch.TariffProfile)
	plugged := p.attachment(i, was.ID, patch.SIM)
	if is == was && !plugged && !create {
		return
	}
	p.plan.Devices = append(p.plan.Devices, is)
	if !create && is.Status != was.Status {
		p.plan.Events = append(p.plan.Events, deviceEvent(was, is))
	}
}

func deviceEvent(was, is Device) Event {
	kind := EventDeviceEnabled
	if is.Status == DeviceDisabled {
		kind = EventDeviceDisabled
	}
	return Event{
		Type: kind, Workspace: is.Workspace, Device: is.ID,
		Description: fmt.Sprintf(DeviceStatusWords, was.Status, is.Status),
	}
}

func (p *devicePlanner) profile(i int, field string, kind ProfileKind, id *int64) {
	if id == nil {
		return
	}
	if _, found := p.snap.Profiles[ProfileKey{kind, *id}]; !found {
		p.reject(i, InvalidReference, "%s: there is no profile %d in this Workspace", field, *id)
	}
}

// attachment plans what happens to the SIM of a device, and reports whether anything does.
func (p *devicePlanner) attachment(i int, device DeviceID, want *SIMAttachment) bool {
	current := p.snap.Held[device]
	switch {
	case want == nil || want.Out && current == 0:
		return false
	case want.Out:
		before := p.snap.SIMs[current]
		after := before
		after.Device, after.DeviceName = 0, ""
		p.setStatus(i, &after, want)
		return p.change(before, after)
	}
	before, found := p.snap.SIMs[want.SIM]
	switch {
	case !found:
		p.reject(i, InvalidReference, "sim: there is no SIM %d in this Workspace", want.SIM)
	case before.Device != 0 && before.Device != device:
		p.inUse = append(p.inUse, p.problem(i, InUse, "sim: SIM %d sits in device %d: take it out there first", want.SIM, before.Device))
	case current != 0 && current != want.SIM:
		p.inUse = append(p.inUse, p.problem(i, InUse, "sim: device %d holds SIM %d: take it out first", device, current))
	default:
		after := before
		after.Device = device
		p.setStatus(i, &after, want)
		return p.change(before, after)
	}
	return false
}

// setStatus sets the SIM status that a SIMAttachment requests.
func (p *devicePlanner) setStatus(i int, sim *SIMState, want *SIMAttachment) {
	switch {
	case want.Status == nil:
		if want.Activate && !want.Out && sim.Status == SIMIssued {
			sim.Status = SIMActivated
		}
	case *want.Status == sim.Status:
	case sim.Status.MayBecome(*want.Status):
		sim.Status = *want.Status
	default:
		p.reject(i, OutOfRange, "sim.status: SIM %d cannot go from %s to %s", sim.ID, sim.Status, *want.Status)
	}
}

func (p *devicePlanner) change(before, after SIMState) bool {
	if before.Device == after.Device && before.Status == after.Status {
		return false
	}
	after.Version++
	p.plan.SIMs = append(p.plan.SIMs, SIMChange{before, after})
	return true
}

// MissingDevices returns the contract's NotFound error for devices; several are named one by
// one.
func MissingDevices(ids []DeviceID, multi bool) *Error {
	e := Errorf(InvalidReference, missingDevice, ids[0])
	for _, id := range ids {
		if multi {
			e.Problems = append(e.Problems, Problem{InvalidReference, fmt.Sprintf(missingDevice, id)})
		}
	}
	return e
}

const missingDevice = "Endpoint with Id '%d' not found."

// PlanDeletion returns the devices to delete: all of the request, without duplicates. It
// returns an Error InUse if one of them has a SIM.
func PlanDeletion(list []DeviceChange, there map[DeviceID]Device, attached map[DeviceID]SIMID, multi bool) ([]Device, error) {
	var inUse []Problem
	gone := make([]Device, 0, len(list))
	for _, c := range list {
		if sim := attached[c.ID]; sim != 0 {
			inUse = append(inUse, Problem{InUse, fmt.Sprintf("Endpoint %d holds SIM %d: take it out first", c.ID, sim)})
		}
		d := there[c.ID]
		d.Status = DeviceDeleted
		gone = append(gone, d)
	}
	return gone, refused(InUse, inUse, multi)
}

// PlanRelease plans the deletion of all devices of the request and the change of the SIMs in
// them: they are removed from the devices and, if their status allows it, suspended; or they
// are deleted.
func PlanRelease(list []DeviceChange, snap DeviceSnapshot, deleteSIMs bool) (gone []Device, sims []SIMChange) {
	for _, c := range list {
		d := snap.Devices[c.ID]
		d.Status = DeviceDeleted
		gone = append(gone, d)
		before, attached := snap.SIMs[snap.Held[c.ID]]
		if !attached {
			continue
		}
		after := before
		after.Device, after.DeviceName = 0, ""
		switch {
		case deleteSIMs:
			after.Status = SIMDeleted
		case before.Status.MayBecome(SIMSuspended):
			after.Status = SIMSuspended
		}
		after.Version++
		sims = append(sims, SIMChange{before, after})
	}
	return gone, sims
}
