package storetest

import (
	"context"
	"maps"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var workspaceCases = []testCase{
	{"PutAndRead", putAndReadWorkspaces},
	{"NextID", nextID},
	{"Standings", standings},
	{"ProfilesAndDevices", profilesAndDevices},
}

func (e *env) equal(what string, got, want any) {
	e.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		e.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func putAndReadWorkspaces(e *env) {
	e.fleet()
	e.clock.advance(1000)
	changed := workspace(FleetDE)
	changed.Name, changed.Status, changed.Country, changed.Parent = "Fleet Germany", fleet.WorkspaceSuspended, "", 0
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.PutWorkspace(ctx, changed) })
	e.view(func(ctx context.Context, tx *store.Tx) error {
		some, err := tx.Workspaces(ctx, []fleet.WorkspaceID{FleetDE, nowhere, FleetAT})
		e.equal("Workspaces", some, map[fleet.WorkspaceID]fleet.Workspace{FleetDE: changed, FleetAT: workspace(FleetAT)})
		if err != nil {
			return err
		}
		none, err := tx.Workspaces(ctx, nil)
		e.equal("no Workspaces", none, map[fleet.WorkspaceID]fleet.Workspace{})
		if err != nil {
			return err
		}
		all, err := tx.AllWorkspaces(ctx)
		e.equal("all", all, []fleet.Workspace{workspace(Carrier), workspace(Resale), changed, workspace(FleetAT), workspace(FleetBR)})
		return err
	})
}

func nextID(e *env) {
	tables := map[string]int64{store.Workspaces: 301, store.Users: 6, store.Devices: 9004, store.SIMs: 31, store.ApplicationTokens: 1}
	for table := range tables {
		e.update(func(ctx context.Context, tx *store.Tx) error {
			id, err := tx.NextID(ctx, table)
			e.equal("first id of "+table, id, int64(1))
			return err
		})
	}
	e.fleet()
	for table, want := range tables {
		e.update(func(ctx context.Context, tx *store.Tx) error {
			id, err := tx.NextID(ctx, table)
			e.equal("next id of "+table, id, want)
			return err
		})
	}
}

func standings(e *env) {
	e.fleet()
	for user, roles := range map[fleet.UserID][3]fleet.Role{
		Admin:         {fleet.Administrator, fleet.Administrator, fleet.NoRole},
		Observer:      {fleet.Observer, fleet.NoRole, fleet.NoRole},
		SuspendedUser: {},
		Super:         {fleet.SuperAdmin, fleet.SuperAdmin, fleet.SuperAdmin},
		Stranger:      {},
	} {
		want := map[fleet.WorkspaceID]fleet.Standing{
			FleetDE: {Workspace: workspace(FleetDE), Role: roles[0]},
			FleetAT: {Workspace: workspace(FleetAT), Role: roles[1]},
			FleetBR: {Workspace: workspace(FleetBR), Role: roles[2]},
		}
		// A Workspace without a role is like a missing one.
		maps.DeleteFunc(want, func(_ fleet.WorkspaceID, s fleet.Standing) bool { return s.Role == fleet.NoRole })
		e.view(func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.Standings(ctx, user, []fleet.WorkspaceID{FleetDE, FleetAT, FleetBR, nowhere})
			e.equal("standings", got, want)
			return err
		})
	}
}

func profilesAndDevices(e *env) {
	e.fleet()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		for _, p := range []fleet.Profile{
			{ID: 1, Workspace: FleetDE, Kind: fleet.ServiceProfile, Name: "Default"},
			{ID: 1, Workspace: FleetDE, Kind: fleet.TariffProfile, Name: "Flat"},
			{ID: 1, Workspace: FleetAT, Kind: fleet.TariffProfile, Name: "Flat AT"},
		} {
			if err := tx.PutProfile(ctx, p); err != nil {
				return err
			}
		}
		return tx.PutDevice(ctx, fleet.Device{ID: 9001, Workspace: FleetDE, Name: "renamed"})
	})
	e.view(func(ctx context.Context, tx *store.Tx) error {
		s, found, err := tx.SIM(ctx, workspace(FleetDE), 11, false)
		if !found || s.DeviceName != "renamed" {
			e.Errorf("SIM 11 is in %q", s.DeviceName)
		}
		return err
	})
}
