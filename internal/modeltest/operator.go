package modeltest

// SetUserStatus is the operator's: a suspended user's tokens count no more at once.
func (m *Model) SetUserStatus(id int64, status int) { m.users[id].status = status }

// SetMembership gives a user exactly these roles in a Workspace; none ends the membership.
func (m *Model) SetMembership(id, ws int64, suspended bool, roles []int) {
	if len(roles) == 0 {
		delete(m.users[id].members, ws)
		return
	}
	m.users[id].members[ws] = membership{suspended, roles}
}

// EndSessions is a change of password.
func (m *Model) EndSessions(id int64) { m.users[id].epoch++ }

// SuspendWorkspace shuts a Workspace, or opens it again.
func (m *Model) SuspendWorkspace(id int64, shut bool) { m.workspaces[id].suspended = shut }
