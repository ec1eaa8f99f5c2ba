package console

import (
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var deviceRoutes = []route{
	{pattern: "GET /devices/{id}", need: identity.ReadDevices, handle: devicePage},
	{pattern: "POST /devices/{id}", need: identity.WriteDevices, handle: editDevice},
	{pattern: "POST /devices/{id}/sim", need: identity.WriteDevices, handle: setDeviceSIM},
	{pattern: "POST /devices/{id}/delete", need: identity.WriteDevices, handle: deleteDevice},
}

// deviceData is the template data of the page of a device.
type deviceData struct {
	Device fleet.Device
	SIM    fleet.SIM // the zero SIM for none
	Form   deviceForm
	Put    deviceForm // the form that puts a SIM in: its ICCID, Activate and Problems
}

func devicePage(r *request) (reply, error) { return r.device(nil, deviceForm{}) }

// device shows a device. edited is the form as it was sent, if it is shown again.
func (r *request) device(edited *deviceForm, put deviceForm) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	found, err := r.control().Device(r.Context(), r.caller, fleet.DeviceID(id))
	if err != nil {
		return reply{}, err
	}
	d := deviceData{Device: found.Items[0], Put: put}
	if len(found.SIMs.Items) > 0 {
		d.SIM = found.SIMs.Items[0]
	}
	v := d.Device
	d.Form = deviceForm{
		Name: v.Name, IMEI: v.IMEI, Lock: v.IMEILock, Tags: v.Tags, Address: v.IPAddress, Service: v.ServiceProfile, Tariff: v.TariffProfile,
		Disabled: v.Status == fleet.DeviceDisabled,
	}
	if edited != nil {
		d.Form = *edited
	}
	if err := r.addProfiles(&d.Form); err != nil {
		return reply{}, err
	}
	name := v.Name
	if name == "" {
		name = text("sims.device.noname", v.ID)
	}
	res, err := r.page("device", "devices", name, d)
	if len(d.Form.Problems)+len(d.Put.Problems) > 0 {
		res.status = 422
	}
	return res, err
}

// writeDevice runs a rule on the device of the path, and leads to a page.
func (r *request) writeDevice(p fleet.DevicePatch, then string, rule func(control.DeviceRun, control.Write[control.Devices]) (control.Reply, error)) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	run := control.DeviceRun{Changes: []fleet.DeviceChange{{ID: fleet.DeviceID(id), Patch: p}}}
	return write(r, "console "+r.route.pattern, func(w control.Write[control.Devices]) (control.Reply, error) { return rule(run, w) },
		func(control.Devices) string { return then })
}

func (r *request) patchDevice(p fleet.DevicePatch, what string) (reply, error) {
	return r.writeDevice(p, done("/devices/"+r.PathValue("id"), what), func(run control.DeviceRun, w control.Write[control.Devices]) (control.Reply, error) {
		return r.control().PatchDevices(r.Context(), r.caller, run, w)
	})
}

func editDevice(r *request) (reply, error) {
	d := readDeviceForm(r.PostForm)
	res, err := r.patchDevice(d.patch(), "device.saved")
	if d.Problems = problemsOf(err); len(d.Problems) > 0 {
		return r.device(&d, deviceForm{})
	}
	return res, err
}

// setDeviceSIM puts a SIM into the device, or takes out the one that is in it.
func setDeviceSIM(r *request) (reply, error) {
	if r.PostForm.Get("do") == "out" {
		return r.patchDevice(fleet.DevicePatch{SIM: &fleet.SIMAttachment{Out: true}}, "device.out")
	}
	d := readDeviceForm(r.PostForm)
	sim, problem, err := r.simByICCID(d.ICCID)
	if err != nil {
		return reply{}, err
	}
	if problem != "" {
		return r.device(nil, deviceForm{ICCID: d.ICCID, Activate: d.Activate, Problems: []string{problem}})
	}
	res, err := r.patchDevice(fleet.DevicePatch{SIM: &fleet.SIMAttachment{SIM: sim, Activate: d.Activate}}, "device.in")
	if problems := problemsOf(err); len(problems) > 0 {
		return r.device(nil, deviceForm{ICCID: d.ICCID, Activate: d.Activate, Problems: problems})
	}
	return res, err
}

// deleteDevice deletes the device. A SIM that is in it is taken out first, and suspended.
func deleteDevice(r *request) (reply, error) {
	return r.writeDevice(fleet.DevicePatch{}, done("/devices", "device.deleted"), func(run control.DeviceRun, w control.Write[control.Devices]) (control.Reply, error) {
		return r.control().ReleaseDevices(r.Context(), r.caller, run, w)
	})
}
