package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/store/fsck"
)

var undoCases = []testCase{
	{"Restores", undoRestores},
	{"Recorded", undoRecorded},
	{"Snapshot", undoSnapshot},
	{"Property", undoProperty},
}

// undoOf reads the planner's input for an undo as the Administrator.
func (e *env) undoOf(tx *store.Tx, caller store.Caller, id fleet.MigrationID, sims ...fleet.SIMID) (fleet.UndoRequest, fleet.UndoSnapshot, bool) {
	e.Helper()
	req := fleet.UndoRequest{Migration: id, RestoreStatus: true, RestoreDevices: true, SIMs: sims}
	snap, found, err := tx.UndoSnapshot(context.Background(), caller, 0, req, true)
	if err != nil {
		e.Fatal(err)
	}
	return req, snap, found
}

// undo takes a migration into one Workspace back, as the rules of control do.
func (e *env) undo(uid string, id fleet.MigrationID, sims ...fleet.SIMID) (entry fleet.MigrationID) {
	e.Helper()
	e.update(func(ctx context.Context, tx *store.Tx) error {
		req, snap, _ := e.undoOf(tx, store.Caller{User: Admin}, id, sims...)
		p, err := fleet.PlanUndo(req, snap)
		if err != nil {
			return err
		}
		c := plan(uid, p.SIMs, p.Moves[0].Target.ID)
		for i, s := range p.SIMs {
			c.Lines[i].After = p.After(s)
		}
		c.DetachDevices, c.AllowedStatuses = false, nil
		c.Undo, c.Note = &fleet.Undo{Migration: id, RestoreStatus: true, RestoreDevices: true}, fleet.Note{Reference: "CHG-1", Reason: "wrong customer"}
		for i := range c.Sides {
			c.Sides[i].Authority = fleet.AuthorityRole
		}
		entry, err = tx.Apply(ctx, c)
		return err
	})
	return entry
}

// current reads SIMs as they are now, by id.
func (e *env) current(ids ...fleet.SIMID) map[fleet.SIMID]fleet.SIMState {
	e.Helper()
	found := make(map[fleet.SIMID]fleet.SIMState)
	e.view(func(ctx context.Context, tx *store.Tx) error {
		req := fleet.MigrationRequest{Target: FleetDE, Select: selectIDs(e, ids...)}
		snap, err := tx.Snapshot(ctx, store.Caller{User: Super, SuperAdmin: true}, req, false)
		for _, s := range snap.SIMs {
			found[s.ID] = s
		}
		return err
	})
	return found
}

func undoRestores(e *env) {
	e.fleet()
	want := e.current(10, 11, 12, 13)
	id := e.migrate("there", FleetAT, 11, 10, 12, 13)
	e.undo("some", id, 12)
	e.undo("back", id, 10, 11, 13)
	for sim, s := range want {
		s.Version += 2
		want[sim] = s
	}
	e.equal("after a migration and its undo", e.current(10, 11, 12, 13), want)
	CheckSums(e, e.s)
	e.update(func(ctx context.Context, tx *store.Tx) error { return tx.FoldTally(ctx) })
	e.view(func(ctx context.Context, tx *store.Tx) error {
		r, err := fsck.Run(ctx, tx)
		for _, c := range r.Checks {
			if !c.OK() && c.Key != "identity" && c.Key != "audit_entries" { // no seals and no audit entries here
				e.Errorf("%s: %v", c.Key, c.First)
			}
		}
		return err
	})
}

func undoRecorded(e *env) {
	e.fleet()
	id := e.migrate("there", FleetAT, 11, 10)
	first, second := e.undo("one", id, 11), e.undo("two", id, 10)
	entry, _ := e.entry(store.Caller{User: Admin}, 0, first)
	e.equal("undo", entry.Undo, &fleet.Undo{Migration: id, RestoreStatus: true, RestoreDevices: true})
	e.equal("note", entry.Note, fleet.Note{Reference: "CHG-1", Reason: "wrong customer"})
	e.equal("authorities", []fleet.Authority{entry.TargetAuthority, entry.Sources[0].Authority}, []fleet.Authority{fleet.AuthorityRole, fleet.AuthorityRole})
	undone := []fleet.UndoCount{{Migration: first, SIMs: 1}, {Migration: second, SIMs: 1}}
	entry, _ = e.entry(store.Caller{User: Admin}, 0, id)
	e.equal("undone by", entry.UndoneBy, undone)
	page := e.migrations(store.Caller{User: Observer}, 0, "", "id", "", "")
	e.equal("in a list", page.Items[0].UndoneBy, undone)
	if entry.Undo != nil || entry.Note != (fleet.Note{}) || entry.TargetAuthority != fleet.NoAuthority {
		e.Errorf("the migration: %+v", entry)
	}
}

