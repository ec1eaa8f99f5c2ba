package operator

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// WorkspacePatch holds the changes to a Workspace; nil leaves a field unchanged.
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

// put sets a value if a new one is given.
func put[T any](value, other *T) {
	if other != nil {
		*value = *other
	}
}

// ChangeWorkspace changes a Workspace and returns it as stored.
//
// A suspended Workspace takes no SIMs (1509). Its members can still sign in, read, and move
// SIMs out: that is the usual reason to suspend it. A concurrent migration either commits first
// or is refused.
//
// Errors: NotFound; BadRequest that names the field; InUse with every change that the SIMs of
// the Workspace forbid.
func (o Operator) ChangeWorkspace(ctx context.Context, id fleet.WorkspaceID, p WorkspacePatch) (w fleet.Workspace, err error) {
	err = o.update(ctx, func(tx *store.Tx) error {
		if err := tx.Hold(ctx, store.Workspaces); err != nil {
			return err
		}
		if err := tx.LockWorkspaces(ctx, []fleet.WorkspaceID{id}); err != nil { // transactions that move SIMs into it commit first or wait
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

// checkParent requires that the parent exists and that the Workspace is not its own ancestor.
func checkParent(known map[fleet.WorkspaceID]fleet.Workspace, w fleet.Workspace) error {
	if _, found := known[w.Parent]; w.Parent != 0 && !found {
		return fleet.Invalid("parent", "%s", noWorkspace(w.Parent))
	}
	seen := make(map[fleet.WorkspaceID]bool)
	for up := w.Parent; up != 0 && !seen[up]; up = known[up].Parent {
		if up == w.ID {
			return fleet.Invalid("parent", "Workspace %d would be its own ancestor: choose one that is not below it", w.ID)
		}
		seen[up] = true
	}
	return nil
}

// mayBecome refuses the changes that the SIMs of a Workspace forbid.
func mayBecome(ctx context.Context, tx *store.Tx, was, next fleet.Workspace) error {
	var p fleet.Problems
	list, err := forbiddenBySIMs(ctx, tx, was, next)
	if err != nil {
		return err
	}
	for _, q := range list {
		p.Add(q.Code, "%s", q.Message)
	}
	return p.As(fleet.InUse)
}

// forbiddenBySIMs returns the changes that the SIMs of a Workspace forbid. A change of country
// would take SIMs across a border, which no migration may do (1505). The type decides whether
// SIMs can come in (1508), and which SIMs that refer to the Workspace it sees.
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
		list = append(list, fleet.Problem{Code: fleet.InUse, Message: "country: the Workspace has SIMs, and SIMs cannot move into or out of Brazil: create another Workspace, or move them out first"})
	}
	if was.Type != next.Type && (held || named) {
		list = append(list, fleet.Problem{Code: fleet.InUse, Message: "type: the Workspace has SIMs, or is the issuer or reseller of some: move or delete those first, or create another Workspace"})
	}
	return list, nil
}
