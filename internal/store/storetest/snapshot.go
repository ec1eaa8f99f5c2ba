package storetest

import (
	"cmp"
	"context"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var snapshotCases = []testCase{
	{"Selectors", snapshotSelectors},
	{"Membership", snapshotMembership},
	{"Deleted", snapshotDeleted},
	{"Preview", snapshotPreview},
	{"PreviewWithoutSession", previewWithoutSession},
	{"ManyWorkspaces", snapshotManyWorkspaces},
}

func (e *env) snapshot(caller store.Caller, sel fleet.Selector, lock bool) (snap fleet.Snapshot) {
	e.Helper()
	read := func(ctx context.Context, tx *store.Tx) (err error) {
		snap, err = tx.Snapshot(ctx, caller, fleet.MigrationRequest{Target: FleetAT, Select: sel}, lock)
		snap = inOrder(snap)
		return err
	}
	if lock {
		e.update(read)
	} else {
		e.view(read)
	}
	return snap
}

func selectIDs(e *env, list ...fleet.SIMID) fleet.Selector {
	e.Helper()
	sel, err := fleet.SelectSIMs(list)
	if err != nil {
		e.Fatal(err)
	}
	return sel
}

func selectICCIDs(e *env, list ...fleet.SIMID) fleet.Selector {
	e.Helper()
	texts := make([]string, len(list))
	for i, id := range list {
		texts[i] = string(ICCIDOf(id))
	}
	sel, err := fleet.SelectICCIDs(texts)
	if err != nil {
		e.Fatal(err)
	}
	return sel
}

// states returns the fixture's SIMs as the planner sees them.
func states(list ...fleet.SIMID) []fleet.SIMState {
	found := make([]fleet.SIMState, 0, len(list))
	for _, s := range stored() {
		if slices.Contains(list, s.ID) {
			found = append(found, s.State())
		}
	}
	return found
}

// denseIDs selects so many ids close together that the SIMs of a range are read: all but 11 and 20.
func denseIDs(e *env) fleet.Selector {
	e.Helper()
	var ids []fleet.SIMID
	for id := fleet.SIMID(1); id <= 200; id++ {
		if id != 11 && id != 20 {
			ids = append(ids, id)
		}
	}
	return selectIDs(e, ids...)
}

func snapshotSelectors(e *env) {
	e.fleet()
	byICCID, err := fleet.SelectICCIDs([]string{string(ICCIDOf(22)), string(ICCIDOf(12)), string(ICCIDOf(99))})
	if err != nil {
		e.Fatal(err)
	}
	byRange, err := fleet.SelectRange(string(ICCIDOf(12)), string(ICCIDOf(20)))
	if err != nil {
		e.Fatal(err)
	}
	for _, lock := range []bool{false, true} {
		for name, tt := range map[string]struct {
			sel  fleet.Selector
			want []fleet.SIMState
		}{
			"ids":    {selectIDs(e, 20, 11, 999), states(11, 20)},
			"dense":  {denseIDs(e), states(10, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22)},
			"iccids": {byICCID, states(12, 22)},
			"range":  {byRange, states(12, 13, 14, 15, 16, 17, 18, 19, 20)},
		} {
			e.equal(name, e.snapshot(store.Caller{User: Admin}, tt.sel, lock).SIMs, tt.want)
		}
	}
}

func snapshotMembership(e *env) {
	e.fleet()
	all := selectIDs(e, 10, 20, 30)
	standing := func(ws fleet.WorkspaceID, role fleet.Role) fleet.Standing {
		return fleet.Standing{Workspace: workspace(ws), Role: role}
	}
	for name, tt := range map[string]struct {
		caller     store.Caller
		sims       []fleet.SIMState
		workspaces map[fleet.WorkspaceID]fleet.Standing
	}{
		"admin": {store.Caller{User: Admin}, states(10, 20), map[fleet.WorkspaceID]fleet.Standing{
			FleetDE: standing(FleetDE, fleet.Administrator), FleetAT: standing(FleetAT, fleet.Administrator)}},
		"observer": {store.Caller{User: Observer}, states(10), map[fleet.WorkspaceID]fleet.Standing{
			FleetDE: standing(FleetDE, fleet.Observer)}}, // a Workspace without a role is like a missing one
		"suspended there": {store.Caller{User: SuspendedUser}, states(), map[fleet.WorkspaceID]fleet.Standing{}},
		"stranger":        {store.Caller{User: Stranger}, states(), map[fleet.WorkspaceID]fleet.Standing{}},
		"superadmin": {store.Caller{User: Super, SuperAdmin: true}, states(10, 20, 30), map[fleet.WorkspaceID]fleet.Standing{
			FleetDE: standing(FleetDE, fleet.SuperAdmin), FleetAT: standing(FleetAT, fleet.SuperAdmin), FleetBR: standing(FleetBR, fleet.SuperAdmin)}},
	} {
		for _, lock := range []bool{false, true} {
			e.equal(name, e.snapshot(tt.caller, all, lock), fleet.Snapshot{SIMs: tt.sims, Workspaces: tt.workspaces})
		}
	}
}

func snapshotDeleted(e *env) {
	e.fleet()
	e.delete(11)
	e.equal("with a deleted SIM", e.snapshot(store.Caller{User: Admin}, selectIDs(e, 10, 11), false).SIMs, states(10))
}

func snapshotPreview(e *env) {
	e.fleet()
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.InsertSigningKey(ctx, signingKey("k", start)) })
	byRange, err := fleet.SelectRange(string(ICCIDOf(10)), string(ICCIDOf(30)))
	if err != nil {
		e.Fatal(err)
	}
	for _, caller := range []store.Caller{{User: Admin}, {User: Observer}, {User: SuspendedUser}, {User: Stranger}, {User: Super, SuperAdmin: true}} {
		selectors := []fleet.Selector{selectIDs(e, 10, 11, 20, 30, 999), denseIDs(e), byRange}
		// Lists with adjacent numbers, with a gap, and far apart.
		for _, ids := range [][]fleet.SIMID{{10, 12}, {13, 10, 11}, {10, 30}, {11}, {998, 999}, {20, 21, 22, 999}} {
			selectors = append(selectors, selectICCIDs(e, ids...))
		}
		for _, sel := range selectors {
			for _, target := range []fleet.WorkspaceID{FleetAT, FleetBR, nowhere} {
				e.previewed(caller, fleet.MigrationRequest{Target: target, Select: sel})
			}
		}
	}
}

