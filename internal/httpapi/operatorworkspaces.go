package httpapi

import (
	"net/http"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
)

func (a *operatorAPI) listWorkspaces(r *operatorRequest) (response, error) {
	l, err := r.list(fleet.OperatorWorkspaceList)
	if err != nil {
		return response{}, err
	}
	page, err := r.rules.WorkspacePage(r.Context(), l)
	if err != nil {
		return response{}, err
	}
	out := make([]wire.OperatorWorkspace, len(page.Items))
	for i, w := range page.Items {
		out[i] = operatorWorkspace(w)
	}
	return paged(&r.request, l, page, func(x fleet.Workspace) int64 { return int64(x.ID) }, out)
}

func (a *operatorAPI) getWorkspace(r *operatorRequest) (response, error) {
	id, err := r.id("workspace_id")
	if err != nil {
		return response{}, err
	}
	w, err := r.rules.Workspace(r.Context(), fleet.WorkspaceID(id))
	if err != nil {
		return response{}, err
	}
	return ok(operatorWorkspace(w))
}

func (a *operatorAPI) createWorkspace(r *operatorRequest) (response, error) {
	var body wire.OperatorNewWorkspace
	if err := decode(&r.request, &body); err != nil {
		return response{}, err
	}
	once, err := r.once("operator.workspace.create", body)
	if err != nil {
		return response{}, err
	}
	w, err := newWorkspace(body)
	if err != nil {
		return response{}, err
	}
	reply, err := r.rules.Once(r.Context(), once, func(o operator.Operator) (control.Reply, error) {
		created, err := o.CreateWorkspace(r.Context(), w)
		res := encoded(http.StatusCreated, operatorWorkspace(created))
		return control.Reply{Status: res.status, Body: res.body, Location: "/operator/v1/workspace/" + strconv.FormatInt(int64(created.ID), 10)}, err
	})
	return replied(reply), err
}

func newWorkspace(body wire.OperatorNewWorkspace) (w fleet.Workspace, err error) {
	if w.Name, err = requiredText("name", body.Name); err != nil {
		return w, err
	}
	if body.ID != nil {
		if w.ID = fleet.WorkspaceID(*body.ID); w.ID < 1 {
			return w, fleet.Invalid("id", "must be a whole number from 1; omit it to get the next free id")
		}
	}
	w.Country = text(body.Country)
	if given(body.Type) {
		if w.Type, err = listedID[fleet.WorkspaceType]("type", body.Type); err != nil {
			return w, err
		}
	}
	if given(body.Status) {
		if w.Status, err = listedID[fleet.WorkspaceStatus]("status", body.Status); err != nil {
			return w, err
		}
	}
	if given(body.Parent) {
		w.Parent, err = workspaceID("parent", body.Parent)
	}
	return w, err
}

func (a *operatorAPI) changeWorkspace(r *operatorRequest) (response, error) {
	id, err := r.id("workspace_id")
	if err != nil {
		return response{}, err
	}
	var body wire.OperatorWorkspacePatch
	if err := decode(&r.request, &body); err != nil {
		return response{}, err
	}
	once, err := r.once("operator.workspace.patch", struct {
		Workspace int64
		Body      wire.OperatorWorkspacePatch
	}{id, body})
	if err != nil {
		return response{}, err
	}
	patch, err := workspacePatch(body)
	if err != nil {
		return response{}, err
	}
	reply, err := r.rules.Once(r.Context(), once, func(o operator.Operator) (control.Reply, error) {
		w, err := o.ChangeWorkspace(r.Context(), fleet.WorkspaceID(id), patch)
		res := encoded(http.StatusOK, operatorWorkspace(w))
		return control.Reply{Status: res.status, Body: res.body}, err
	})
	return replied(reply), err
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

// listedID reads a reference to an entry of a closed list. The rule refuses ids that are not in
// the list.
func listedID[T ~int8](field string, ref wire.Optional[wire.IDRef]) (T, error) {
	id, err := requiredID(field, ref)
	if err == nil && int64(T(id)) != id {
		err = fleet.Invalid(field+".id", "there is no %d", id)
	}
	return T(id), err
}

func workspaceID(field string, ref wire.Optional[wire.IDRef]) (fleet.WorkspaceID, error) {
	id, err := requiredID(field, ref)
	if err == nil && id < 1 {
		err = fleet.Invalid(field+".id", "must be a whole number from 1")
	}
	return fleet.WorkspaceID(id), err
}

func operatorWorkspace(w fleet.Workspace) wire.OperatorWorkspace {
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
