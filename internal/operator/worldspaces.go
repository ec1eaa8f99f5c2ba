package operator

import (
	"context"
	"fmt"

	"github.com/simferry/simferry/internal/fleet"
)

func (a *worldRun) applyWorkspaces(ctx context.Context) error {
	ids := make([]fleet.WorkspaceID, len(a.world.Workspaces))
	for i, w := range a.world.Workspaces {
		ids[i] = w.ID
	}
	if err := a.tx.LockWorkspaces(ctx, ids); err != nil { // transactions that move SIMs into them commit first or wait
		return err
	}
	old, err := allWorkspaces(ctx, a.tx)
	if err != nil {
		return err
	}
	a.workspaces = make(map[fleet.WorkspaceID]fleet.Workspace, len(old)+len(a.world.Workspaces))
	for id, w := range old {
		a.workspaces[id] = w
	}
	for _, w := range a.world.Workspaces {
		w.Created = old[w.ID].Created
		a.workspaces[w.ID] = w
	}
	for _, w := range a.parentsFirst() {
		was, there := old[w.ID]
		if there {
			if err := a.checkWorkspace(ctx, was, w); err != nil {
				return err
			}
		}
		if a.done.Workspaces.count(there, was == w) && a.clean() {
			if err := a.tx.PutWorkspace(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkWorkspace reports the changes that the SIMs of an existing Workspace forbid.
func (a *worldRun) checkWorkspace(ctx context.Context, was, w fleet.Workspace) error {
	list, err := forbiddenBySIMs(ctx, a.tx, was, w)
	a.problems.AddAll(fmt.Sprintf("workspace %d", w.ID), list)
	return err
}

// parentsFirst sorts the file's Workspaces so that each comes after its parent. It reports
// missing parents and cycles: the file alone has none, but together with the database it may.
func (a *worldRun) parentsFirst() []fleet.Workspace {
	const visiting, placed = 1, 2
	state := make(map[fleet.WorkspaceID]int)
	inFile := make(map[fleet.WorkspaceID]bool, len(a.world.Workspaces))
	for _, w := range a.world.Workspaces {
		inFile[w.ID] = true
	}
	var ordered []fleet.Workspace
	var visit func(id fleet.WorkspaceID)
	visit = func(id fleet.WorkspaceID) {
		w, place := a.workspaces[id], fmt.Sprintf("workspace %d", id)
		if state[id] == visiting {
			a.problems.Add(fleet.InvalidReference, "%s: parent: it would be its own ancestor: choose one that is not below it", place)
		}
		if id == 0 || state[id] != 0 {
			return
		}
		state[id] = visiting
		if !a.missing(place, "parent", w.Parent) {
			visit(w.Parent)
		}
		state[id] = placed
		if inFile[id] {
			ordered = append(ordered, w)
		}
	}
	for _, w := range a.world.Workspaces {
		visit(w.ID)
	}
	return ordered
}
