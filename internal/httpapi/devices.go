package httpapi

import (
	"net/http"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

const devicesPath = "/api/v1/endpoint"

func (a *api) listDevices(r *request) (response, error) {
	l, err := r.list(fleet.DeviceList)
	if err != nil {
		return response{}, err
	}
	found, err := a.control.ListDevices(r.Context(), r.who, l)
	if err != nil {
		return response{}, err
	}
	return paged(r, l, found.Page, func(d fleet.Device) int64 { return int64(d.ID) }, deviceBodies(found))
}

func (a *api) getDevice(r *request) (response, error) {
	id, err := r.id("endpoint_id")
	if err != nil {
		return response{}, err
	}
	found, err := a.control.Device(r.Context(), r.who, fleet.DeviceID(id))
	if err != nil {
		return response{}, err
	}
	return ok(deviceBodies(found)[0])
}

func (a *api) listDeviceEvents(r *request) (response, error) {
	id, err := r.thing("endpoint_id")
	if err != nil {
		return response{}, err
	}
	return a.events(r, control.EventsOf{Device: fleet.DeviceID(id)})
}

func (a *api) createDevice(r *request) (response, error) {
	var body wire.NewDevice
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	patch, err := devicePatch(body.DeviceFields, &creation{activate: a.control.ActivatesSIMs()})
	if err != nil {
		return response{}, err
	}
	ws, err := inOrganisation(body.Organisation)
	if err != nil {
		return response{}, err
	}
	run := control.DeviceRun{Changes: []fleet.DeviceChange{{Patch: patch}}, Workspace: ws, Render: func(d control.Devices) control.Reply {
		res := encoded(http.StatusCreated, deviceBodies(d)[0])
		return control.Reply{Status: res.status, Body: res.body, Location: devicesPath + "/" + strconv.FormatInt(int64(d.Items[0].ID), 10)}
	}}
	return a.writeDevices(r, "device.create", run, a.control.CreateDevices)
}

func (a *api) patchDevice(r *request) (response, error) {
	id, err := r.id("endpoint_id")
	if err != nil {
		return response{}, err
	}
	var body wire.DeviceRequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	patch, err := devicePatch(body.DeviceFields, nil)
	if err != nil {
		return response{}, err
	}
	run := control.DeviceRun{Changes: []fleet.DeviceChange{{ID: fleet.DeviceID(id), Patch: patch}}, Render: noContent}
	return a.writeDevices(r, "device.patch", run, a.control.PatchDevices)
}

func (a *api) deleteDevice(r *request) (response, error) {
	id, err := r.id("endpoint_id")
	if err != nil {
		return response{}, err
	}
	run := control.DeviceRun{Changes: []fleet.DeviceChange{{ID: fleet.DeviceID(id)}}, Render: noContent}
	return a.writeDevices(r, "device.delete", run, a.control.DeleteDevices)
}

// inOrganisation reads the Workspace of a new device; 0 means the token's.
func inOrganisation(ref wire.Optional[wire.IDRef]) (fleet.WorkspaceID, error) {
	if !ref.Set || ref.Null {
		return 0, nil
	}
	id, err := requiredID("organisation", ref)
	if err == nil && id <= 0 {
		id = nothing
	}
	return fleet.WorkspaceID(id), err
}

func noContent(control.Devices) control.Reply { return control.Reply{Status: http.StatusNoContent} }

// writeDevices calls the rule under the request's idempotency key.
func (a *api) writeDevices(r *request, operation string, run control.DeviceRun, rule deviceRule) (response, error) {
	var understood any = run.Changes
	if run.Workspace != 0 || run.DeleteSIMs {
		understood = struct {
			Changes    []fleet.DeviceChange
			Workspace  fleet.WorkspaceID
			DeleteSIMs bool
		}{run.Changes, run.Workspace, run.DeleteSIMs}
	}
	once, err := r.once(operation, understood)
	if err != nil {
		return response{}, err
	}
	run.Once = once
	run.Refuse = stored
	reply, replayed, err := rule(r.Context(), r.who, run)
	return replied(reply, replayed), err
}

func deviceBodies(found control.Devices) []wire.Device {
	sims := make(map[fleet.DeviceID]*wire.SIM, len(found.SIMs.Items))
	for i, body := range simBodies(found.SIMs) {
		body.Endpoint = nil // it is the enclosing device
		sims[found.SIMs.Items[i].Device] = &body
	}
	out := make([]wire.Device, len(found.Items))
	for i, d := range found.Items {
		out[i] = wire.Device{
			ID: int64(d.ID), Name: d.Name, Tags: d.Tags, Created: wire.NewTime(d.Created), LastUpdated: wire.NewTime(d.Updated),
			Status: wire.Ref{ID: int64(d.Status), Description: d.Status.String()}, SIM: sims[d.ID],
			ServiceProfile: profileRef(found, fleet.ServiceProfile, d.ServiceProfile),
			TariffProfile:  profileRef(found, fleet.TariffProfile, d.TariffProfile),
			IMEI:           d.IMEI, IMEILock: d.IMEILock, IPAddress: d.IPAddress,
		}
		if d.IPAddressSpace != 0 {
			space := wire.RefTo(d.IPAddressSpace)
			out[i].IPAddressSpace = &space
		}
	}
	return out
}

// profileRef returns nil if the device has no profile or the profile no longer exists.
func profileRef(found control.Devices, kind fleet.ProfileKind, id int64) *wire.NamedRef {
	p, there := found.Profiles[fleet.ProfileKey{Kind: kind, ID: id}]
	if !there {
		return nil
	}
	return &wire.NamedRef{ID: p.ID, Name: p.Name}
}
