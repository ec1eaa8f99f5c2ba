package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// newDevices accepts one object whose properties apply to all devices, or a list of complete
// devices.
func newDevices(r *request) (run control.DeviceRun, canonical any, err error) {
	text, err := r.ReadBody()
	if err != nil {
		return run, nil, err
	}
	read, place := deviceObject, "endpoints"+inList
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("[")) {
		read, place = deviceList, inList
	}
	list, ws, err := read(text)
	if err != nil {
		return run, nil, err
	}
	changes, err := deviceChanges(list, place, &creation{}, func(b wire.DeviceFields) (wire.Optional[wire.ID], wire.DeviceFields) {
		return wire.Optional[wire.ID]{}, b
	})
	run = control.DeviceRun{Changes: changes, Workspace: ws, Place: place}
	return run, deviceFingerprint(run), err
}

func createdDevices(d control.Devices) control.Reply {
	return jsonReply(http.StatusCreated, deviceBodies(d))
}

// inList is the format of the position of a device in a body that is a list.
const inList = "[%d]"

// deviceObject reads new devices that share properties.
func deviceObject(text []byte) ([]wire.DeviceFields, fleet.WorkspaceID, error) {
	var body wire.NewDevices
	if err := httpx.DecodeText(text, &body, refuseNull[wire.OneOfDevices]()); err != nil {
		return nil, 0, err
	}
	ws, err := inOrganisation(body.Organisation)
	if err != nil {
		return nil, 0, err
	}
	if err := requiredForAll(body); err != nil {
		return nil, 0, err
	}
	list := make([]wire.DeviceFields, len(body.Endpoints))
	for i, d := range body.Endpoints {
		list[i] = wire.DeviceFields{
			Name: d.Name, Tags: d.Tags, IMEI: d.IMEI, IMEILock: d.IMEILock, IPAddress: d.IPAddress, SIM: d.SIM,
			Status: body.Status, ServiceProfile: body.ServiceProfile, TariffProfile: body.TariffProfile, IPAddressSpace: body.IPAddressSpace,
		}
	}
	return list, ws, nil
}

