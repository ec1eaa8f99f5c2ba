package identity

import (
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// Permission is what an operation requires of its caller. GET /api/v1/user/{id}/role/permission
// lists these names.
type Permission string

// The permissions. Public is for operations without a bearer.
const (
	Public          Permission = ""
	ReadOwn         Permission = "self.read"
	WriteOwn        Permission = "self.write"
	SwitchWorkspace Permission = "workspace.switch"
	ReadWorkspace   Permission = "workspace.read"
	ManageWorkspace Permission = "workspace.manage"
	ReadSIMs        Permission = "sim.read"
	WriteSIMs       Permission = "sim.write"
	MigrateSIMs     Permission = "sim.migrate"
	ReadMigrations  Permission = "migration.read"
	ReadDevices     Permission = "device.read"
	WriteDevices    Permission = "device.write"
	ReadEvents      Permission = "event.read"
	ReadUsers       Permission = "user.read"
	ManageUsers     Permission = "user.manage"
	ManageMembers   Permission = "member.manage"
	ManageTokens    Permission = "token.manage"
	ReadAudit       Permission = "audit.read"
	ManageOffers    Permission = "offer.manage"
)

// Grant is one row of the permission table: which callers have a permission.
type Grant struct {
	Permission  Permission
	Description string
	Roles       []fleet.Role // of users, in the Workspace of the bearer; NoRole is a user who is not a member of it
	Tokens      bool         // whether an application token has it in its Workspace
}

// The columns of the table, widest first.
var (
	anyUser        = []fleet.Role{fleet.NoRole, fleet.Administrator, fleet.Member, fleet.Observer, fleet.SuperAdmin}
	readers        = []fleet.Role{fleet.Administrator, fleet.Member, fleet.Observer, fleet.SuperAdmin}
	writers        = []fleet.Role{fleet.Administrator, fleet.Member, fleet.SuperAdmin}
	administrators = []fleet.Role{fleet.Administrator, fleet.SuperAdmin}
)

// grants is the table. ManageMembers and MigrateSIMs are granted to every member of the bearer's
// Workspace and decided per Workspace: fleet.PlanMigration checks for each request whether the user
// administers the target and the sources, and returns "not found" or 1504, not "forbidden". A
// bearer whose user has left its Workspace can only be used to switch to another one.
var grants = []Grant{
	{ReadOwn, "Read the own user, its roles, sessions and Workspaces", anyUser, false},
	{WriteOwn, "Change the own password, second factor and default Workspace", anyUser, false},
	{SwitchWorkspace, "Sign in to another Workspace", anyUser, false},
	{ReadWorkspace, "Read the Workspace", readers, true},
	{ManageWorkspace, "Change the settings of the Workspace", administrators, false},
	{ReadSIMs, "Read SIMs", readers, true},
	{WriteSIMs, "Change SIMs", writers, true},
	{MigrateSIMs, "Move SIMs between Workspaces that the user administers", readers, false},
	{ReadMigrations, "Read the ledger of migrations", readers, true},
	{ReadDevices, "Read devices", readers, true},
	{WriteDevices, "Create, change and delete devices", writers, true},
	{ReadEvents, "Read events", readers, true},
	{ReadUsers, "Read the users of the Workspace", readers, true},
	{ManageUsers, "Invite, change and remove users of the Workspace", administrators, false},
	{ManageMembers, "Manage the members of the Workspaces that the user administers", readers, false},
	{ManageTokens, "Create and revoke application tokens", administrators, false},
	{ReadAudit, "Read the audit log of the Workspace", administrators, false},
	{ManageOffers, "Offer SIMs to other Workspaces, answer offers, make receiving codes, ask for SIMs and answer inquiries", administrators, false},
}

// Grants returns a copy of the table, one row per permission.
func Grants() []Grant {
	list := slices.Clone(grants)
	for i := range list {
		list[i].Roles = slices.Clone(list[i].Roles)
	}
	return list
}

// RoleMay reports whether a user with the role has the permission. Every role has Public; no
// role has an unknown permission, and an unknown role has none.
func RoleMay(role fleet.Role, need Permission) bool {
	g, ok := grantOf(need)
	return need == Public || ok && slices.Contains(g.Roles, role)
}

// TokenMay reports whether an application token has the permission in its Workspace.
func TokenMay(need Permission) bool {
	g, ok := grantOf(need)
	return need == Public || ok && g.Tokens
}

// PermissionsOf lists the permissions of a role, in the table's order.
func PermissionsOf(role fleet.Role) []Permission {
	var list []Permission
	for _, g := range grants {
		if slices.Contains(g.Roles, role) {
			list = append(list, g.Permission)
		}
	}
	return list
}

func grantOf(p Permission) (Grant, bool) {
	i := slices.IndexFunc(grants, func(g Grant) bool { return g.Permission == p })
	if i < 0 {
		return Grant{}, false
	}
	return grants[i], true
}