func undoSnapshot(e *env) {
	e.fleet()
	id := e.migrate("there", FleetAT, 11, 12, 13)
	e.undo("some", id, 13)
	e.change(fleet.LedgerAttach, 15, func(s *fleet.SIMState) { s.Device = 9001 })
	e.update(func(_ context.Context, tx *store.Tx) error {
		_, snap, found := e.undoOf(tx, store.Caller{User: Admin}, id)
		e.equal("devices", snap.Devices, map[fleet.DeviceID]fleet.DeviceState{
			9001: {Workspace: FleetDE, Name: "tracker-1", Held: 15}, 9002: {Workspace: FleetDE, Name: "tracker-2"},
		})
		if !found || len(snap.SIMs) != 3 || len(snap.Undone) != 1 || snap.Undone[13] == 0 {
			e.Errorf("%v, %d SIMs, undone %v", found, len(snap.SIMs), snap.Undone)
		}
		roles := make(map[fleet.WorkspaceID]fleet.Role)
		for id, s := range snap.Workspaces {
			roles[id] = s.Role
		}
		e.equal("roles", roles, map[fleet.WorkspaceID]fleet.Role{FleetDE: fleet.Administrator, FleetAT: fleet.Administrator})
		if _, _, found := e.undoOf(tx, store.Caller{User: Stranger}, id); found {
			e.Error("a stranger sees the migration")
		}
		_, snap, _ = e.undoOf(tx, store.Caller{User: Observer}, id) // a member of the source only
		if len(snap.SIMs) != 1 || snap.Workspaces[FleetAT].Role != fleet.NoRole {
			e.Errorf("a member of the source sees %d SIMs and %v", len(snap.SIMs), snap.Workspaces)
		}
		return nil
	})
}

// undoProperty moves SIMs at random and takes everything back, newest first: each SIM, each
// device and each count must be as before, and the versions must have gone up by two a move.
func undoProperty(e *env) {
	e.fleet()
	seed := rand.Uint64() //nolint:gosec // a test
	e.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test
	ids := []fleet.SIMID{10, 11, 12, 13, 14, 15, 16, 20, 22}
	want, counts := e.current(ids...), e.counts()
	var entries []fleet.MigrationID
	moves := make(map[fleet.SIMID]int64)
	for step := range 12 {
		target := []fleet.WorkspaceID{FleetDE, FleetAT}[r.IntN(2)]
		now, some := e.current(ids...), []fleet.SIMID(nil)
		for _, id := range ids { // of one Workspace, because undo handles one move
			if now[id].Workspace != target && r.IntN(2) == 0 {
				some = append(some, id)
				moves[id]++
			}
		}
		if len(some) > 0 {
			entries = append(entries, e.migrate(fmt.Sprint("move ", step), target, some...))
		}
	}
	for _, id := range slices.Backward(entries) {
		e.undo(fmt.Sprint("undo ", id), id)
	}
	for id, s := range want {
		s.Version += 2 * moves[id]
		want[id] = s
	}
	e.equal("SIMs", e.current(ids...), want)
	e.equal("counts", e.counts(), counts)
	CheckSums(e, e.s)
}

// counts reads the totals by Workspace and status.
func (e *env) counts() map[string]int {
	e.Helper()
	totals := make(map[string]int)
	for _, ws := range []fleet.WorkspaceID{FleetDE, FleetAT} {
		for _, status := range fleet.SIMStatuses {
			q := fmt.Sprintf("status:%d", status.ID)
			totals[fmt.Sprint(ws, q)] = e.list(workspace(ws), q, "", "", "").Total
		}
	}
	return totals
}
