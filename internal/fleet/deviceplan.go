package fleet

import "fmt"

// MaxDevices is how many devices one request may create, change or delete.
const MaxDevices = 2000

// DeviceChange is what a request asks of one device. To create one its ID is a free one.
type DeviceChange struct {
	ID    DeviceID
	Patch DevicePatch
}

// DeviceSnapshot is everything PlanDevices looks at besides the request, read at one
// instant and in one Workspace.
type DeviceSnapshot struct {
	Devices  map[DeviceID]Device    // those that are changed; none is deleted
	SIMs     map[SIMID]SIMState     // those that are named, or sit in one of Devices; none is deleted
	Held     map[DeviceID]SIMID     // what sits in Devices
	Profiles map[ProfileKey]Profile // those that are named
}

// DevicePlan is what a change of devices does.
type DevicePlan struct {
	Devices []Device    // those that change, as they will be, in the request's order
	SIMs    []SIMChange // those that are put in, taken out or activated
	Events  []Event     // of the devices themselves
}

// SIMChange is a SIM before and after.
type SIMChange struct{ Before, After SIMState }

// PlanDevices decides a change of devices, new ones among them: those of the request that
// the snapshot does not have are created in the Workspace. multi has messages say which
// device of the request they are about. It returns an Error
//
//   - ValidationFailed with every value that a device cannot have, what a new one lacks, and
//     every profile or SIM that is not in the Workspace;
//   - InUse where a SIM sits elsewhere, or a device holds another one.
func PlanDevices(ws WorkspaceID, list []DeviceChange, snap DeviceSnapshot, multi bool) (*DevicePlan, error) {
	p := devicePlanner{snap: snap, multi: multi}
	for i, c := range list {
		was, there := snap.Devices[c.ID]
		if !there {
			was = Device{ID: c.ID, Workspace: ws}
			p.require(i, c.Patch)
		}
		p.device(i, was, c.Patch, !there)
	}
	if err := refused(ValidationFailed, p.invalid, multi || len(p.invalid) > 0); err != nil {
		return nil, err
	}
	if err := refused(InUse, p.inUse, multi); err != nil {
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
	multi          bool
	plan           DevicePlan
	invalid, inUse []Problem
}

// problem formats a problem with device i of the request.
func (p *devicePlanner) problem(i int, code Code, format string, args ...any) Problem {
	text := fmt.Sprintf(format, args...)
	if p.multi {
		text = fmt.Sprintf("[%d].%s", i, text)
	}
	return Problem{code, text}
}

func (p *devicePlanner) bad(i int, code Code, format string, args ...any) {
	p.invalid = append(p.invalid, p.problem(i, code, format, args...))
}

// require reports what a new device lacks.
func (p *devicePlanner) require(i int, patch DevicePatch) {
	for _, r := range []struct {
		field string
		there bool
	}{{"status", patch.Status != nil}, {"service_profile", patch.ServiceProfile != nil}, {"tariff_profile", patch.TariffProfile != nil}} {
		if !r.there {
			p.bad(i, Required, "%s: it is required", r.field)
		}
	}
}

func (p *devicePlanner) device(i int, was Device, patch DevicePatch, create bool) {
	is, problems := was.Patched(patch)
	for _, q := range problems {
		p.bad(i, q.Code, "%s", q.Message)
	}
	p.profile(i, "service_profile", ServiceProfile, patch.ServiceProfile)
	p.profile(i, "tariff_profile", TariffProfile, patch.TariffProfile)
	plugged := p.plug(i, was.ID, patch.SIM)
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
		p.bad(i, InvalidReference, "%s: there is no profile %d in this Workspace", field, *id)
	}
}

// plug plans what happens to the SIM of a device, and reports whether anything does.
func (p *devicePlanner) plug(i int, device DeviceID, want *Plug) bool {
	held := p.snap.Held[device]
	switch {
	case want == nil || want.Out && held == 0:
		return false
	case want.Out:
		before := p.snap.SIMs[held]
		after := before
		after.Device, after.DeviceName = 0, ""
		p.setStatus(i, &after, want)
		return p.change(before, after)
	}
	before, found := p.snap.SIMs[want.SIM]
	switch {
	case !found:
		p.bad(i, InvalidReference, "sim: there is no SIM %d in this Workspace", want.SIM)
	case before.Device != 0 && before.Device != device:
		p.inUse = append(p.inUse, p.problem(i, InUse, "sim: SIM %d sits in device %d: take it out there first", want.SIM, before.Device))
	case held != 0 && held != want.SIM:
		p.inUse = append(p.inUse, p.problem(i, InUse, "sim: device %d holds SIM %d: take it out first", device, held))
	default:
		after := before
		after.Device = device
		p.setStatus(i, &after, want)
		return p.change(before, after)
	}
	return false
}

// setStatus gives a SIM the status that a plug asks for.
func (p *devicePlanner) setStatus(i int, sim *SIMState, want *Plug) {
	switch {
	case want.Status == nil:
		if want.Activate && !want.Out && sim.Status == SIMIssued {
			sim.Status = SIMActivated
		}
	case *want.Status == sim.Status:
	case sim.Status.MayBecome(*want.Status):
		sim.Status = *want.Status
	default:
		p.bad(i, OutOfRange, "sim.status: SIM %d cannot go from %s to %s", sim.ID, sim.Status, *want.Status)
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

// MissingDevices returns the contract's "not found" of devices; several are named one by one.
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

// PlanDeletion decides which devices are deleted: all of the request, each once. It returns
// an Error InUse where one holds a SIM.
func PlanDeletion(list []DeviceChange, there map[DeviceID]Device, held map[DeviceID]SIMID, multi bool) ([]Device, error) {
	var inUse []Problem
	gone := make([]Device, 0, len(list))
	for _, c := range list {
		if sim := held[c.ID]; sim != 0 {
			inUse = append(inUse, Problem{InUse, fmt.Sprintf("Endpoint %d holds SIM %d: take it out first", c.ID, sim)})
		}
		d := there[c.ID]
		d.Status = DeviceDeleted
		gone = append(gone, d)
	}
	return gone, refused(InUse, inUse, multi)
}

// PlanRelease decides which devices are deleted, all of the request, each once, and what becomes
// of the SIMs in them: they are taken out, and suspended as far as their status allows it; or
// deleted.
func PlanRelease(list []DeviceChange, snap DeviceSnapshot, deleteSIMs bool) (gone []Device, sims []SIMChange) {
	for _, c := range list {
		d := snap.Devices[c.ID]
		d.Status = DeviceDeleted
		gone = append(gone, d)
		before, held := snap.SIMs[snap.Held[c.ID]]
		if !held {
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
