package operatorapi

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/operator"
)

func userIDOf(u operator.UserListing) int64 { return int64(u.ID) }

// userInPath reads a user_id that the rule understands itself.
func userInPath(r *request) (string, error) { return r.PathValue("user_id"), nil }

func newUser(r *request) (n operator.NewUser, canonical any, err error) {
	var body wire.OperatorNewUser
	if err := r.Decode(&body); err != nil {
		return n, nil, err
	}
	n, err = userOf(body)
	return n, body, err
}

func createdUser(u operator.UserListing) control.Reply {
	return created("/operator/v1/user/"+strconv.FormatInt(int64(u.ID), 10), userBody(u))
}

func userOf(body wire.OperatorNewUser) (n operator.NewUser, err error) {
	n = operator.NewUser{Name: httpx.Text(body.Name), SuperAdmin: body.SuperAdmin, NoPassword: true, Roles: make(map[fleet.WorkspaceID]fleet.Role), RoleFields: map[fleet.WorkspaceID]string{0: "workspaces"}}
	if n.Username, err = httpx.RequiredText("username", body.Username); err != nil {
		return n, err
	}
	if httpx.Given(body.DefaultWorkspace) {
		if n.DefaultWorkspace, err = workspaceID("default_workspace", body.DefaultWorkspace); err != nil {
			return n, err
		}
	}
	for i, w := range body.Workspaces {
		field := fmt.Sprintf("workspaces[%d]", i)
		id, err := workspaceID(field, wire.Some(wire.IDRef{ID: w.ID}))
		if err != nil {
			return n, err
		}
		if n.Roles[id] != 0 {
			return n, fleet.Invalid(field+".id", "Workspace %d is named twice: a user has one role in each", id)
		}
		role, err := listedID[fleet.Role](field+".role", w.Role)
		switch {
		case err != nil:
			return n, err
		case role < fleet.Administrator || role > fleet.Observer:
			return n, fleet.Invalid(field+".role.id", "it must be 1 (Administrator), 2 (User) or 3 (Observer)")
		}
		n.Roles[id], n.RoleFields[id] = role, field+".id"
	}
	return n, nil
}

// userChange is a change of one user.
type userChange struct {
	user  string
	patch operator.UserPatch
}

func changedUser(r *request) (c userChange, canonical any, err error) {
	c.user = r.PathValue("user_id")
	var body wire.OperatorUserPatch
	if err := r.Decode(&body); err != nil {
		return c, nil, err
	}
	c.patch, err = userPatch(body)
	return c, struct {
		User string
		Body wire.OperatorUserPatch
	}{c.user, body}, err
}

func changeUser(o rules, ctx context.Context, c userChange) (operator.UserListing, error) { //nolint:revive // the order of a method expression of rules
	return o.ChangeUser(ctx, c.user, c.patch)
}

func userPatch(body wire.OperatorUserPatch) (p operator.UserPatch, err error) {
	p.Name = body.Name
	if body.Status.Set {
		s, err := listedID[fleet.UserStatus]("status", body.Status)
		if err != nil {
			return p, err
		}
		p.Status = &s
	}
	if body.SuperAdmin.Set {
		if body.SuperAdmin.Null {
			return p, fleet.Invalid("superadmin", "it must be true or false")
		}
		p.SuperAdmin = &body.SuperAdmin.Value
	}
	if body.DefaultWorkspace.Set {
		w, err := workspaceID("default_workspace", body.DefaultWorkspace)
		if err != nil {
			return p, err
		}
		p.DefaultWorkspace = &w
	}
	return p, nil
}

type passwordChange struct{ user, password string }

func newPassword(r *request) (c passwordChange, err error) {
	c.user = r.PathValue("user_id")
	var body wire.OperatorNewPassword
	if err := r.Decode(&body); err != nil {
		return c, err
	}
	c.password, err = httpx.RequiredText("password", body.Password)
	return c, err
}

func setPassword(o rules, ctx context.Context, c passwordChange) error { //nolint:revive // the order of a method expression of rules
	return o.SetPassword(ctx, c.user, c.password)
}

// lockout is what to unlock: a user, or only the user's attempts from one address.
type lockout struct {
	user string
	from netip.Addr
}

func unlock(r *request) (l lockout, err error) {
	l.user = r.PathValue("user_id")
	var body wire.OperatorUnlock
	if err := r.DecodeOptional(&body); err != nil || body.Address == nil {
		return l, err
	}
	if l.from, err = netip.ParseAddr(*body.Address); err != nil {
		return l, fleet.Invalid("address", "it is not an IP address, such as 203.0.113.7")
	}
	return l, nil
}

func unlockUser(o rules, ctx context.Context, l lockout) error { //nolint:revive // the order of a method expression of rules
	return o.UnlockUser(ctx, l.user, l.from)
}

// member is a user in a Workspace.
type member struct {
	user      string
	workspace fleet.WorkspaceID
}

func memberInPath(r *request) (m member, err error) {
	m.user = r.PathValue("user_id")
	m.workspace, err = workspaceInPath(r)
	return m, err
}

func removeRole(o rules, ctx context.Context, m member) error { //nolint:revive // the order of a method expression of rules
	return o.RemoveRole(ctx, m.user, m.workspace)
}

// memberRole is the role that a member gets.
type memberRole struct {
	member
	role   fleet.Role
	status fleet.UserStatus
}

func newRole(r *request) (m memberRole, err error) {
	if m.member, err = memberInPath(r); err != nil {
		return m, err
	}
	var body wire.OperatorNewRole
	if err := r.Decode(&body); err != nil {
		return m, err
	}
	if m.role, err = listedID[fleet.Role]("role", body.Role); err != nil {
		return m, err
	}
	m.status = fleet.UserActive
	if httpx.Given(body.Status) {
		m.status, err = listedID[fleet.UserStatus]("status", body.Status)
	}
	return m, err
}

func setRole(o rules, ctx context.Context, m memberRole) (operator.UserListing, error) { //nolint:revive // the order of a method expression of rules
	return o.SetRole(ctx, m.user, m.workspace, m.role, m.status)
}

func userBody(u operator.UserListing) wire.OperatorUser {
	out := wire.OperatorUser{
		ID: int64(u.ID), Username: u.Username, Name: u.Name, Status: statusRef(u.Status), SuperAdmin: u.SuperAdmin,
		Workspaces: make([]wire.OperatorMembership, len(u.Memberships)), Created: wire.NewTime(u.Created),
	}
	if u.DefaultWorkspace != 0 {
		out.DefaultWorkspace = &wire.IDOnly{ID: int64(u.DefaultWorkspace)}
	}
	for i, m := range u.Memberships {
		out.Workspaces[i] = wire.OperatorMembership{
			ID: int64(m.Workspace.ID), Name: m.Workspace.Name, Status: statusRef(m.Status), Role: roleRef(fleet.Best(m.Roles)),
		}
	}
	return out
}

func statusRef(s fleet.UserStatus) wire.Ref { return wire.Ref{ID: int64(s), Description: s.String()} }

func roleRef(r fleet.Role) wire.NamedRef { return wire.NamedRef{ID: int64(r), Name: r.String()} }
