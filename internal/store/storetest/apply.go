package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var applyCases = []testCase{
	{"Migration", applyMigration},
	{"MovesOn", applyMovesOn},
	{"Activation", applyActivation},
	{"AttachAndDetach", applyAttach},
	{"EveryStatus", applyEveryStatus},
	{"Many", applyMany},
	{"EntryByUID", entryByUID},
}

// plan returns the change that moves SIMs to a Workspace, as the planner makes it.
func plan(uid string, before []fleet.SIMState, target fleet.WorkspaceID) store.Change {
	c := store.Change{
		UID: uid, Kind: fleet.LedgerMigration, By: store.Caller{User: Admin}, Target: target, DetachDevices: true,
		AllowedStatuses: []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMIssued, fleet.SIMSuspended},
		Sides:           []store.Side{{Workspace: target, Target: true, SIMs: len(before)}},
	}
	sources := map[fleet.WorkspaceID]int{}
	for _, s := range before {
		after := s
		after.Workspace, after.Status, after.Device, after.DeviceName, after.Version = target, s.Status.AfterMigration(), 0, "", s.Version+1
		c.Lines = append(c.Lines, store.Line{Before: s, After: after})
		sources[s.Workspace]++
	}
	for _, w := range workspaces { // in the order of their ids
		if n := sources[w.ID]; n > 0 {
			c.Sides = append(c.Sides, store.Side{Workspace: w.ID, SIMs: n})
			c.Events = append(c.Events, fleet.Event{Type: fleet.EventMigration, Workspace: w.ID, Description: fmt.Sprintf("%d SIMs go", n)})
		}
	}
	c.Events = append(c.Events, fleet.Event{Type: fleet.EventMigration, Severity: fleet.Warn, Workspace: target, Description: "SIMs come"})
	return c
}

// migrate moves SIMs of the admin's Workspaces in their current state.
func (e *env) migrate(uid string, target fleet.WorkspaceID, list ...fleet.SIMID) (id fleet.MigrationID) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		req := fleet.MigrationRequest{Target: target, Select: selectIDs(e, list...)}
		snap, err := tx.Snapshot(ctx, store.Caller{User: Super, SuperAdmin: true}, req, true)
		if err != nil {
			return err
		}
		found, _ := fleet.Resolve(req.Select, snap)
		c := plan(uid, found, target)
		c.Audit = &fleet.AuditEntry{
			Actor: fleet.ActorUser, User: c.By.User, Token: c.By.Token, Action: fleet.AuditMigrated, RequestID: uid, Workspaces: []fleet.WorkspaceID{target, FleetDE},
		}
		id, err = tx.Apply(ctx, c)
		return err
	})
	CheckSums(e, e.s)
	return id
}

func applyMigration(e *env) {
	e.fleet()
	e.clock.advance(time.Hour)
	entry := e.migrate("m1", FleetAT, 11, 10, 12)

	want := stored()[:3]
	for i := range want {
		want[i].Workspace, want[i].Device, want[i].DeviceName, want[i].Version = FleetAT, 0, "", 1
	}
	want[1].Status = fleet.SIMSuspended
	for i, s := range want {
		e.equal("moved", e.sim(workspace(FleetAT), s.ID), want[i])
		if _, found := e.find(workspace(FleetDE), s.ID); found {
			e.Errorf("SIM %d is still in its source", s.ID)
		}
	}
	e.equal("untouched", e.sim(workspace(FleetDE), 13), stored()[3])

	event := func(id fleet.EventID, typ fleet.EventType, ws fleet.WorkspaceID, sim fleet.SIMID, device fleet.DeviceID, words string) fleet.Event {
		return fleet.Event{
			ID: id, Time: start.Add(time.Hour), Type: typ, Source: fleet.SourceAPI, Workspace: ws, User: Admin, SIM: sim, Device: device,
			Migration: entry, Description: words,
		}
	}
	wanted := []fleet.Event{
		event(1, fleet.EventSIMReleased, FleetDE, 11, 9001, fmt.Sprintf(fleet.ReleasedWords, 11, 9001)),
		event(2, fleet.EventSIMSuspended, FleetDE, 11, 9001, fmt.Sprintf(fleet.StatusChangedWords, "Activated", "Suspended")),
		event(3, fleet.EventSIMReleased, FleetDE, 12, 9002, fmt.Sprintf(fleet.ReleasedWords, 12, 9002)),
		event(4, fleet.EventMigration, FleetDE, 0, 0, "3 SIMs go"),
		event(5, fleet.EventMigration, FleetAT, 0, 0, "SIMs come"),
	}
	wanted[4].Severity = fleet.Warn
	e.equal("events of the source", plainEvents(e.events(FleetDE, 0, "", "id")), wanted[:4])
	e.equal("events of the target", plainEvents(e.events(FleetAT, 0, "", "id")), wanted[4:])
}

func plainEvents(records []store.EventRecord) []fleet.Event {
	events := make([]fleet.Event, len(records))
	for i, r := range records {
		events[i] = r.Event
	}
	return events
}

