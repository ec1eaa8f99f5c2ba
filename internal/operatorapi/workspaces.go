package operatorapi

import (
	"context"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/operator"
)

func workspaceIDOf(w fleet.Workspace) int64 { return int64(w.ID) }

func workspaceInPath(r *request) (fleet.WorkspaceID, error) {
	id, err := r.PathID("workspace_id")
	return fleet.WorkspaceID(id), err
}

func newWorkspace(r *request) (w fleet.Workspace, canonical any, err error) {
	var body wire.OperatorNewWorkspace
	if err := r.Decode(&body); err != nil {
		return w, nil, err
	}
	w, err = workspaceOf(body)
	return w, body, err
}

func createdWorkspace(w fleet.Workspace) control.Reply {
	return created("/operator/v1/workspace/"+strconv.FormatInt(int64(w.ID), 10), workspaceBody(w))
}

func workspaceOf(body wire.OperatorNewWorkspace) (w fleet.Workspace, err error) {
	if w.Name, err = httpx.RequiredText("name", body.Name); err != nil {
		return w, err
	}
	if body.ID != nil {
		if w.ID = fleet.WorkspaceID(*body.ID); w.ID < 1 {
			return w, fleet.Invalid("id", "must be a whole number from 1; omit it to get the next free id")
		}
	}
	w.Country = httpx.Text(body.Country)
	if httpx.Given(body.Type) {
		if w.Type, err = listedID[fleet.WorkspaceType]("type", body.Type); err != nil {
			return w, err
		}
	}
	if httpx.Given(body.Status) {
		if w.Status, err = listedID[fleet.WorkspaceStatus]("status", body.Status); err != nil {
			return w, err
		}
	}
	if httpx.Given(body.Parent) {
		w.Parent, err = workspaceID("parent", body.Parent)
	}
	return w, err
}

// workspaceChange is a change of one Workspace.
type workspaceChange struct {
	workspace fleet.WorkspaceID
	patch     operator.WorkspacePatch
}

func changedWorkspace(r *request) (c workspaceChange, canonical any, err error) {
	if c.workspace, err = workspaceInPath(r); err != nil {
		return c, nil, err
	}
	var body wire.OperatorWorkspacePatch
	if err := r.Decode(&body); err != nil {
		return c, nil, err
	}
	c.patch, err = workspacePatch(body)
	return c, struct {
		Workspace int64
		Body      wire.OperatorWorkspacePatch
	}{int64(c.workspace), body}, err
}

func changeWorkspace(o rules, ctx context.Context, c workspaceChange) (fleet.Workspace, error) { //nolint:revive // the order of a method expression of rules
	return o.ChangeWorkspace(ctx, c.workspace, c.patch)
}

func workspacePatch(body wire.OperatorWorkspacePatch) (p operator.WorkspacePatch, err error) {
	p.Name = body.Name
	if body.Type.Set {
		t, err := listedID[fleet.WorkspaceType]("type", body.Type)
		if err != nil {
			return p, err
		}
		p.Type = &t
	}
	if body.Status.Set {
		s, err := listedID[fleet.WorkspaceStatus]("status", body.Status)
		if err != nil {
			return p, err
		}
		p.Status = &s
	}
	if body.Country.Set {
		p.Country = &body.Country.Value // "" if null
	}
	if body.Parent.Set {
		p.Parent = new(fleet.WorkspaceID) // none if null
		if !body.Parent.Null {
			*p.Parent, err = workspaceID("parent", body.Parent)
		}
	}
	return p, err
}

func workspaceBody(w fleet.Workspace) wire.OperatorWorkspace {
	out := wire.OperatorWorkspace{
		ID: int64(w.ID), Name: w.Name, Country: w.Country, Created: wire.NewTime(w.Created),
		Type:   wire.Ref{ID: int64(w.Type), Description: w.Type.String()},
		Status: wire.Ref{ID: int64(w.Status), Description: w.Status.String()},
	}
	if w.Parent != 0 {
		out.Parent = &wire.IDOnly{ID: int64(w.Parent)}
	}
	return out
}
