package model

import "strings"

// SetUserStatus does what the operator's command does: the tokens of a suspended user become
// invalid at once, and stay invalid when the user is active again.
func (m *Model) SetUserStatus(id int64, status int) {
	u := m.users[id]
	if status == 2 && u.status != 2 {
		u.epoch++
	}
	u.status = status
}

// SetMembership gives a user exactly these roles in a Workspace; none ends the membership.
// Its end, or suspension, ends the refresh tokens for that Workspace.
func (m *Model) SetMembership(id, ws int64, suspended bool, roles []int) {
	for _, t := range m.refresh {
		if t.user == id && t.workspace == ws && (suspended || len(roles) == 0) {
			t.revoked = true
		}
	}
	if len(roles) == 0 {
		delete(m.users[id].members, ws)
		return
	}
	m.users[id].members[ws] = membership{suspended, roles}
}

// SetPassword sets a password as the operator: it ends the sessions of the user, and forgets the
// wrong guesses at the account.
func (m *Model) SetPassword(id int64) {
	u := m.users[id]
	u.epoch++
	for key := range m.counters {
		if key == "guesses\x00"+u.username || strings.HasPrefix(key, "failures\x00"+u.username+" ") {
			delete(m.counters, key)
		}
	}
}

// SuspendWorkspace suspends a Workspace, or enables it again.
func (m *Model) SuspendWorkspace(id int64, suspended bool) { m.workspaces[id].suspended = suspended }