// requiredForAll reports a property that all devices lack once, not once per device.
func requiredForAll(body wire.NewDevices) error {
	var lacking []fleet.Problem
	for _, f := range []struct {
		name string
		ref  wire.Optional[wire.IDRef]
	}{{"status", body.Status}, {"service_profile", body.ServiceProfile}, {"tariff_profile", body.TariffProfile}} {
		if !httpx.Given(f.ref) {
			lacking = append(lacking, fleet.Problem{Code: fleet.Required, Message: f.name + ": it is required"})
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	return &fleet.Error{Code: fleet.ValidationFailed, Message: lacking[0].Message, Problems: lacking}
}

// deviceList reads a list of complete new devices. All must be for the same Workspace.
func deviceList(text []byte) (list []wire.DeviceFields, ws fleet.WorkspaceID, err error) {
	var body []wire.NewDevice
	if err := httpx.DecodeText(text, &body, refuseNull[wire.NewDevice]()); err != nil {
		return nil, 0, err
	}
	for i, d := range body {
		in, err := inOrganisation(d.Organisation)
		if err != nil {
			return nil, 0, placed(err, inList, i)
		}
		if i > 0 && in != ws {
			return nil, 0, fleet.Invalid(item(i, "organisation"), "all devices of a request must be in the same Workspace: split it")
		}
		ws = in
		list = append(list, d.DeviceFields)
	}
	return list, ws, nil
}

func changedDevices(r *request) (run control.DeviceRun, canonical any, err error) {
	var body []wire.DevicePatch
	if err := r.Decode(&body, refuseNull[wire.DevicePatch]()); err != nil {
		return run, nil, err
	}
	changes, err := deviceChanges(body, inList, nil, func(b wire.DevicePatch) (wire.Optional[wire.ID], wire.DeviceFields) {
		return b.ID, b.DeviceFields
	})
	run = control.DeviceRun{Changes: changes, Place: inList}
	return run, deviceFingerprint(run), err
}

func deletedDevices(r *request) (run control.DeviceRun, canonical any, err error) {
	var body wire.IDRefs
	if err := r.Decode(&body); err != nil {
		return run, nil, err
	}
	if err := countDevices(len(body)); err != nil {
		return run, nil, err
	}
	changes := make([]fleet.DeviceChange, 0, len(body))
	seen := make(map[fleet.DeviceID]bool, len(body))
	for i, ref := range body {
		if ref.ID == nil {
			return run, nil, fleet.Invalid(item(i, "id"), "it is required")
		}
		id := fleet.DeviceID(*ref.ID)
		if !seen[id] { // a repetition adds nothing
			seen[id] = true
			changes = append(changes, fleet.DeviceChange{ID: id})
		}
	}
	deleteSIMs, err := queryFlag(r, "delete_sims")
	run = control.DeviceRun{Changes: changes, Place: inList, DeleteSIMs: deleteSIMs}
	return run, deviceFingerprint(run), err
}

// queryFlag reads a boolean query parameter; it is false when absent.
func queryFlag(r *request, name string) (bool, error) {
	switch values := r.URL.Query()[name]; {
	case len(values) == 0, len(values) == 1 && values[0] == "false":
		return false, nil
	case len(values) == 1 && values[0] == "true":
		return true, nil
	}
	return false, fleet.Invalid(name, "it must be true or false, given once")
}

func countDevices(n int) error {
	switch {
	case n == 0:
		return fleet.Errorf(fleet.BadRequest, "The list is empty: name at least one device")
	case n > fleet.MaxDevices:
		return fleet.Errorf(fleet.BadRequest, "the request has %d devices; at most %d are allowed: split it", n, fleet.MaxDevices)
	}
	return nil
}

// deviceChanges reads a list of devices; place is the format of their positions. Each device and
// each SIM may appear only once, because repetitions are ambiguous.
func deviceChanges[T any](list []T, place string, made *creation, split func(T) (wire.Optional[wire.ID], wire.DeviceFields)) ([]fleet.DeviceChange, error) {
	create := made != nil
	if err := countDevices(len(list)); err != nil {
		return nil, err
	}
	changes := make([]fleet.DeviceChange, len(list))
	devices, sims := make(map[fleet.DeviceID]int), make(map[fleet.SIMID]int)
	for i, entry := range list {
		ref, fields := split(entry)
		id, named := ref.Get()
		if !create && !named {
			return nil, placed(fleet.Invalid("id", "it is required"), place, i)
		}
		patch, err := devicePatch(fields, made)
		if err != nil {
			return nil, placed(err, place, i)
		}
		changes[i] = fleet.DeviceChange{ID: fleet.DeviceID(id), Patch: patch}
		if first, twice := devices[changes[i].ID]; twice && !create {
			return nil, placed(fleet.Invalid("id", "device %d already appears in %s", id, fmt.Sprintf(place, first)), place, i)
		}
		devices[changes[i].ID] = i
		if patch.SIM == nil || patch.SIM.Out {
			continue
		}
		if first, twice := sims[patch.SIM.SIM]; twice {
			return nil, placed(fleet.Invalid("sim.id", "SIM %d already appears in %s", patch.SIM.SIM, fmt.Sprintf(place, first)), place, i)
		}
		sims[patch.SIM.SIM] = i
	}
	return changes, nil
}

// refuseNull returns an option of Decode that refuses null in lists of a type, instead of
// reading it as an empty object.
func refuseNull[T any]() json.Options {
	return json.WithUnmarshalers(json.UnmarshalFromFunc(notNull[T]))
}

var errNullItem = errors.New("it must be an object, in { }, not null")

func notNull[T any](from *jsontext.Decoder, _ *T) error {
	if from.PeekKind() == 'n' {
		return errNullItem
	}
	return errors.ErrUnsupported // which has the decoder read it as usual
}
