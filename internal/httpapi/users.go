package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func workspaceBody(w fleet.Workspace) wire.Workspace {
	return wire.Workspace{
		ID: int64(w.ID), Name: w.Name, Country: country(w.Country),
		Type:   wire.Ref{ID: int64(w.Type), Description: w.Type.String()},
		Status: wire.Ref{ID: int64(w.Status), Description: w.Status.String()},
	}
}

func userBody(u control.UserRecord) wire.User {
	return wire.User{
		ID: int64(u.ID), Username: u.Username, Name: u.Name, Status: userStatusRef(u.Status),
		Created: wire.NewTime(u.Created), Organisation: workspaceRef(u.Workspace), Roles: roleRefs(u.Roles...),
	}
}

func membershipBodies(list control.Memberships) []wire.UserWorkspace {
	return each(list.Items, func(m fleet.Membership) wire.UserWorkspace {
		status := m.Status
		if m.Invited && status == fleet.UserActive {
			status = fleet.UserActivationPending
		}
		return wire.UserWorkspace{
			ID: int64(m.Workspace.ID), Name: m.Workspace.Name, Status: userStatusRef(status),
			Roles: roleRefs(m.Roles...), DefaultWorkspace: m.Workspace.ID == list.Default && !m.Invited,
		}
	})
}

func userStatusRef(s fleet.UserStatus) wire.Ref {
	return wire.Ref{ID: int64(s), Description: s.String()}
}
