package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// events lists the events of the token's Workspace that decode selects.
func events(decode func(*request) (control.EventsOf, error)) handler {
	return listOf(fleet.EventList, decode, (*control.Control).ListEvents, eventID, eventBody)
}

func allEvents(*request) (of control.EventsOf, err error) { return of, nil }

func simEvents(r *request) (of control.EventsOf, err error) {
	id, err := r.thing("sim_id")
	return control.EventsOf{SIM: fleet.SIMID(id)}, err
}

func deviceEvents(r *request) (of control.EventsOf, err error) {
	id, err := r.thing("endpoint_id")
	return control.EventsOf{Device: fleet.DeviceID(id)}, err
}

// userEvents selects what a user did in the token's Workspace. Application tokens are not users.
func userEvents(r *request) (of control.EventsOf, err error) {
	ref, err := r.person()
	if err != nil {
		return of, err
	}
	of = control.EventsOf{User: r.caller.User}
	if ref != "my" {
		id, err := r.thing("user_id")
		if err != nil { // not an id: an e-mail address
			return control.EventsOf{Username: ref}, nil //nolint:nilerr // no error: an address
		}
		of.User = fleet.UserID(id)
	}
	if of.User == 0 {
		of.User = nothing
	}
	return of, nil
}

// nothing is an id that matches nothing; 0 would mean no filter.
const nothing = -1

// thing reads an id from the path.
func (r *request) thing(name string) (int64, error) {
	id, err := r.PathID(name)
	if id <= 0 {
		id = nothing
	}
	return id, err
}

func eventID(e control.EventRecord) int64 { return int64(e.ID) }

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
