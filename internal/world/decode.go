package world

import (
	"cmp"
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/simferry/simferry/internal/fleet"
)

func decodeWorkspace(o *object) fleet.Workspace {
	o.require("id", "name")
	return fleet.Workspace{
		ID:      id[fleet.WorkspaceID](o, "id"),
		Name:    parsed(o, "name", fleet.ParseName),
		Type:    keyword(o, "type", fleet.WorkspaceTypes, fleet.Enterprise),
		Status:  keyword(o, "status", fleet.WorkspaceStatuses, fleet.WorkspaceEnabled),
		Country: parsed(o, "country", parseCountry),
		Parent:  id[fleet.WorkspaceID](o, "parent"),
	}
}

func decodeUser(o *object) User {
	o.require("id", "username")
	u := User{
		Password:   o.text("password"),
		SuperAdmin: o.truth("superadmin"),
		Roles:      decodeRoles(o),
	}
	u.User = fleet.User{
		ID:               id[fleet.UserID](o, "id"),
		Username:         parsed(o, "username", fleet.ParseUsername),
		Name:             parsed(o, "name", fleet.ParseName),
		Status:           keyword(o, "status", fleet.UserStatuses, fleet.UserActive),
		DefaultWorkspace: id[fleet.WorkspaceID](o, "default_workspace"),
	}
	u.Name = cmp.Or(u.Name, u.Username)
	return u
}

// decodeRoles reads {100: administrator, "200": observer}. SuperAdmin is not bound to a
// Workspace, so it is not accepted here.
func decodeRoles(o *object) map[fleet.WorkspaceID]fleet.Role {
	n := o.take("roles")
	if n == nil {
		return nil
	}
	list := newObject(place{o.key("roles"), n.GetToken().Position.Line}, n, o.problems)
	if list == nil {
		return nil
	}
	roles := make(map[fleet.WorkspaceID]fleet.Role, len(list.entries))
	for _, name := range slices.Sorted(maps.Keys(list.entries)) {
		if workspace, role := decodeRole(list, name); role != fleet.NoRole {
			roles[workspace] = role
		}
	}
	return roles
}

func decodeRole(list *object, name string) (fleet.WorkspaceID, fleet.Role) {
	workspace, ok := wholeNumber(name)
	if !ok {
		list.fault(name, fleet.InvalidFormat, "the key is not a Workspace id: write a whole number from 1")
		return 0, fleet.NoRole
	}
	n := list.take(name)
	if n == nil {
		list.fault(name, fleet.Required, "it has no role: write one of %s", fleet.Keywords(workspaceRoles))
		return 0, fleet.NoRole
	}
	if word, ok := n.(*ast.StringNode); ok && word.Value == "superadmin" {
		list.fault(name, fleet.NotAllowed, "superadmin is not a role of a single Workspace: write superadmin: true beside roles")
		return 0, fleet.NoRole
	}
	return fleet.WorkspaceID(workspace), keyword(list, name, workspaceRoles, fleet.NoRole)
}

var workspaceRoles = slices.DeleteFunc(slices.Clone(fleet.Roles), func(r fleet.Named[fleet.Role]) bool {
	return r.ID == fleet.SuperAdmin
})

func decodeDevice(o *object) fleet.Device {
	o.require("id", "workspace")
	return fleet.Device{
		ID:        id[fleet.DeviceID](o, "id"),
		Workspace: id[fleet.WorkspaceID](o, "workspace"),
		Name:      parsed(o, "name", fleet.ParseName),
		Status:    keyword(o, "status", fleet.DeviceStatuses, fleet.DeviceEnabled),

		Tags:           parsed(o, "tags", fleet.ParseTags),
		IMEI:           digits(o, "imei", parseIMEI),
		IMEILock:       o.truth("imei_lock"),
		IPAddress:      parsed(o, "ip_address", parseIP),
		ServiceProfile: id[int64](o, "service_profile"),
		TariffProfile:  id[int64](o, "tariff_profile"),
	}
}

func decodeProfile(o *object) fleet.Profile {
	o.require("id", "workspace", "kind", "name")
	return fleet.Profile{
		ID:        id[int64](o, "id"),
		Workspace: id[fleet.WorkspaceID](o, "workspace"),
		Kind:      keyword(o, "kind", fleet.ProfileKinds, fleet.ServiceProfile),
		Name:      parsed(o, "name", fleet.ParseName),
	}
}
