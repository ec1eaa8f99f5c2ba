package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func (a *api) ownWorkspace(r *request) (response, error) {
	w, err := a.control.OwnWorkspace(r.Context(), r.who)
	if err != nil {
		return response{}, err
	}
	return ok(wire.Workspace{
		ID: int64(w.ID), Name: w.Name, Country: country(w.Country),
		Type:   wire.Ref{ID: int64(w.Type), Description: w.Type.String()},
		Status: wire.Ref{ID: int64(w.Status), Description: w.Status.String()},
	})
}

func (a *api) getUser(r *request) (response, error) {
	u, err := a.control.User(r.Context(), r.who, r.PathValue("user_id"))
	if err != nil {
		return response{}, err
	}
	return ok(userBody(u))
}

func userBody(u control.UserRecord) wire.User {
	return wire.User{
		ID: int64(u.ID), Username: u.Username, Name: u.Name, Status: userStatusRef(u.Status),
		Created: wire.NewTime(u.Created), Organisation: workspaceRef(u.Workspace), Roles: roleRefs(u.Roles...),
	}
}

func (a *api) userWorkspaces(r *request) (response, error) {
	ref, err := r.person()
	if err != nil {
		return response{}, err
	}
	shared, home, err := a.control.UserWorkspaces(r.Context(), r.who, ref)
	if err != nil {
		return response{}, err
	}
	return ok(membershipBodies(shared, home))
}

// memberships lists the Workspaces of which the caller is a member, in any role.
func (a *api) memberships(r *request) (response, error) {
	all, home, err := a.control.Memberships(r.Context(), r.who)
	if err != nil {
		return response{}, err
	}
	return ok(membershipBodies(all, home))
}

func membershipBodies(list []fleet.Membership, home fleet.WorkspaceID) []wire.UserWorkspace {
	out := make([]wire.UserWorkspace, len(list))
	for i, m := range list {
		status := m.Status
		if m.Invited && status == fleet.UserActive {
			status = fleet.UserActivationPending
		}
		out[i] = wire.UserWorkspace{
			ID: int64(m.Workspace.ID), Name: m.Workspace.Name, Status: userStatusRef(status),
			Roles: roleRefs(m.Roles...), DefaultWorkspace: m.Workspace.ID == home && !m.Invited,
		}
	}
	return out
}

func userStatusRef(s fleet.UserStatus) wire.Ref {
	return wire.Ref{ID: int64(s), Description: s.String()}
}
