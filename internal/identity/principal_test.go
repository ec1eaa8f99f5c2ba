package identity_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

func user(role fleet.Role) identity.Principal {
	return identity.Principal{User: 7, Workspace: 100, Role: role}
}

func application() identity.Principal {
	return identity.Principal{Token: 9, Workspace: 100}
}

// want repeats the table in the form of the specification: the letters stand for an anonymous
// caller, Administrator, User, Observer, SuperAdmin and application token.
var want = map[identity.Permission]string{
	identity.Public:          "nsauoSt",
	identity.ReadOwn:         "sauoS",
	identity.WriteOwn:        "sauoS",
	identity.SwitchWorkspace: "sauoS",
	identity.MigrateSIMs:     "auoS",
	identity.ReadWorkspace:   "auoSt",
	identity.ReadSIMs:        "auoSt",
	identity.ReadMigrations:  "auoSt",
	identity.ReadDevices:     "auoSt",
	identity.ReadEvents:      "auoSt",
	identity.ReadUsers:       "auoSt",
	identity.WriteSIMs:       "auSt",
	identity.WriteDevices:    "auSt",
	identity.ManageUsers:     "aS",
	identity.ManageMembers:   "auoS",
	identity.ManageTokens:    "aS",
	identity.ManageWorkspace: "aS",
	identity.ReadAudit:       "aS",
	identity.ManageOffers:    "aS",
}

var callers = map[string]identity.Principal{
	"n": {},
	"s": user(fleet.NoRole),
	"a": user(fleet.Administrator),
	"u": user(fleet.Member),
	"o": user(fleet.Observer),
	"S": user(fleet.SuperAdmin),
	"t": application(),
}

func TestEveryCallerAndPermission(t *testing.T) {
	for need, letters := range want {
		for letter, caller := range callers {
			allowed := strings.Contains(letters, letter)
			if got := caller.May(need); got != allowed {
				t.Errorf("caller %q, permission %q: May is %v", letter, need, got)
			}
			if err := caller.Require(need); (err == nil) != allowed {
				t.Errorf("caller %q, permission %q: Require returns %v", letter, need, err)
			}
		}
	}
}

func TestTableNamesEveryPermissionAndRole(t *testing.T) {
	seen := make(map[identity.Permission]bool)
	roles := make(map[fleet.Role]bool)
	for _, g := range identity.Grants() {
		if g.Description == "" || seen[g.Permission] {
			t.Errorf("row %q has no description or occurs twice", g.Permission)
		}
		seen[g.Permission] = true
		for _, r := range g.Roles {
			roles[r] = true
		}
		if _, ok := want[g.Permission]; !ok {
			t.Errorf("row %q is not in this test", g.Permission)
		}
	}
	if len(seen) != len(want)-1 { // Public has no row
		t.Errorf("the table has %d rows, want %d", len(seen), len(want)-1)
	}
	for _, r := range fleet.Roles {
		if !roles[r.ID] {
			t.Errorf("no row for the role %s", r.Name)
		}
	}
}

func TestPermissionsOfAgreesWithRoleMay(t *testing.T) {
	for _, r := range append(fleet.Roles, fleet.Named[fleet.Role]{ID: fleet.NoRole}) {
		listed := make(map[identity.Permission]bool)
		for _, p := range identity.PermissionsOf(r.ID) {
			listed[p] = true
		}
		for _, g := range identity.Grants() {
			if identity.RoleMay(r.ID, g.Permission) != listed[g.Permission] {
				t.Errorf("role %d, permission %s: list and check differ", r.ID, g.Permission)
			}
		}
	}
}

func TestGrantsIsACopy(t *testing.T) {
	list := identity.Grants()
	for i := range list {
		list[i].Tokens = true
		list[i].Roles[0] = fleet.Observer
	}
	if application().May(identity.MigrateSIMs) || user(fleet.Observer).May(identity.ManageUsers) {
		t.Error("changing the list changed the table")
	}
}

func TestUnknownPermissionsAndRolesGrantNothing(t *testing.T) {
	for letter, caller := range callers {
		if caller.May("sim.teleport") {
			t.Errorf("caller %q has a permission that does not exist", letter)
		}
	}
	if user(fleet.Role(42)).May(identity.ReadSIMs) {
		t.Error("a role that does not exist reads SIMs")
	}
}

func TestSuperAdminNeedsNoMembership(t *testing.T) {
	p := identity.Principal{User: 1, Workspace: 100, SuperAdmin: true}
	if err := p.Require(identity.ManageUsers); err != nil {
		t.Error(err)
	}
}

// A Principal with both user and token must not gain the rights of the user.
func TestTokenTakesPrecedenceOverUser(t *testing.T) {
	p := identity.Principal{User: 7, Token: 9, Workspace: 100, Role: fleet.Administrator, SuperAdmin: true}
	if p.UserCredentials() || p.May(identity.MigrateSIMs) {
		t.Error("an application token acts as a person")
	}
}

func TestUserCredentials(t *testing.T) {
	if !user(fleet.Observer).UserCredentials() {
		t.Error("a user has no user credentials")
	}
	if application().UserCredentials() || (identity.Principal{}).UserCredentials() {
		t.Error("an application token or an anonymous caller has user credentials")
	}
}

func TestForbiddenNamesThePermission(t *testing.T) {
	for _, caller := range []identity.Principal{application(), user(fleet.NoRole), user(fleet.Observer), {}} {
		err := caller.Require(identity.ManageTokens)
		if fleet.CodeOf(err) != fleet.Forbidden || !strings.Contains(err.Error(), "token.manage") {
			t.Errorf("%+v: %v", caller, err)
		}
	}
}
