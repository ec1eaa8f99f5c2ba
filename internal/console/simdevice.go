package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var simDeviceRoutes = []route{
	{pattern: "POST /sims/{id}/device", need: identity.WriteDevices, handle: setSIMDevice},
}

// deviceChoices is how many devices a person can choose from at once.
const deviceChoices = 20

// simDevice is the form that puts a SIM into a device.
type simDevice struct {
	Name    string
	Problem string
	Choices []fleet.Device // whose names begin with Name
}

// setSIMDevice puts a SIM into a device that the form names, or takes it out of its own.
func setSIMDevice(r *request) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	found, err := r.control().SIM(r.Context(), r.caller, fleet.SIMID(id))
	if err != nil {
		return reply{}, err
	}
	if r.PostForm.Get("do") == "out" {
		return r.plug(found.Items[0].Device, fleet.SIMAttachment{Out: true}, id, "device.out")
	}
	form := simDevice{Name: clipped(r.PostForm.Get("device"))}
	device, err := r.chooseDevice(&form, fleet.DeviceID(number64(r.PostForm.Get("choice"))))
	if err != nil {
		return reply{}, err
	}
	if device == 0 {
		return r.simAgain(form)
	}
	res, err := r.plug(device, fleet.SIMAttachment{SIM: fleet.SIMID(id)}, id, "device.in")
	if problems := problemsOf(err); len(problems) > 0 {
		form.Problem = strings.Join(problems, " ")
		return r.simAgain(form)
	}
	return res, err
}

func (r *request) simAgain(form simDevice) (reply, error) {
	res, err := r.showSIM(form)
	res.status = http.StatusUnprocessableEntity
	return res, err
}

// plug changes the SIM of a device, and leads back to the page of the SIM.
func (r *request) plug(device fleet.DeviceID, sim fleet.SIMAttachment, back int64, what string) (reply, error) {
	run := control.DeviceRun{Changes: []fleet.DeviceChange{{ID: device, Patch: fleet.DevicePatch{SIM: &sim}}}}
	return write(r, "console POST /sims/{id}/device", func(w control.Write[control.Devices]) (control.Reply, error) {
		return r.control().PatchDevices(r.Context(), r.caller, run, w)
	}, func(control.Devices) string { return done("/sims/"+strconv.FormatInt(back, 10), what) })
}

// chooseDevice finds the device of a form: the chosen one, or the only one with the name. It
// returns 0 and a problem if there is none, or a choice if there are several.
func (r *request) chooseDevice(form *simDevice, chosen fleet.DeviceID) (fleet.DeviceID, error) {
	switch {
	case chosen != 0:
		return chosen, nil
	case form.Name == "":
		form.Problem = text("sim.device.name")
		return 0, nil
	case strings.ContainsAny(form.Name, ",|"):
		form.Problem = text("sim.device.unknown", form.Name)
		return 0, nil
	}
	l, err := fleet.ParseList(fleet.DeviceList, "name:"+form.Name, "id", "1", strconv.Itoa(deviceChoices))
	if err != nil {
		return 0, err
	}
	found, err := r.control().ListDevices(r.Context(), r.caller, l)
	if err != nil {
		return 0, err
	}
	var exact []fleet.Device
	for _, d := range found.Items {
		if strings.EqualFold(d.Name, form.Name) {
			exact = append(exact, d)
		}
	}
	switch {
	case len(exact) == 1:
		return exact[0].ID, nil
	case found.Total == 1:
		return found.Items[0].ID, nil
	case found.Total == 0:
		form.Problem = text("sim.device.unknown", form.Name)
	default:
		form.Problem, form.Choices = text("sim.device.several", number(found.Total)), found.Items
	}
	return 0, nil
}
