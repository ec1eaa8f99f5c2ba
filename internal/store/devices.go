package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

// updatedAt is the time of a device's last change; devices written by an older server have only
// the time of creation.
const updatedAt = "COALESCE(d.updated_at, d.created_at)"

const deviceColumns = `d.id, d.workspace_id, d.name, d.tags, d.imei, d.imei_lock, d.ip_address, d.status,
	COALESCE(d.service_profile_id, 0), COALESCE(d.tariff_profile_id, 0), COALESCE(d.ip_address_space_id, 0), d.created_at, ` + updatedAt

func scanDevice(r rows, more ...any) (fleet.Device, error) {
	var id, workspace, lock, status, service, tariff, space, created, updated int64
	var d fleet.Device
	err := r.Scan(append([]any{
		&id, &workspace, &d.Name, &d.Tags, &d.IMEI, &lock, &d.IPAddress, &status, &service, &tariff, &space, &created, &updated,
	}, more...)...)
	d.ID, d.Workspace, d.IMEILock, d.Status = fleet.DeviceID(id), fleet.WorkspaceID(workspace), lock != 0, fleet.DeviceStatus(status)
	d.ServiceProfile, d.TariffProfile, d.IPAddressSpace = service, tariff, space
	d.Created, d.Updated = fromMicros(created), fromMicros(updated)
	return d, err
}

var deviceFields = map[string]string{
	"id": "d.id", "name": "d.name", "status": "d.status", "tags": "d.tags", "imei": "d.imei", "ip_address": "d.ip_address",
	"service_profile": "d.service_profile_id", "tariff_profile": "d.tariff_profile_id",
	"sim": simOfDevice("id"), "sim_status": simOfDevice("status"), "iccid": simOfDevice("iccid"), "iccid_with_luhn": simOfDevice("iccid"), "imsi": simOfDevice("imsi"),
	"created": "d.created_at", "last_updated": updatedAt,
}

// simOfDevice returns a column of the SIM in a device d. With a join an engine could look for the
// SIM first, by the value of a filter: the time would show whether others have it.
func simOfDevice(column string) string {
	return "(SELECT x." + column + " FROM sims x WHERE x.device_id = d.id)"
}

// DevicesOf reads those of the devices that a Workspace has, deleted ones left out. lock locks
// them until the transaction ends, so that no SIM is put into them. They are locked in the
// order of their ids, and before any SIM.
func (tx *Tx) DevicesOf(ctx context.Context, ws fleet.WorkspaceID, ids []fleet.DeviceID, lock bool) (map[fleet.DeviceID]fleet.Device, error) {
	w := where{tx: tx}
	w.and("d.workspace_id = " + w.arg(int64(ws)))
	w.and("d.status <> " + deletedDevice)
	w.and(scopedIDs(&w, "devices", "d.id", int64(ws), deviceOwners, ids))
	text := "SELECT " + deviceColumns + " FROM devices d WHERE " + w.String()
	if lock {
		text += tx.dialectSQL("", " ORDER BY d.id FOR NO KEY UPDATE")
	}
	found := make(map[fleet.DeviceID]fleet.Device, len(ids))
	err := tx.queryEach(ctx, text, w.args, func(r rows) error {
		d, err := scanDevice(r)
		found[d.ID] = d
		return err
	})
	return found, err
}

// HeldBy finds the SIM in each of the devices.
func (tx *Tx) HeldBy(ctx context.Context, devices []fleet.DeviceID) (map[fleet.DeviceID]fleet.SIMID, error) {
	w := where{tx: tx}
	w.and(w.in("s.device_id", arrayParam(tx, devices)))
	attached := make(map[fleet.DeviceID]fleet.SIMID)
	err := tx.queryEach(ctx, "SELECT s.device_id, s.id FROM sims s WHERE "+w.String(), w.args, func(r rows) error {
		var device, sim int64
		err := r.Scan(&device, &sim)
		attached[fleet.DeviceID(device)] = fleet.SIMID(sim)
		return err
	})
	return attached, err
}

// LockedSIMs reads those of the SIMs that a Workspace has, deleted ones left out. They stay
// as they are until the transaction ends, and are locked in the order of their ids, as a
// migration locks them.
func (tx *Tx) LockedSIMs(ctx context.Context, ws fleet.WorkspaceID, ids []fleet.SIMID) (map[fleet.SIMID]fleet.SIMState, error) {
	w := where{tx: tx}
	w.and("s.workspace_id = " + w.arg(int64(ws)))
	w.and("s.status <> " + deletedSIM)
	w.and(scopedIDs(&w, "sims", "s.id", int64(ws), simOwners[:1], ids))
	sims, err := tx.states(ctx, stateColumns+" FROM sims s WHERE "+w.String()+tx.dialectSQL("", " ORDER BY s.id FOR NO KEY UPDATE OF s"), w.args)
	found := make(map[fleet.SIMID]fleet.SIMState, len(sims))
	for _, s := range sims {
		found[s.ID] = s
	}
	return found, err
}

// SIMsIn reads the SIMs in devices of a Workspace. The sum hides the Workspace from the indexes:
// without statistics, an engine looks through all SIMs of the Workspace.
func (tx *Tx) SIMsIn(ctx context.Context, ws fleet.WorkspaceID, devices []fleet.DeviceID) (found []fleet.SIM, err error) {
	w := where{tx: tx}
	w.and("s.workspace_id + 0 = " + w.arg(int64(ws)))
	w.and(w.in("s.device_id", arrayParam(tx, devices)))
	err = tx.queryEach(ctx, "SELECT "+simColumns+" FROM sims s WHERE "+w.String(), w.args, func(r rows) error {
		s, err := scanSIM(r)
		found = append(found, s)
		return err
	})
	return found, err
}

// CountDevices counts the devices that are not deleted, of one Workspace if ws is not 0.
func (tx *Tx) CountDevices(ctx context.Context, ws fleet.WorkspaceID) (n int, err error) {
	w := where{tx: tx}
	w.existing(ws)
	_, err = tx.queryRow(ctx, "SELECT count(*) FROM devices d WHERE "+w.String(), w.args, &n)
	return n, err
}

// EachDevice calls give for each of those devices, by id.
func (tx *Tx) EachDevice(ctx context.Context, ws fleet.WorkspaceID, give func(fleet.Device) error) error {
	w := where{tx: tx}
	w.existing(ws)
	return tx.queryEach(ctx, "SELECT "+deviceColumns+" FROM devices d WHERE "+w.String()+" ORDER BY d.id", w.args, func(r rows) error {
		d, err := scanDevice(r)
		if err != nil {
			return err
		}
		return give(d)
	})
}

// existing limits a query on devices d to those that are not deleted.
func (w *where) existing(ws fleet.WorkspaceID) {
	w.and("d.status <> " + deletedDevice)
	if ws != 0 {
		w.and("d.workspace_id = " + w.arg(int64(ws)))
	}
}
