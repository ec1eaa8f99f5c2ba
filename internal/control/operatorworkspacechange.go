package control

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// WorkspacePatch is what is to change of a Workspace; nil leaves a thing as it is.
type WorkspacePatch struct {
	Name    *string
	Type    *fleet.WorkspaceType
	Status  *fleet.WorkspaceStatus
	Country *string            // "" for unknown
	Parent  *fleet.WorkspaceID // 0 for none
}

func (p WorkspacePatch) over(w fleet.Workspace) fleet.Workspace {
	put(&w.Name, p.Name)
	put(&w.Type, p.Type)
	put(&w.Status, p.Status)
	put(&w.Country, p.Country)
	put(&w.Parent, p.Parent)
	return w
}

// put changes a value where another is given.
func put[T any](value, other *T) {
	if other != nil {
		*value = *other
	}
}

// ChangeWorkspace changes a Workspace and answers it as it is stored.
//
// A suspended Workspace takes no SIMs (1509). Its members sign in, read and take SIMs out
// as before: that is what it is usually suspended for. A migration that is under way at that
// moment either comes first or is refused.
//
// Errors: NotFound; BadRequest that names the field; InUse with every change that the SIMs
// of the Workspace forbid.
func (o Operator) ChangeWorkspace(ctx context.Context, id fleet.WorkspaceID, p WorkspacePatch) (w fleet.Workspace, err error) {
	err = o.update(ctx, func(tx *store.Tx) error {
		if err := tx.Hold(ctx, store.Workspaces); err != nil {
			return err
		}
		if err := tx.LockWorkspaces(ctx, []fleet.WorkspaceID{id}); err != nil { // what moves SIMs here comes first or waits
			return err
		}
		known, err := allWorkspaces(ctx, tx)
		if err != nil {
			return err
		}
		was, found := known[id]
		if !found {
			return fleet.Missing("workspace", id)
		}
		next, err := checkedWorkspace(p.over(was))
		if err != nil {
			return err
		}
		if err := checkParent(known, next); err != nil {
			return err
		}
		if err := mayBecome(ctx, tx, was, next); err != nil {
			return err
		}
		w = next
		if err := tx.PutWorkspace(ctx, next); err != nil {
			return err
		}
		return o.audit(ctx, tx, aboutWorkspace(fleet.AuditWorkspaceChanged, next))
	})
	return w, err
}

// checkParent wants a parent that is there, and no Workspace that is its own ancestor.
func checkParent(known map[fleet.WorkspaceID]fleet.Workspace, w fleet.Workspace) error {
	if _, found := known[w.Parent]; w.Parent != 0 && !found {
		return fleet.Invalid("parent", "there is no Workspace %d", w.Parent)
	}
	seen := make(map[fleet.WorkspaceID]bool)
	for up := w.Parent; up != 0 && !seen[up]; up = known[up].Parent {
		if up == w.ID {
			return fleet.Invalid("parent", "Workspace %d would be its own ancestor: choose one that does not stand below it", w.ID)
		}
		seen[up] = true
	}
	return nil
}

// mayBecome refuses what the SIMs of a Workspace forbid.
func mayBecome(ctx context.Context, tx *store.Tx, was, next fleet.Workspace) error {
	var p problems
	list, err := forbiddenBySIMs(ctx, tx, was, next)
	if err != nil {
		return err
	}
	for _, q := range list {
		p.add(q.Code, "%s", q.Message)
	}
	return p.as(fleet.InUse)
}

// forbiddenBySIMs tells which changes of a Workspace its SIMs forbid. Another country may not
// take them over the border that no migration crosses (1505). The type says whether SIMs can
// come in at all (1508), and which of those that name it the Workspace sees.
func forbiddenBySIMs(ctx context.Context, tx *store.Tx, was, next fleet.Workspace) (list []fleet.Problem, err error) {
	crosses := was.Brazilian() != next.Brazilian()
	if !crosses && was.Type == next.Type {
		return nil, nil
	}
	held, named, err := tx.NamesWorkspace(ctx, was.ID)
	if err != nil {
		return nil, err
	}
	if crosses && held {
		list = append(list, fleet.Problem{Code: fleet.InUse, Message: "country: the Workspace has SIMs, and none moves between Brazil and elsewhere: create another Workspace, or move them out first"})
	}
	if was.Type != next.Type && (held || named) {
		list = append(list, fleet.Problem{Code: fleet.InUse, Message: "type: the Workspace has SIMs, or is the issuer or reseller of some: move or delete those first, or create another Workspace"})
	}
	return list, nil
}
