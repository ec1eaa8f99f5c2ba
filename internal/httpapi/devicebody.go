package httpapi

import (
	"errors"
	"fmt"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// item names a property of one item of a list, such as [0].id. The name of the list precedes it,
// unless the list is the body.
func item(i int, property string) string { return fmt.Sprintf("[%d].%s", i, property) }

// placed adds to an error which item of a list it is about; place is the format of a position.
func placed(err error, place string, i int) error {
	var e *fleet.Error
	if !errors.As(err, &e) {
		return err
	}
	other := *e
	at := fmt.Sprintf(place, i) + "."
	other.Field, other.Message = at+e.Field, at+e.Message
	return &other
}

// creation holds the defaults for new devices; nil means a change.
type creation struct {
	activate bool // whether an Issued SIM becomes Activated unless the request says otherwise
}

// devicePatch reads the requested properties of a device and checks all that needs no database.
// Missing properties of a new device are reported later, together with its other faults.
func devicePatch(b wire.DeviceFields, made *creation) (p fleet.DevicePatch, err error) {
	create := made != nil
	p.Name, p.Tags, p.IMEI, p.IPAddress = words(b.Name), words(b.Tags), words(b.IMEI), words(b.IPAddress)
	if p.IMEILock, err = truth("imei_lock", b.IMEILock); err != nil {
		return p, err
	}
	if p.Status, err = deviceStatus(b.Status, create); err != nil {
		return p, err
	}
	if p.ServiceProfile, err = profileID("service_profile", b.ServiceProfile, create); err != nil {
		return p, err
	}
	if p.TariffProfile, err = profileID("tariff_profile", b.TariffProfile, create); err != nil {
		return p, err
	}
	if space := emptied(b.IPAddressSpace); space.Set {
		var id int64
		if v, there := space.Get(); there {
			if id = int64(*v.ID); id == 0 {
				id = nothing // not a valid id; 0 would clear
			}
		}
		p.IPAddressSpace = &id
	}
	p.SIM, err = plug(b.SIM, made)
	return p, err
}

// words returns nil if the text is absent, and "" if it is null.
func words(o wire.Optional[string]) *string {
	if !o.Set {
		return nil
	}
	return &o.Value
}

func truth(field string, o wire.Optional[bool]) (*bool, error) {
	if o.Null {
		return nil, fleet.Invalid(field, "it must be true or false, not null; omit the key instead")
	}
	if !o.Set {
		return nil, nil
	}
	return &o.Value, nil
}

// deviceStatus reads Enabled or Disabled. For a new device, null counts as absent, so the
// property is reported as missing.
func deviceStatus(o wire.Optional[wire.IDRef], create bool) (*fleet.DeviceStatus, error) {
	if !o.Set || o.Null && create {
		return nil, nil
	}
	id, err := httpx.RequiredID("status", o)
	if err != nil {
		return nil, err
	}
	s := fleet.DeviceStatus(id)
	switch {
	case int64(s) != id || !s.Known():
		return nil, fleet.Invalid("status.id", "%d is not a status of a device; GET /api/v1/endpoint/status lists them", id)
	case s == fleet.DeviceDeleted:
		return nil, fleet.Invalid("status.id", "it must be 0 or 1; use DELETE to delete a device")
	}
	return &s, nil
}

func profileID(field string, o wire.Optional[wire.IDRef], create bool) (*int64, error) {
	if !o.Set || o.Null && create {
		return nil, nil
	}
	id, err := httpx.RequiredID(field, o)
	if err != nil {
		return nil, err
	}
	return &id, nil
}

// plug reads which SIM to attach to a device. Attaching to an existing device does not activate
// the SIM by default: the caller may only want to swap the card.
func plug(o wire.Optional[wire.SIMAttachment], made *creation) (*fleet.SIMAttachment, error) {
	create := made != nil
	if !o.Set || o.Null && create {
		return nil, nil
	}
	sim, given := o.Get()
	status, err := plugStatus(sim.Status)
	if err != nil {
		return nil, err
	}
	if !given || !sim.ID.Set {
		return nil, fleet.Invalid("sim", "send {\"id\": 250} to attach a SIM, {\"id\": null} to detach it")
	}
	if sim.ID.Null {
		if create && status == nil {
			return nil, nil
		}
		if create {
			return nil, fleet.Invalid("sim.id", "it is required with a status")
		}
		return &fleet.SIMAttachment{Out: true, Status: status}, nil
	}
	activate, err := truth("sim.activate", sim.Activate)
	if err != nil {
		return nil, err
	}
	p := &fleet.SIMAttachment{SIM: fleet.SIMID(sim.ID.Value), Activate: create && made.activate, Status: status}
	if activate != nil {
		p.Activate = *activate
	}
	return p, nil
}

// plugStatus reads the status that the attached SIM gets; nil if absent.
func plugStatus(o wire.Optional[wire.IDRef]) (*fleet.SIMStatus, error) {
	if !o.Set {
		return nil, nil
	}
	id, err := httpx.RequiredID("sim.status", o)
	if err != nil {
		return nil, err
	}
	s, err := knownStatus("sim.status.id", id)
	if err == nil && s == fleet.SIMDeleted {
		err = fleet.Invalid("sim.status.id", "it cannot be 3; use DELETE /api/v1/sim/{sim_id} to delete a SIM")
	}
	return &s, err
}
