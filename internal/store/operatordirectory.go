package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// DeviceRecord is a device and the SIM that sits in it, 0 where none does.
type DeviceRecord struct {
	fleet.Device
	SIM fleet.SIMID
}

// Devices reads those of the devices that exist.
func (tx *Tx) Devices(ctx context.Context, ids []fleet.DeviceID) (map[fleet.DeviceID]DeviceRecord, error) {
	found := make(map[fleet.DeviceID]DeviceRecord)
	w := where{tx: tx}
	w.and(w.in("d.id", list(tx, ids)))
	err := tx.each(ctx, `
		SELECT d.id, d.workspace_id, d.name, d.status, d.created_at, COALESCE(s.id, 0)
		FROM devices d LEFT JOIN sims s ON s.device_id = d.id WHERE `+w.String(), w.args, func(r rows) error {
		var d DeviceRecord
		var created int64
		err := r.Scan(&d.ID, &d.Workspace, &d.Name, &d.Status, &created, &d.SIM)
		d.Created = fromMicros(created)
		found[d.ID] = d
		return err
	})
	return found, err
}

// ProfileKey names a profile: ids are unique per kind.
type ProfileKey struct {
	Kind fleet.ProfileKind
	ID   int64
}

// AllProfiles reads every profile. It is for the operator.
func (tx *Tx) AllProfiles(ctx context.Context) (map[ProfileKey]fleet.Profile, error) {
	all := make(map[ProfileKey]fleet.Profile)
	err := tx.each(ctx, "SELECT kind, id, workspace_id, name FROM profiles", nil, func(r rows) error {
		var p fleet.Profile
		err := r.Scan(&p.Kind, &p.ID, &p.Workspace, &p.Name)
		all[ProfileKey{p.Kind, p.ID}] = p
		return err
	})
	return all, err
}

// AllMemberships reads the roles of every user, by user and Workspace. It is for the
// operator.
func (tx *Tx) AllMemberships(ctx context.Context) (map[fleet.UserID][]fleet.Membership, error) {
	all := make(map[fleet.UserID][]fleet.Membership)
	err := tx.each(ctx, `
		SELECT `+workspaceColumns+`, m.user_id, m.status, r.role
		FROM memberships m JOIN membership_roles r USING (user_id, workspace_id) JOIN workspaces w ON w.id = m.workspace_id
		ORDER BY m.user_id, m.workspace_id, r.role`, nil, func(r rows) error {
		var m fleet.Membership
		var role fleet.Role
		err := scanWorkspace(r, &m.Workspace, &m.User, &m.Status, &role)
		m.Roles = []fleet.Role{role}
		all[m.User] = withMembership(all[m.User], m)
		return err
	})
	return all, err
}

// withMembership joins the roles of one Workspace, whose rows follow one another.
func withMembership(all []fleet.Membership, m fleet.Membership) []fleet.Membership {
	if n := len(all); n > 0 && all[n-1].Workspace.ID == m.Workspace.ID {
		all[n-1].Roles = append(all[n-1].Roles, m.Roles...)
		return all
	}
	return append(all, m)
}
