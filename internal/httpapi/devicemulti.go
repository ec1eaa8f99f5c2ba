package httpapi

import (
	"context"
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// deviceRule is one of the rules that write devices.
type deviceRule = func(context.Context, identity.Principal, control.DeviceRun) (control.Reply, bool, error)

func (a *api) createDevices(r *request) (response, error) {
	var body []wire.DeviceRequest
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	changes, err := deviceChanges(body, true, func(b wire.DeviceRequest) (wire.Optional[wire.ID], wire.DeviceFields) {
		return wire.Optional[wire.ID]{}, b.DeviceFields
	})
	if err != nil {
		return response{}, err
	}
	run := control.DeviceRun{Changes: changes, Many: true, Render: func(d control.Devices) control.Reply {
		res := encoded(http.StatusCreated, deviceBodies(d))
		return control.Reply{Status: res.status, Body: res.body}
	}}
	return a.writeDevices(r, "device.create.multi", run, a.control.CreateDevices)
}

func (a *api) patchDevices(r *request) (response, error) {
	var body []wire.DevicePatch
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	changes, err := deviceChanges(body, false, func(b wire.DevicePatch) (wire.Optional[wire.ID], wire.DeviceFields) {
		return b.ID, b.DeviceFields
	})
	if err != nil {
		return response{}, err
	}
	run := control.DeviceRun{Changes: changes, Many: true, Render: noContent}
	return a.writeDevices(r, "device.patch.multi", run, a.control.PatchDevices)
}

func (a *api) deleteDevices(r *request) (response, error) {
	var body wire.IDRefs
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	if err := countDevices(len(body)); err != nil {
		return response{}, err
	}
	changes := make([]fleet.DeviceChange, 0, len(body))
	seen := make(map[fleet.DeviceID]bool, len(body))
	for i, ref := range body {
		if ref.ID == nil {
			return response{}, fleet.Invalid(item(i, "id"), "it is required")
		}
		id := fleet.DeviceID(*ref.ID)
		if !seen[id] { // named again, it would say nothing
			seen[id] = true
			changes = append(changes, fleet.DeviceChange{ID: id})
		}
	}
	run := control.DeviceRun{Changes: changes, Many: true, Render: noContent}
	return a.writeDevices(r, "device.delete.multi", run, a.control.DeleteDevices)
}

func countDevices(n int) error {
	switch {
	case n == 0:
		return fleet.Errorf(fleet.BadRequest, "The list is empty: name at least one device")
	case n > fleet.MaxDevices:
		return fleet.Errorf(fleet.BadRequest, "%d devices are named; at most %d are allowed in one request: split it", n, fleet.MaxDevices)
	}
	return nil
}

// deviceChanges reads a list of devices. Each device, and each SIM, may be named once: what
// else would be meant is anybody's guess.
func deviceChanges[T any](list []T, create bool, split func(T) (wire.Optional[wire.ID], wire.DeviceFields)) ([]fleet.DeviceChange, error) {
	if err := countDevices(len(list)); err != nil {
		return nil, err
	}
	changes := make([]fleet.DeviceChange, len(list))
	devices, sims := make(map[fleet.DeviceID]int), make(map[fleet.SIMID]int)
	for i, entry := range list {
		ref, fields := split(entry)
		id, named := ref.Get()
		if !create && !named {
			return nil, fleet.Invalid(item(i, "id"), "it is required")
		}
		patch, err := devicePatch(fields, create)
		if err != nil {
			return nil, placed(err, i)
		}
		changes[i] = fleet.DeviceChange{ID: fleet.DeviceID(id), Patch: patch}
		if first, twice := devices[changes[i].ID]; twice && !create {
			return nil, fleet.Invalid(item(i, "id"), "device %d is named in [%d] already", id, first)
		}
		devices[changes[i].ID] = i
		if patch.SIM == nil || patch.SIM.Out {
			continue
		}
		if first, twice := sims[patch.SIM.SIM]; twice {
			return nil, fleet.Invalid(item(i, "sim.id"), "SIM %d is named in [%d] already", patch.SIM.SIM, first)
		}
		sims[patch.SIM.SIM] = i
	}
	return changes, nil
}
