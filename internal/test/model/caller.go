package model

import (
	"maps"
	"slices"
	"time"
)

// issuedBearer is a token that was given out.
type issuedBearer struct {
	user, app int64 // one of them
	workspace int64
	epoch     int64
	family    int // the session, of a user
	expires   time.Time
}

// bearerTTL and leeway: 240 minutes, and what clocks may differ.
const (
	bearerTTL = 240 * time.Minute
	leeway    = time.Minute
)

// caller is the sender of a request. A nil user is an application token.
type caller struct {
	user      *user
	app       int64
	workspace int64
}

func (c caller) id() int64 {
	if c.user == nil {
		return 0
	}
	return c.user.id
}

// permission says which roles may do something in the Workspace of the token.
type permission struct {
	roles  []int // 0 means that the user is not a member
	tokens bool
}

var (
	anyUser = permission{roles: []int{0, 1, 2, 3, 4}}
	members = permission{roles: []int{1, 2, 3, 4}}
	readers = permission{roles: []int{1, 2, 3, 4}, tokens: true}
	writers = permission{roles: []int{1, 2, 4}, tokens: true}
)

// Bearers returns how many tokens were given out.
func (m *Model) Bearers() int { return len(m.bearers) }

// Valid reports whether a bearer is valid now.
func (m *Model) Valid(bearer int) bool { _, refused := m.authenticate(bearer); return refused == nil }

func (m *Model) authenticate(bearer int) (caller, *Answer) {
	no := noBearer()
	if bearer < 0 {
		return caller{}, &no
	}
	b := m.bearers[bearer]
	if !m.now.Add(-leeway).Before(b.expires) {
		return caller{}, &no
	}
	if b.app != 0 {
		return caller{app: b.app, workspace: b.workspace}, nil
	}
	u := m.users[b.user]
	shutOut := u.members[b.workspace].suspended && !u.super
	if u.status != active || u.epoch != b.epoch || m.ended[b.family] || shutOut {
		return caller{}, &no
	}
	if u.members[b.workspace].suspended && !u.super {
		return caller{}, &no
	}
	return caller{user: u, workspace: b.workspace}, nil
}

// admit checks what every operation checks first.
func (m *Model) admit(bearer int, need permission) (caller, *Answer) {
	c, refused := m.authenticate(bearer)
	if refused != nil {
		return c, refused
	}
	if c.user == nil && need.tokens || c.user != nil && slices.Contains(need.roles, m.role(c.user, c.workspace)) {
		return c, nil
	}
	no := forbidden()
	return c, &no
}

// role returns the role of a user in a Workspace: 0 if not a member, or suspended there.
func (m *Model) role(u *user, ws int64) int {
	member, is := u.members[ws]
	switch {
	case m.workspaces[ws] == nil:
		return 0
	case u.super:
		return superAdmin
	case !is || member.suspended:
		return 0
	}
	return slices.Min(member.roles) // 1 allows most
}

func (m *Model) administers(u *user, ws int64) bool {
	r := m.role(u, ws)
	return r == administrator || r == superAdmin
}

var roleNames = map[int]string{administrator: "Administrator", 2: "User", observer: "Observer", superAdmin: "SuperAdmin"}

// Memberships models GET /api/v2/user/my/membership.
func (m *Model) Memberships(bearer int) Answer {
	c, refused := m.admit(bearer, anyUser)
	if refused != nil {
		return *refused
	}
	list := []any{}
	for _, ws := range slices.Sorted(maps.Keys(c.user.members)) {
		member := c.user.members[ws]
		roles := []any{}
		for _, role := range slices.Sorted(slices.Values(member.roles)) {
			roles = append(roles, object{"id": role, "name": roleNames[role]})
		}
		status := object{"id": 1, "description": "Active"}
		if member.suspended {
			status = object{"id": 2, "description": "Suspended"}
		}
		list = append(list, object{
			"id": ws, "name": m.workspaces[ws].name, "status": status, "roles": roles, "default_workspace": ws == c.user.home,
		})
	}
	return ok(list)
}

// Constant returns a list that never changes.
func (m *Model) Constant(bearer int) Answer {
	if _, refused := m.admit(bearer, readers); refused != nil {
		return *refused
	}
	return Answer{Status: 200, Alike: true}
}
