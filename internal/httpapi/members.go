package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

// here returns the user in the path as a member of the token's Workspace.
func (r *request) here() control.MemberOf {
	return control.MemberOf{User: r.PathValue("user_id"), Workspace: r.who.Workspace}
}

// member returns the user in the path as a member of the Workspace in the path.
func (r *request) member() (of control.MemberOf, err error) {
	if of.User, err = r.person(); err != nil {
		return of, err
	}
	ws, err := r.id("workspace_id")
	of.Workspace = fleet.WorkspaceID(ws)
	return of, err
}

func (a *api) listUsers(r *request) (response, error) {
	l, err := r.list(fleet.UserList)
	if err != nil {
		return response{}, err
	}
	page, err := a.control.ListUsers(r.Context(), r.who, l)
	if err != nil {
		return response{}, err
	}
	out := make([]wire.User, len(page.Items))
	for i, u := range page.Items {
		out[i] = userBody(u)
	}
	return paged(r, l, page, func(x control.UserRecord) int64 { return int64(x.ID) }, out)
}

func (a *api) listPermissions(r *request) (response, error) {
	list, err := a.control.Permissions(r.Context(), r.who, r.PathValue("user_id"))
	if err != nil {
		return response{}, err
	}
	out := make([]wire.Permission, len(list))
	for i, g := range list {
		out[i] = wire.Permission{Name: string(g.Permission), Description: g.Description}
	}
	return ok(out)
}

func (a *api) patchUser(r *request) (response, error) {
	var body wire.UserPatch
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	p := control.PersonPatch{Username: body.Username, Name: body.Name}
	if body.Status.Set {
		status, err := memberStatus(body.Status)
		if err != nil {
			return response{}, err
		}
		p.Status = &status
	}
	o, err := r.once("user.patch", struct {
		User string
		Body wire.UserPatch
	}{r.PathValue("user_id"), body})
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.PatchUser(r.Context(), r.who, r.PathValue("user_id"), p, o, nothingMore)
	return replied(reply, replayed), err
}

// nothingMore is the reply to a change without a response body.
var nothingMore = control.Reply{Status: http.StatusNoContent}

func memberStatus(ref wire.Optional[wire.IDRef]) (fleet.UserStatus, error) {
	id, err := requiredID("status", ref)
	if err == nil && id != int64(fleet.UserActive) && id != int64(fleet.UserSuspended) {
		err = fleet.Invalid("status.id", "it can be 1 (Active) or 2 (Suspended)")
	}
	return fleet.UserStatus(id), err
}

func (a *api) deleteUser(r *request) (response, error) { return a.removeMember(r, r.here()) }

func (a *api) deleteMember(r *request) (response, error) {
	of, err := r.member()
	if err != nil {
		return response{}, err
	}
	return a.removeMember(r, of)
}

func (a *api) removeMember(r *request, of control.MemberOf) (response, error) {
	o, err := r.once("member.remove", of)
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.RemoveMember(r.Context(), r.who, of, o, nothingMore)
	return replied(reply, replayed), err
}

func (a *api) patchMember(r *request) (response, error) {
	of, err := r.member()
	if err != nil {
		return response{}, err
	}
	var body wire.MemberPatch
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	status, err := memberStatus(body.Status)
	if err != nil {
		return response{}, err
	}
	o, err := r.once("member.status", struct {
		Of     control.MemberOf
		Status fleet.UserStatus
	}{of, status})
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.SetMemberStatus(r.Context(), r.who, of, status, o, nothingMore)
	return replied(reply, replayed), err
}

// changeRole implements the operations that give or take a role of a member. The Workspace is
// that of the token or of the path.
func changeRole(where func(*request) (control.MemberOf, error), give bool) func(*api, *request) (response, error) {
	return func(a *api, r *request) (response, error) {
		of, err := where(r)
		if err != nil {
			return response{}, err
		}
		role, err := r.role()
		if err != nil {
			return response{}, err
		}
		change, name := a.control.TakeRole, "role.take"
		if give {
			change, name = a.control.GiveRole, "role.give"
		}
		o, err := r.once(name, struct {
			Of   control.MemberOf
			Role fleet.Role
		}{of, role})
		if err != nil {
			return response{}, err
		}
		reply, replayed, err := change(r.Context(), r.who, of, role, o, nothingMore)
		return replied(reply, replayed), err
	}
}

func here(r *request) (control.MemberOf, error)   { return r.here(), nil }
func member(r *request) (control.MemberOf, error) { return r.member() }

// role reads the role in the path. A role that does not exist reads as none, whatever its
// number.
func (r *request) role() (fleet.Role, error) {
	id, err := r.id("role_id")
	if err == nil && (id < 0 || id > int64(fleet.SuperAdmin)) {
		err = fleet.Missing("role", id)
	}
	return fleet.Role(id), err
}

func (a *api) setDefaultWorkspace(r *request) (response, error) {
	of, err := r.member()
	if err != nil {
		return response{}, err
	}
	o, err := r.once("user.default_workspace", of)
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.SetDefaultWorkspace(r.Context(), r.who, of, o, control.Reply{Status: http.StatusOK, Body: []byte("{}")})
	return replied(reply, replayed), err
}
