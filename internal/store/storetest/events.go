package storetest

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var eventCases = []testCase{
	{"Names", eventNames},
	{"FiltersAndSorts", eventLists},
}

func (e *env) events(ws fleet.WorkspaceID, sim fleet.SIMID, q, sort string) []store.EventRecord {
	e.Helper()
	return e.eventPage(ws, sim, q, sort, "", "").Items
}

func (e *env) eventPage(ws fleet.WorkspaceID, sim fleet.SIMID, q, sort, page, perPage string) (got fleet.Page[store.EventRecord]) {
	e.Helper()
	l, err := fleet.ParseList(fleet.EventList, q, sort, page, perPage)
	if err != nil {
		e.Fatal(err)
	}
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		got, err = tx.Events(ctx, ws, store.EventsOf{SIM: sim}, l)
		return err
	})
	return got
}

func (e *env) insertEvents(events ...fleet.Event) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for _, event := range events {
			if err := tx.InsertEvent(ctx, event); err != nil {
				return err
			}
		}
		return nil
	})
}

func eventNames(e *env) {
	e.fleet()
	full := fleet.Event{
		Type: fleet.EventSIMAssigned, Severity: fleet.Critical, Workspace: FleetDE, User: Admin, SIM: 11, Device: 9001, Migration: 1, Description: "full",
	}
	bare := fleet.Event{Type: fleet.EventSwitched, Workspace: FleetDE, Description: "bare"}
	e.insertEvents(full, bare)
	full.ID, full.Time, full.Source = 1, start, fleet.SourceAPI
	bare.ID, bare.Time, bare.Source = 2, start, fleet.SourceAPI
	sim := plain(11, FleetDE)
	e.equal("events", e.events(FleetDE, 0, "", "id"), []store.EventRecord{
		{
			Event: full, WorkspaceName: "Fleet DE", Username: "admin@example.com", UserName: "Admin",
			ICCID: sim.ICCID, IMSI: sim.IMSI, MSISDN: sim.MSISDN, DeviceName: "tracker-1",
		},
		{Event: bare, WorkspaceName: "Fleet DE"},
	})
}

func eventLists(e *env) {
	e.fleet()
	e.insertEvents(
		fleet.Event{Type: fleet.EventSIMAssigned, Workspace: FleetDE, User: Admin, SIM: 11, Device: 9001},
		fleet.Event{Type: fleet.EventSwitched, Workspace: FleetDE, User: Observer, Severity: fleet.Warn},
		fleet.Event{Type: fleet.EventSIMActivated, Workspace: FleetDE, SIM: 10},
		fleet.Event{Type: fleet.EventSIMActivated, Workspace: FleetAT, SIM: 11}, // the same SIM, later elsewhere
	)
	e.clock.advance(24 * time.Hour)
	e.insertEvents(fleet.Event{Type: fleet.EventSIMReleased, Workspace: FleetDE, SIM: 11, Device: 9002, User: Admin})
	for _, tt := range []struct {
		sim     fleet.SIMID
		q, sort string
		want    []fleet.EventID
	}{
		{0, "", "", []fleet.EventID{5, 3, 2, 1}},
		{11, "", "", []fleet.EventID{5, 1}},
		{0, "sim:null", "", []fleet.EventID{2}},
		{0, "sim:10|11,user:1", "", []fleet.EventID{5, 1}},
		{0, "user:null", "", []fleet.EventID{3}},
		{0, "endpoint:9002|null", "id", []fleet.EventID{2, 3, 5}},
		{0, "event_type:8|67", "id", []fleet.EventID{2, 3}},
		{0, "event_type:999", "", nil},
		{0, "event_type:999|8", "", []fleet.EventID{3}},
		{0, "event_severity:1", "", []fleet.EventID{2}},
		{0, "event_source:2", "id", []fleet.EventID{1, 2, 3, 5}},
		{0, "timestamp:" + start.Format(time.DateOnly), "id", []fleet.EventID{1, 2, 3}},
		{0, "", "timestamp", []fleet.EventID{1, 2, 3, 5}},
		{0, "", "endpoint", []fleet.EventID{2, 3, 1, 5}}, // items without a value come first
		{0, "", "-endpoint", []fleet.EventID{5, 1, 3, 2}},
		{0, "", "user,-id", []fleet.EventID{3, 5, 1, 2}},
		{0, "", "-sim,id", []fleet.EventID{1, 5, 3, 2}},
		{0, "", "event_type", []fleet.EventID{3, 5, 1, 2}},
	} {
		var got []fleet.EventID
		for _, event := range e.events(FleetDE, tt.sim, tt.q, tt.sort) {
			got = append(got, event.ID)
		}
		e.equal("q="+tt.q+" sort="+tt.sort, got, tt.want)
	}
	page := e.eventPage(FleetDE, 0, "", "id", "7", "3")
	if page.Total != 4 || page.Page != 2 || len(page.Items) != 1 || page.Items[0].ID != 5 {
		e.Errorf("beyond the last page: %+v", page)
	}
}
