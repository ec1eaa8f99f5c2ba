package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// UndoSnapshot reads the planner's input for an undo; found is false if the caller may not see
// the migration. Errors: those of fleet.UndoRequest.Lines. lock locks the previous devices and then
// the SIMs until the transaction ends, both in the order of their ids, as other writes do.
func (tx *Tx) UndoSnapshot(ctx context.Context, caller Caller, token fleet.WorkspaceID, req fleet.UndoRequest, lock bool) (snap fleet.UndoSnapshot, found bool, err error) {
	snap.Entry, found, err = tx.Migration(ctx, caller, token, req.Migration)
	if err != nil || !found {
		return snap, false, err
	}
	if _, err := req.Lines(snap.Entry); err != nil {
		return snap, false, err
	}
	homes := []fleet.WorkspaceID{snap.Entry.Target.ID}
	var devices []fleet.DeviceID
	for _, l := range snap.Entry.Lines {
		homes = append(homes, l.Before.Workspace)
		if l.Before.Device != 0 && req.RestoreDevices {
			devices = append(devices, l.Before.Device)
		}
	}
	if snap.Devices, err = tx.previousDevices(ctx, caller, devices, lock); err != nil {
		return snap, false, err
	}
	snap.Snapshot, err = tx.snapshot(ctx, caller, req.Selector(snap.Entry), lock, fleet.Once(homes)...)
	if err != nil {
		return snap, false, err
	}
	attached, err := tx.HeldBy(ctx, devices)
	if err != nil {
		return snap, false, err
	}
	for device, sim := range attached {
		if d, exists := snap.Devices[device]; exists {
			d.Held = sim
			snap.Devices[device] = d
		}
	}
	snap.Undone, err = tx.undone(ctx, req.Migration)
	return snap, true, err
}

// previousDevices reads devices of the caller's Workspaces, deleted ones left out. A lock keeps
// SIMs out of them until the transaction ends.
func (tx *Tx) previousDevices(ctx context.Context, caller Caller, ids []fleet.DeviceID, lock bool) (map[fleet.DeviceID]fleet.DeviceState, error) {
	found := make(map[fleet.DeviceID]fleet.DeviceState, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	w := where{tx: tx}
	w.and("d.status <> " + deletedDevice)
	w.and(w.in("d.id", arrayParam(tx, ids)))
	if !caller.SuperAdmin {
		w.and("d.workspace_id IN (SELECT m.workspace_id FROM memberships m WHERE m.status = " + activeMember + " AND m.user_id = " + w.arg(int64(caller.User)) + ")")
	}
	text := "SELECT d.id, d.workspace_id, d.name FROM devices d WHERE " + w.String()
	if lock {
		text += tx.dialectSQL("", " ORDER BY d.id FOR NO KEY UPDATE OF d")
	}
	err := tx.queryEach(ctx, text, w.args, func(r rows) error {
		var id fleet.DeviceID
		var d fleet.DeviceState
		err := r.Scan(&id, &d.Workspace, &d.Name)
		found[id] = d
		return err
	})
	return found, err
}

// undone reads which SIMs of a migration have been moved back, and by which undo.
func (tx *Tx) undone(ctx context.Context, id fleet.MigrationID) (map[fleet.SIMID]fleet.MigrationID, error) {
	found := make(map[fleet.SIMID]fleet.MigrationID)
	err := tx.queryEach(ctx, "SELECT l.sim_id, u.id FROM ledger u JOIN ledger_lines l ON l.ledger_id = u.id WHERE u.undoes = $1",
		[]any{int64(id)}, func(r rows) error {
			var sim fleet.SIMID
			var by fleet.MigrationID
			err := r.Scan(&sim, &by)
			found[sim] = by
			return err
		})
	return found, err
}
