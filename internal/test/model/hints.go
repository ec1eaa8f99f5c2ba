package model

import "slices"

// MovesMuch reports whether a bearer's user administers a Workspace and is a member of others.
func (m *Model) MovesMuch(bearer int) bool {
	c, refused := m.authenticate(bearer)
	if refused != nil || c.user == nil {
		return false
	}
	administered, member := 0, 0
	for ws := range m.workspaces {
		if m.administers(c.user, ws) {
			administered++
		}
		if m.role(c.user, ws) != 0 {
			member++
		}
	}
	return administered > 0 && member > 1
}

// Targets returns the Workspaces into which a caller may move SIMs, ascending.
func (m *Model) Targets(bearer int) []int64 {
	c, refused := m.authenticate(bearer)
	if refused != nil || c.user == nil {
		return nil
	}
	var ids []int64
	for id, w := range m.workspaces {
		if w.kind == enterprise && !w.suspended && m.administers(c.user, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Movable returns SIMs that a caller may move into the target, apart from conflicts of devices.
// They are ascending, and at most most: otherwise the many similar SIMs would crowd out the others.
func (m *Model) Movable(bearer int, target int64, most int) []int64 {
	c, refused := m.authenticate(bearer)
	if refused != nil || c.user == nil || m.workspaces[target] == nil {
		return nil
	}
	var ids []int64
	for id, s := range m.sims {
		source := m.workspaces[s.now().workspace]
		sameSide := (source.country == "BR") == (m.workspaces[target].country == "BR")
		if s.now().status != deleted && source.id != target && sameSide && m.administers(c.user, source.id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), most)]
}

// Watched returns SIMs in Workspaces that a caller is a member of and does not administer,
// ascending, and not more than 20.
func (m *Model) Watched(bearer int) []int64 {
	c, refused := m.authenticate(bearer)
	if refused != nil || c.user == nil {
		return nil
	}
	var ids []int64
	for id, s := range m.sims {
		ws := s.now().workspace
		if s.now().status != deleted && m.role(c.user, ws) != 0 && !m.administers(c.user, ws) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), 20)]
}

// Visible returns SIMs that a caller can read, ascending, and not more than 20.
func (m *Model) Visible(bearer int) []int64 {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return nil
	}
	var ids []int64
	for id, s := range m.sims {
		if s.now().status != deleted && m.sees(c.workspace, s) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), 20)]
}

// Same reports whether a bearer is valid and belongs to the same caller as another.
func (m *Model) Same(bearer, as int) bool {
	a, b := m.bearers[bearer], m.bearers[as]
	return m.Valid(bearer) && a.user == b.user && a.app == b.app && a.workspace == b.workspace
}

// LastOf returns the newest bearer of a user, which need not count any more; -1 for none.
func (m *Model) LastOf(user int64) int {
	for bearer := len(m.bearers) - 1; bearer >= 0; bearer-- {
		if m.bearers[bearer].user == user {
			return bearer
		}
	}
	return -1
}

// ICCIDs returns those of SIMs; one that does not exist is left out.
func (m *Model) ICCIDs(ids []int64) []string {
	list := []string{}
	for _, id := range ids {
		if s := m.sims[id]; s != nil {
			list = append(list, s.iccid)
		}
	}
	return list
}

// Entries returns how many rows the ledger has.
func (m *Model) Entries() int { return len(m.ledger) }

// RefreshTokens returns how many were given out.
func (m *Model) RefreshTokens() int { return len(m.refresh) }

// Issuers returns valid bearers whose callers may give away SIMs that their Workspace issued.
func (m *Model) Issuers() []int {
	var list []int
	for bearer := range m.bearers {
		c, refused := m.admit(bearer, writers)
		if refused == nil && m.mayAssign(c) {
			list = append(list, bearer)
		}
	}
	return list
}