// A SIM that moves again and back keeps its whole history.
func applyMovesOn(e *env) {
	e.fleet()
	e.migrate("there", FleetAT, 11)
	e.migrate("on", FleetBR, 11, 20)
	e.migrate("back", FleetDE, 11)
	if s := e.sim(workspace(FleetDE), 11); s.Version != 3 || s.Status != fleet.SIMSuspended {
		e.Errorf("in the end version %d, %v", s.Version, s.Status)
	}
}

func applyActivation(e *env) {
	e.fleet()
	set := func(status fleet.SIMStatus) func(*fleet.SIMState) {
		return func(s *fleet.SIMState) { s.Status = status }
	}
	e.clock.advance(time.Hour)
	e.change(fleet.LedgerStatus, 10, set(fleet.SIMActivated))
	first := e.clock.Now()
	for _, status := range []fleet.SIMStatus{fleet.SIMSuspended, fleet.SIMActivated} {
		e.clock.advance(time.Hour)
		e.change(fleet.LedgerStatus, 10, set(status))
	}
	s := e.sim(workspace(FleetDE), 10)
	if !s.Activated.Equal(first) || s.Version != 3 {
		e.Errorf("activated at %v, version %d; want %v and 3", s.Activated, s.Version, first)
	}
	e.change(fleet.LedgerStatus, 15, set(fleet.SIMFactoryTest))
	if s := e.sim(workspace(FleetDE), 15); !s.Activated.IsZero() {
		e.Errorf("a factory test counted as an activation: %v", s.Activated)
	}
}

func applyAttach(e *env) {
	e.fleet()
	e.change(fleet.LedgerDetach, 11, func(s *fleet.SIMState) { s.Device = 0 })
	e.change(fleet.LedgerAttach, 13, func(s *fleet.SIMState) { s.Device = 9001 })
	if s := e.sim(workspace(FleetDE), 13); s.Device != 9001 || s.DeviceName != "tracker-1" || s.Status != fleet.SIMActivated {
		e.Errorf("attached: %+v", s)
	}
	got := plainEvents(e.events(FleetDE, 0, "", "id"))
	if len(got) != 2 || got[0].Type != fleet.EventSIMReleased || got[0].SIM != 11 ||
		got[1].Type != fleet.EventSIMAssigned || got[1].Description != fmt.Sprintf(fleet.AssignedWords, 13, 9001) || got[1].Device != 9001 {
		e.Errorf("events: %+v", got)
	}
}

func applyEveryStatus(e *env) {
	e.fleet()
	for _, to := range []struct {
		status fleet.SIMStatus
		event  fleet.EventType
	}{
		{fleet.SIMFactoryTest, fleet.EventSIMFactoryTest}, {fleet.SIMActivated, fleet.EventSIMActivated},
		{fleet.SIMSuspended, fleet.EventSIMSuspended}, {fleet.SIMDeleted, fleet.EventSIMDeleted},
	} {
		was := e.sim(workspace(FleetDE), 10).Status
		e.change(fleet.LedgerStatus, 10, func(s *fleet.SIMState) { s.Status = to.status })
		got := e.events(FleetDE, 10, "", "-id")[0]
		words := fmt.Sprintf(fleet.StatusChangedWords, was, to.status)
		if got.Type != to.event || got.Description != words || got.User != 0 {
			e.Errorf("to %v: event %v %q by user %d", to.status, got.Type, got.Description, got.User)
		}
	}
}

func applyMany(e *env) {
	e.fleet()
	sims := make([]fleet.SIM, fleet.MaxSIMs)
	list := make([]fleet.SIMID, len(sims))
	for i := range sims {
		list[i] = fleet.SIMID(2000 - i) // not in the order of the ids
		sims[i] = plain(list[i], FleetDE)
		sims[i].Status = fleet.SIMActivated
	}
	e.imported("many", sims)
	id := e.migrate("many moved", FleetAT, list...)
	e.view(func(ctx context.Context, tx *store.Tx) error {
		m, _, err := tx.Migration(ctx, store.Caller{User: Admin}, 0, id)
		if len(m.Lines) != len(list) || m.SIMs != len(list) {
			e.Fatalf("%d lines of %d SIMs", len(m.Lines), m.SIMs)
		}
		for i, l := range m.Lines {
			if l.SIM != list[i] {
				e.Fatalf("line %d is of SIM %d, want %d", i, l.SIM, list[i])
			}
		}
		return err
	})
	got := e.list(workspace(FleetAT), "status:2", "", "", "")
	if got.Total != len(list) {
		e.Errorf("%d SIMs arrived", got.Total)
	}
}

func entryByUID(e *env) {
	e.fleet()
	want := e.migrate("mine", FleetAT, 11)
	e.view(func(ctx context.Context, tx *store.Tx) error {
		id, found, err := tx.EntryByUID(ctx, "mine")
		if err != nil || !found || id != want {
			e.Errorf("entry %d, %v, %v; want %d", id, found, err, want)
		}
		_, found, err = tx.EntryByUID(ctx, "another's")
		if found {
			e.Error("found an entry that does not exist")
		}
		return err
	})
}
