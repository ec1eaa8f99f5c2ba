package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func (a *api) listEvents(r *request) (response, error) { return a.events(r, control.EventsOf{}) }

func (a *api) listSIMEvents(r *request) (response, error) {
	id, err := r.thing("sim_id")
	if err != nil {
		return response{}, err
	}
	return a.events(r, control.EventsOf{SIM: fleet.SIMID(id)})
}

// listUserEvents lists what a user did in the token's Workspace. Application tokens are not
// users.
func (a *api) listUserEvents(r *request) (response, error) {
	ref, err := r.person()
	if err != nil {
		return response{}, err
	}
	of := control.EventsOf{User: r.who.User}
	if ref != "my" {
		id, err := r.thing("user_id")
		if err != nil { // not an id: an e-mail address
			return a.events(r, control.EventsOf{Username: ref})
		}
		of.User = fleet.UserID(id)
	}
	if of.User == 0 {
		of.User = nothing
	}
	return a.events(r, of)
}

// nothing is an id that matches nothing; 0 would mean no filter.
const nothing = -1

// thing reads an id from the path.
func (r *request) thing(name string) (int64, error) {
	id, err := r.id(name)
	if id <= 0 {
		id = nothing
	}
	return id, err
}

func (a *api) events(r *request, of control.EventsOf) (response, error) {
	l, err := r.list(fleet.EventList)
	if err != nil {
		return response{}, err
	}
	page, err := a.control.ListEvents(r.Context(), r.who, of, l)
	if err != nil {
		return response{}, err
	}
	out := make([]wire.Event, len(page.Items))
	for i, e := range page.Items {
		out[i] = eventBody(e)
	}
	return paged(r, l, page, func(x control.EventRecord) int64 { return int64(x.ID) }, out)
}

func eventBody(e control.EventRecord) wire.Event {
	out := wire.Event{
		ID: int64(e.ID), Timestamp: wire.NewEventTime(e.Time), Description: e.Description,
		Type:         wire.Ref{ID: int64(e.Type), Description: e.Type.String()},
		Source:       wire.Ref{ID: int64(e.Source), Description: fleet.NameOf(fleet.EventSources, e.Source)},
		Severity:     wire.Ref{ID: int64(e.Severity), Description: fleet.NameOf(fleet.Severities, e.Severity)},
		Organisation: wire.NamedRef{ID: int64(e.Workspace), Name: e.WorkspaceName},
		Endpoint:     deviceRef(e.Device, e.DeviceName),
	}
	if e.User != 0 {
		out.User = &wire.EventUser{ID: int64(e.User), Username: e.Username, Name: e.UserName}
	}
	if e.SIM != 0 {
		out.SIM = &wire.EventSIM{ID: int64(e.SIM), ICCID: string(e.ICCID)}
	}
	return out
}
