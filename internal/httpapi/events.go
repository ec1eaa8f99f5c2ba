package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func (a *api) listEvents(r *request) (response, error) { return a.events(r, 0) }

func (a *api) listSIMEvents(r *request) (response, error) {
	id, err := r.id("sim_id")
	if err != nil {
		return response{}, err
	}
	if id <= 0 {
		id = -1 // no SIM; 0 would mean every one
	}
	return a.events(r, fleet.SIMID(id))
}

func (a *api) events(r *request, sim fleet.SIMID) (response, error) {
	l, err := r.list(fleet.EventList)
	if err != nil {
		return response{}, err
	}
	page, err := a.control.ListEvents(r.Context(), r.who, sim, l)
	if err != nil {
		return response{}, err
	}
	return eventPage(r, l, page)
}

func eventPage(r *request, l fleet.List, page fleet.Page[control.EventRecord]) (response, error) {
	out := make([]wire.Event, len(page.Items))
	for i, e := range page.Items {
		out[i] = eventBody(e)
	}
	return paged(r, l, page, out)
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
