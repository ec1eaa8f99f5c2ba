package httpapi

import (
	"net/http"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

const devicesPath = "/api/v1/endpoint"

func (a *api) listDevices(r *request) (response, error) {
	l, err := r.List(fleet.DeviceList)
	if err != nil {
		return response{}, err
	}
	found, err := a.control.ListDevices(r.Context(), r.caller, l)
	if err != nil {
		return response{}, err
	}
	res, err := httpx.OK(deviceBodies(found))
	return httpx.OnPage(r.Request, l, found.Page, func(d fleet.Device) int64 { return int64(d.ID) }, res), err
}

var deviceID = pathID[fleet.DeviceID]("endpoint_id")

func deviceBody(found control.Devices) wire.Device { return deviceBodies(found)[0] }

func (a *api) createDevice(r *request) (response, error) {
	return writeOnce("device.create", newDevice(a.control.ActivatesSIMs()), (*control.Control).CreateDevices, createdDevice)(a, r)
}

// newDevice reads a new device. activate is the default for its SIM.
func newDevice(activate bool) func(*request) (control.DeviceRun, any, error) {
	return func(r *request) (run control.DeviceRun, canonical any, err error) {
		var body wire.NewDevice
		if err := r.Decode(&body); err != nil {
			return run, nil, err
		}
		patch, err := devicePatch(body.DeviceFields, &creation{activate: activate})
		if err != nil {
			return run, nil, err
		}
		run.Changes = []fleet.DeviceChange{{Patch: patch}}
		run.Workspace, err = inOrganisation(body.Organisation)
		return run, deviceFingerprint(run), err
	}
}

func createdDevice(d control.Devices) control.Reply {
	reply := jsonReply(http.StatusCreated, deviceBody(d))
	reply.Location = devicesPath + "/" + strconv.FormatInt(int64(d.Items[0].ID), 10)
	return reply
}

func changedDevice(r *request) (run control.DeviceRun, canonical any, err error) {
	id, err := deviceID(r)
	if err != nil {
		return run, nil, err
	}
	var body wire.DeviceRequest
	if err := r.Decode(&body); err != nil {
		return run, nil, err
	}
	patch, err := devicePatch(body.DeviceFields, nil)
	run.Changes = []fleet.DeviceChange{{ID: id, Patch: patch}}
	return run, deviceFingerprint(run), err
}

func deletedDevice(r *request) (run control.DeviceRun, canonical any, err error) {
	id, err := deviceID(r)
	run.Changes = []fleet.DeviceChange{{ID: id}}
	return run, deviceFingerprint(run), err
}

// deviceFingerprint identifies a request that writes devices.
func deviceFingerprint(run control.DeviceRun) any {
	if run.Workspace == 0 && !run.DeleteSIMs {
		return run.Changes
	}
	return struct {
		Changes    []fleet.DeviceChange
		Workspace  fleet.WorkspaceID
		DeleteSIMs bool
	}{run.Changes, run.Workspace, run.DeleteSIMs}
}

// inOrganisation reads the Workspace of a new device; 0 means the token's.
func inOrganisation(ref wire.Optional[wire.IDRef]) (fleet.WorkspaceID, error) {
	if !ref.Set || ref.Null {
		return 0, nil
	}
	id, err := httpx.RequiredID("organisation", ref)
	if err == nil && id <= 0 {
		id = nothing
	}
	return fleet.WorkspaceID(id), err
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
