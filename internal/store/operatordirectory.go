package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// DeviceRecord is a device and the SIM that is in it, 0 if none is.
type DeviceRecord struct {
	fleet.Device
	SIM fleet.SIMID
}

// Devices reads the devices with these ids, including deleted ones. An id that no device has is not
// in the result.
func (tx *Tx) Devices(ctx context.Context, ids []fleet.DeviceID) (map[fleet.DeviceID]DeviceRecord, error) {
	found := make(map[fleet.DeviceID]DeviceRecord)
	w := where{tx: tx}
	w.and(w.in("d.id", arrayParam(tx, ids)))
	err := tx.queryEach(ctx, "SELECT "+deviceColumns+", COALESCE(s.id, 0) FROM devices d LEFT JOIN sims s ON s.device_id = d.id WHERE "+w.String(), w.args, func(r rows) error {
		var sim int64
		d, err := scanDevice(r, &sim)
		found[d.ID] = DeviceRecord{d, fleet.SIMID(sim)}
		return err
	})
	return found, err
}

// AllMemberships reads the roles of every user, by user and Workspace. It is for the
// operator.
func (tx *Tx) AllMemberships(ctx context.Context) (map[fleet.UserID][]fleet.Membership, error) {
	return tx.memberships(ctx, &where{tx: tx})
}

func (tx *Tx) memberships(ctx context.Context, w *where) (map[fleet.UserID][]fleet.Membership, error) {
	all := make(map[fleet.UserID][]fleet.Membership)
	err := tx.queryEach(ctx, `
		SELECT `+workspaceColumns+`, m.user_id, m.status, r.role
		FROM memberships m JOIN membership_roles r USING (user_id, workspace_id) JOIN workspaces w ON w.id = m.workspace_id
		WHERE `+w.String()+" ORDER BY m.user_id, m.workspace_id, r.role", w.args, func(r rows) error {
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
