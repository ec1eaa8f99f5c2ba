package httpapi

import (
	"errors"
	"fmt"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

// item names a property of one item of a list.
func item(i int, property string) string { return fmt.Sprintf("[%d].%s", i, property) }

// placed says which item of a list an error is about.
func placed(err error, i int) error {
	var e *fleet.Error
	if !errors.As(err, &e) {
		return err
	}
	other := *e
	other.Field, other.Message = item(i, e.Field), item(i, e.Message)
	return &other
}

// devicePatch reads what a request asks of a device. It decides all that needs no database;
// what a new device lacks is told with the rest that is wrong with it.
func devicePatch(b wire.DeviceFields, create bool) (p fleet.DevicePatch, err error) {
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
	p.SIM, err = plug(b.SIM, create)
	return p, err
}

// words is nil where a text is absent, "" where it is null.
func words(o wire.Optional[string]) *string {
	if !o.Set {
		return nil
	}
	return &o.Value
}

func truth(field string, o wire.Optional[bool]) (*bool, error) {
	if o.Null {
		return nil, fleet.Invalid(field, "it takes true or false, not null; leave the key out instead")
	}
	if !o.Set {
		return nil, nil
	}
	return &o.Value, nil
}

// deviceStatus is Enabled or Disabled. null is absent in a device that is created, which
// then lacks it.
func deviceStatus(o wire.Optional[wire.IDRef], create bool) (*fleet.DeviceStatus, error) {
	if !o.Set || o.Null && create {
		return nil, nil
	}
	id, err := requiredID("status", o)
	if err != nil {
		return nil, err
	}
	s := fleet.DeviceStatus(id)
	switch {
	case int64(s) != id || !s.Known():
		return nil, fleet.Invalid("status.id", "%d is no status of a device; GET /api/v1/endpoint/status lists them", id)
	case s == fleet.DeviceDeleted:
		return nil, fleet.Invalid("status.id", "it is 0 or 1 here; DELETE deletes a device")
	}
	return &s, nil
}

func profileID(field string, o wire.Optional[wire.IDRef], create bool) (*int64, error) {
	if !o.Set || o.Null && create {
		return nil, nil
	}
	id, err := requiredID(field, o)
	if err != nil {
		return nil, err
	}
	return &id, nil
}

// plug reads which SIM is to sit in a device. By default a new device activates it, and one
// that is there does not: its caller may just want to change the card.
func plug(o wire.Optional[wire.Plug], create bool) (*fleet.Plug, error) {
	if !o.Set || o.Null && create {
		return nil, nil
	}
	sim, given := o.Get()
	if !given || !sim.ID.Set {
		return nil, fleet.Invalid("sim", "write {\"id\": 250} to put a SIM in, {\"id\": null} to take it out")
	}
	if sim.ID.Null {
		if create {
			return nil, nil
		}
		return &fleet.Plug{Out: true}, nil
	}
	activate, err := truth("sim.activate", sim.Activate)
	if err != nil {
		return nil, err
	}
	p := &fleet.Plug{SIM: fleet.SIMID(sim.ID.Value), Activate: create}
	if activate != nil {
		p.Activate = *activate
	}
	return p, nil
}
