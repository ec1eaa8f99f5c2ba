package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
)

// here returns the user in the path as a member of the token's Workspace.
func (r *request) here() control.MemberOf {
	return control.MemberOf{User: r.PathValue("user_id"), Workspace: r.caller.Workspace}
}

// member returns the user in the path as a member of the Workspace in the path.
func (r *request) member() (of control.MemberOf, err error) {
	if of.User, err = r.person(); err != nil {
		return of, err
	}
	ws, err := r.PathID("workspace_id")
	of.Workspace = fleet.WorkspaceID(ws)
	return of, err
}

func userID(u control.UserRecord) int64 { return int64(u.ID) }

// userRef reads a user_id that the rule understands itself.
func userRef(r *request) (string, error) { return r.PathValue("user_id"), nil }

func permissionBodies(list []identity.Grant) []wire.Permission {
	return each(list, func(g identity.Grant) wire.Permission {
		return wire.Permission{Name: string(g.Permission), Description: g.Description}
	})
}

func personPatch(r *request) (p control.PersonPatch, canonical any, err error) {
	var body wire.UserPatch
	if err := r.Decode(&body); err != nil {
		return p, nil, err
	}
	p = control.PersonPatch{User: r.PathValue("user_id"), Username: body.Username, Name: body.Name}
	if body.Status.Set {
		status, err := memberStatus(body.Status)
		if err != nil {
			return p, nil, err
		}
		p.Status = &status
	}
	return p, struct {
		User string
		Body wire.UserPatch
	}{p.User, body}, nil
}

func memberStatus(ref wire.Optional[wire.IDRef]) (fleet.UserStatus, error) {
	id, err := httpx.RequiredID("status", ref)
	if err == nil && id != int64(fleet.UserActive) && id != int64(fleet.UserSuspended) {
		err = fleet.Invalid("status.id", "it can be 1 (Active) or 2 (Suspended)")
	}
	return fleet.UserStatus(id), err
}

// memberAt says which Workspace a member's operation is about: that of the token or of the path.
type memberAt func(*request) (control.MemberOf, error)

func inTokenWorkspace(r *request) (control.MemberOf, error) { return r.here(), nil }
func inPathWorkspace(r *request) (control.MemberOf, error)  { return r.member() }

// memberOf decodes a request that only names a member.
func memberOf(at memberAt) func(*request) (control.MemberOf, any, error) {
	return func(r *request) (of control.MemberOf, canonical any, err error) {
		of, err = at(r)
		return of, of, err
	}
}

func removeMember(at memberAt) handler {
	return writeOnce("member.remove", memberOf(at), (*control.Control).RemoveMember, noContent)
}

func memberStatusPatch(r *request) (m control.MemberStatus, canonical any, err error) {
	if m.MemberOf, err = r.member(); err != nil {
		return m, nil, err
	}
	var body wire.MemberPatch
	if err := r.Decode(&body); err != nil {
		return m, nil, err
	}
	m.Status, err = memberStatus(body.Status)
	return m, struct {
		Of     control.MemberOf
		Status fleet.UserStatus
	}{m.MemberOf, m.Status}, err
}

func giveRole(at memberAt) handler {
	return writeOnce("role.give", memberRole(at), (*control.Control).GiveRole, noContent)
}

func takeRole(at memberAt) handler {
	return writeOnce("role.take", memberRole(at), (*control.Control).TakeRole, noContent)
}

func memberRole(at memberAt) func(*request) (control.MemberRole, any, error) {
	return func(r *request) (m control.MemberRole, canonical any, err error) {
		if m.MemberOf, err = at(r); err != nil {
			return m, nil, err
		}
		m.Role, err = r.role()
		return m, struct {
			Of   control.MemberOf
			Role fleet.Role
		}{m.MemberOf, m.Role}, err
	}
}

// role reads the role in the path. A role that does not exist reads as none, whatever its
// number.
func (r *request) role() (fleet.Role, error) {
	id, err := r.PathID("role_id")
	if err == nil && (id < 0 || id > int64(fleet.SuperAdmin)) {
		err = fleet.Missing("role", id)
	}
	return fleet.Role(id), err
}

// emptyObject returns the reply to a change that existing clients expect to have a body.
func emptyObject(control.None) control.Reply {
	return control.Reply{Status: http.StatusOK, Body: []byte("{}")}
}