// A dry run detects a missing or ended session, like any request.
func previewWithoutSession(e *env) {
	e.fleet()
	req := fleet.MigrationRequest{Target: FleetAT, Select: selectIDs(e, 10)}
	_, found, _, err := e.s.BearerPreview(e.Context(), store.BearerOf{User: Admin, Workspace: FleetDE, Key: "removed"}, req)
	if err != nil || found {
		e.Errorf("%v, %v", found, err)
	}
}

// snapshotManyWorkspaces tests a user with more Workspaces than a dry run reads in advance.
func snapshotManyWorkspaces(e *env) {
	e.fleet()
	const first, last fleet.WorkspaceID = 1000, 1099
	e.update(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.InsertSigningKey(ctx, signingKey("k", start)); err != nil {
			return err
		}
		for id := first; id <= last; id++ {
			if err := tx.PutWorkspace(ctx, fleet.Workspace{ID: id, Name: "One of many", Type: fleet.Enterprise, Country: "DE"}); err != nil {
				return err
			}
			if err := tx.SetMembership(ctx, Admin, id, fleet.UserActive, []fleet.Role{fleet.Administrator}); err != nil {
				return err
			}
		}
		return nil
	})
	e.migrate("out", last, 15)
	for _, ids := range [][]fleet.SIMID{{10}, {15}, {10, 15, 20, 30}} {
		for _, target := range []fleet.WorkspaceID{FleetAT, first, last} {
			snap := e.previewed(store.Caller{User: Admin}, fleet.MigrationRequest{Target: target, Select: selectIDs(e, ids...)})
			if len(snap.SIMs) == 0 {
				e.Errorf("no SIM of %v was found", ids)
			}
		}
	}
}

// previewed compares the snapshots of a dry run and of a real run: the planner must see
// the same in both.
func (e *env) previewed(caller store.Caller, req fleet.MigrationRequest) (preview fleet.Snapshot) {
	e.Helper()
	session, found, preview, err := e.s.BearerPreview(e.Context(), store.BearerOf{User: caller.User, Workspace: FleetBR, Key: "k"}, req)
	if err != nil || !found || session.User.ID != caller.User {
		e.Fatalf("%v, %v, asked by %d", err, found, session.User.ID)
	}
	var run fleet.Snapshot
	e.update(func(ctx context.Context, tx *store.Tx) (err error) {
		run, err = tx.Snapshot(ctx, caller, req, true)
		return err
	})
	e.equal("preview and run", inOrder(preview), inOrder(run))
	return preview
}

// inOrder sorts a snapshot's SIMs, and removes the rules, which have their own tests, and what the
// planner does not read.
func inOrder(snap fleet.Snapshot) fleet.Snapshot {
	snap.Rules = fleet.RuleInput{}
	slices.SortFunc(snap.SIMs, func(a, b fleet.SIMState) int { return cmp.Compare(a.ID, b.ID) })
	for id, s := range snap.Workspaces {
		s.Workspace.Created = start
		snap.Workspaces[id] = s
	}
	return snap
}
