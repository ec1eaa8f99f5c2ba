package operator

import (
	"context"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// CreateWorkspace creates a Workspace and returns it as stored. ID 0 takes the next free one;
// Type 0 is an enterprise; Country and Parent are optional.
//
// Errors: BadRequest that names the field; Duplicated if the ID is taken.
func (o Operator) CreateWorkspace(ctx context.Context, w fleet.Workspace) (fleet.Workspace, error) {
	w, err := checkedWorkspace(w)
	if err != nil {
		return w, err
	}
	created := w
	err = o.update(ctx, func(tx *store.Tx) error {
		created = w
		created.Created = tx.Now()
		known, err := allWorkspaces(ctx, tx)
		if err != nil {
			return err
		}
		if _, found := known[w.Parent]; w.Parent != 0 && !found {
			return fleet.Invalid("parent", "%s", noWorkspace(w.Parent))
		}
		if old, found := known[w.ID]; found {
			return fleet.Errorf(fleet.Duplicated, "id: Workspace %d already exists (%s): leave the id out to get a free one", w.ID, old.Name)
		}
		if w.ID == 0 {
			id, err := tx.NextID(ctx, store.Workspaces)
			if err != nil {
				return err
			}
			created.ID = fleet.WorkspaceID(id)
		}
		if err := tx.InsertWorkspace(ctx, created); err != nil {
			return err
		}
		return o.audit(ctx, tx, aboutWorkspace(fleet.AuditWorkspaceCreated, created))
	})
	return created, err
}

func aboutWorkspace(action fleet.AuditAction, w fleet.Workspace) fleet.AuditEntry {
	return fleet.AuditEntry{
		Action: action, Subject: fleet.Subject("workspace", w.ID), Workspaces: []fleet.WorkspaceID{w.ID},
		Detail: fleet.AuditDetail{Status: w.Status.String()},
	}
}

func checkedWorkspace(w fleet.Workspace) (fleet.Workspace, error) {
	w.Country = strings.ToUpper(w.Country)
	if w.Type == 0 {
		w.Type = fleet.Enterprise
	}
	if err := control.CheckName("name", w.Name); err != nil {
		return w, err
	}
	if !w.Type.Known() {
		return w, fleet.Invalid("type", "%d is not a Workspace type: must be 1 to 4", w.Type)
	}
	if !w.Status.Known() {
		return w, fleet.Invalid("status", "%d is not a Workspace status: must be 0 (Enabled) or 1 (Suspended)", w.Status)
	}
	if _, known := fleet.CountryByISO(w.Country); w.Country != "" && !known {
		return w, fleet.Invalid("country", "%q is not a country code: use two letters as in ISO 3166-1, such as DE", w.Country)
	}
	if w.ID < 0 || w.Parent < 0 {
		return w, fleet.Invalid("id", "must be a whole number from 1")
	}
	return w, nil
}

// Workspace reads one Workspace.
//
// Errors: NotFound.
func (o Operator) Workspace(ctx context.Context, id fleet.WorkspaceID) (w fleet.Workspace, err error) {
	err = o.read(ctx, func(tx *store.Tx) error {
		found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{id})
		if err != nil {
			return err
		}
		var there bool
		if w, there = found[id]; !there {
			return fleet.Missing("workspace", id)
		}
		return nil
	})
	return w, err
}

// WorkspacePage reads one page of all Workspaces.
func (o Operator) WorkspacePage(ctx context.Context, l fleet.List) (page fleet.Page[fleet.Workspace], err error) {
	err = o.read(ctx, func(tx *store.Tx) error {
		page, err = tx.WorkspacePage(ctx, l)
		return err
	})
	return page, err
}

// ListWorkspaces reads all Workspaces, sorted by ID.
func (o Operator) ListWorkspaces(ctx context.Context) (all []fleet.Workspace, err error) {
	err = o.read(ctx, func(tx *store.Tx) error {
		all, err = tx.AllWorkspaces(ctx)
		return err
	})
	return all, err
}

func allWorkspaces(ctx context.Context, tx *store.Tx) (map[fleet.WorkspaceID]fleet.Workspace, error) {
	all, err := tx.AllWorkspaces(ctx)
	known := make(map[fleet.WorkspaceID]fleet.Workspace, len(all))
	for _, w := range all {
		known[w.ID] = w
	}
	return known, err
}
