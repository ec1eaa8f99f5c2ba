package storetest

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var simCases = []testCase{
	{"Fields", simFields},
	{"Scope", simScope},
	{"Deleted", deletedSIM},
}

// stored returns the fixture as it reads: with the names of the devices.
func stored() []fleet.SIM {
	sims := fixtureSIMs()
	for i, s := range sims {
		for _, d := range devices {
			if d.ID == s.Device {
				sims[i].DeviceName = d.Name
			}
		}
	}
	return sims
}

func (e *env) find(ws fleet.Workspace, id fleet.SIMID) (s fleet.SIM, found bool) {
	e.Helper()
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		s, found, err = tx.SIM(ctx, ws, id, false)
		return err
	})
	return s, found
}

func (e *env) sim(ws fleet.Workspace, id fleet.SIMID) fleet.SIM {
	e.Helper()
	s, found := e.find(ws, id)
	if !found {
		e.Errorf("SIM %d is not found", id)
	}
	return s
}

func simFields(e *env) {
	e.fleet()
	for _, want := range stored() {
		e.equal("SIM", e.sim(workspace(Carrier), want.ID), want)
		e.update(func(ctx context.Context, tx *store.Tx) error {
			locked, found, err := tx.SIM(ctx, workspace(want.Workspace), want.ID, true)
			if !found {
				e.Errorf("SIM %d cannot be locked", want.ID)
			}
			e.equal("locked", locked, want)
			return err
		})
	}
}

func simScope(e *env) {
	e.fleet()
	for _, tt := range []struct {
		ws    fleet.WorkspaceID
		id    fleet.SIMID
		found bool
	}{
		{FleetDE, 10, true}, {FleetDE, 20, false}, {FleetAT, 20, true}, {FleetAT, 10, false},
		{Carrier, 10, true}, {Carrier, 20, true}, {Resale, 11, true}, {Resale, 10, false}, {FleetDE, 999, false},
	} {
		if _, found := e.find(workspace(tt.ws), tt.id); found != tt.found {
			e.Errorf("SIM %d for Workspace %d: found %v", tt.id, tt.ws, found)
		}
	}
	asEnterprise := workspace(Carrier) // an enterprise sees its own SIMs only, even if it issued others
	asEnterprise.Type = fleet.Enterprise
	if _, found := e.find(asEnterprise, 10); found {
		e.Error("an enterprise sees a SIM of another that it issued")
	}
}

func deletedSIM(e *env) {
	e.fleet()
	e.delete(11)
	if _, found := e.find(workspace(Carrier), 11); found {
		e.Error("a deleted SIM is found")
	}
	page := e.list(workspace(FleetDE), "", "", "", "")
	if page.Total != 9 {
		e.Errorf("%d SIMs are listed, want 9", page.Total)
	}
	page = e.list(workspace(FleetDE), "status:3", "", "", "")
	if page.Total != 1 || page.Items[0].ID != 11 || page.Items[0].Device != 0 {
		e.Errorf("a filter for deleted SIMs returned %+v", page.Items)
	}
}
