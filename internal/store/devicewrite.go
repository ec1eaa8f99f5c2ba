package store

import (
	"context"

	"github.com/simferry/simferry/internal/fleet"
)

const deviceInsert = `
	INSERT INTO devices (id, workspace_id, name, tags, imei, imei_lock, ip_address, status, service_profile_id, tariff_profile_id,
		created_at, updated_at, change_uid, ip_address_space_id) `

// deviceUpdate makes an insert update an existing device.
const deviceUpdate = ` ON CONFLICT (id) DO UPDATE SET workspace_id = excluded.workspace_id, name = excluded.name, tags = excluded.tags,
	imei = excluded.imei, imei_lock = excluded.imei_lock, ip_address = excluded.ip_address, status = excluded.status,
	service_profile_id = excluded.service_profile_id, tariff_profile_id = excluded.tariff_profile_id,
	updated_at = excluded.updated_at, change_uid = excluded.change_uid, ip_address_space_id = excluded.ip_address_space_id`

const deviceRow = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

const devicesPostgres = deviceInsert + `
	SELECT id, workspace, name, tags, imei, lock, ip, status, NULLIF(service, 0), NULLIF(tariff, 0), created, updated, NULLIF(:change_uid, ''), NULLIF(space, 0)
	FROM unnest(:ids::bigint[], :workspaces::bigint[], :names::text[], :tags::text[], :imeis::text[], :imei_locks::smallint[],
		:addresses::text[], :statuses::smallint[], :service_profiles::bigint[], :tariff_profiles::bigint[], :created::bigint[], :spaces::bigint[])
		AS t (id, workspace, name, tags, imei, lock, ip, status, service, tariff, created, space), (SELECT :updated_at::bigint AS updated) u`

var (
	insertDevicesPostgres = named(devicesPostgres)
	putDevicesPostgres    = named(devicesPostgres + deviceUpdate)

	insertDevicesSQLite = valuesText(deviceInsert+"VALUES %s", deviceRow)
	putDevicesSQLite    = valuesText(deviceInsert+"VALUES %s"+deviceUpdate, deviceRow)
)

// InsertDevices creates devices; it fails if an id is Taken. uid identifies the change: servers
// of an earlier version look for it after a lost commit. It may be "".
func (tx *Tx) InsertDevices(ctx context.Context, devices []fleet.Device, uid string) error {
	return tx.writeDevices(ctx, devices, uid, insertDevicesPostgres, insertDevicesSQLite)
}

// PutDevices updates devices, and creates those that do not exist. Existing devices must be
// locked.
func (tx *Tx) PutDevices(ctx context.Context, devices []fleet.Device, uid string) error {
	return tx.writeDevices(ctx, devices, uid, putDevicesPostgres, putDevicesSQLite)
}

// PutDevice inserts or replaces one device, like PutDevices.
func (tx *Tx) PutDevice(ctx context.Context, d fleet.Device) error {
	return tx.PutDevices(ctx, []fleet.Device{d}, "")
}

// writeDevices sets the creation time of new devices to the transaction's instant, unless they
// have one.
func (tx *Tx) writeDevices(ctx context.Context, devices []fleet.Device, uid string, postgres namedSQL, sqlite valuesTexts) error {
	if len(devices) == 0 {
		return nil
	}
	if tx.d == Postgres {
		p := tx.deviceArrays(devices)
		p["change_uid"], p["updated_at"] = uid, micros(tx.now)
		return tx.execNamed(ctx, postgres, p)
	}
	return inChunks(len(devices), func(first, size int) error {
		args := make([]any, 0, 14*size)
		for _, d := range devices[first : first+size] {
			args = append(args, int64(d.ID), int64(d.Workspace), d.Name, d.Tags, d.IMEI, flag(d.IMEILock), d.IPAddress, int64(d.Status),
				orNull(id64(d.ServiceProfile)), orNull(id64(d.TariffProfile)), tx.createdAt(d), micros(tx.now), textOrNull(uid), orNull(id64(d.IPAddressSpace)))
		}
		return tx.exec(ctx, sqlite[size], args...)
	})
}

// id64 is an id without a type of its own.
type id64 int64

func (tx *Tx) createdAt(d fleet.Device) int64 {
	if d.Created.IsZero() {
		return micros(tx.now)
	}
	return micros(d.Created)
}

// deviceArrays transposes the devices into one array per column.
func (tx *Tx) deviceArrays(devices []fleet.Device) params {
	return params{
		"ids":              column(devices, func(d fleet.Device) int64 { return int64(d.ID) }),
		"workspaces":       column(devices, func(d fleet.Device) int64 { return int64(d.Workspace) }),
		"names":            column(devices, func(d fleet.Device) string { return clean(d.Name) }),
		"tags":             column(devices, func(d fleet.Device) string { return clean(d.Tags) }),
		"imeis":            column(devices, func(d fleet.Device) string { return clean(d.IMEI) }),
		"imei_locks":       column(devices, func(d fleet.Device) int16 { return int16(flag(d.IMEILock)) }),
		"addresses":        column(devices, func(d fleet.Device) string { return clean(d.IPAddress) }),
		"statuses":         column(devices, func(d fleet.Device) int16 { return int16(d.Status) }),
		"service_profiles": column(devices, func(d fleet.Device) int64 { return d.ServiceProfile }),
		"tariff_profiles":  column(devices, func(d fleet.Device) int64 { return d.TariffProfile }),
		"created":          column(devices, tx.createdAt),
		"spaces":           column(devices, func(d fleet.Device) int64 { return d.IPAddressSpace }),
	}
}

const eventInsert = "INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description) "

var insertEventsSQLite = valuesText(eventInsert+"VALUES %s", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")

var insertEventsPostgres = named(eventInsert + `
	SELECT :at::bigint, t.type, ` + apiSource + `, t.severity, t.workspace_id, :user_id::bigint, NULLIF(t.sim_id, 0), NULLIF(t.device_id, 0), NULL, t.description
	FROM unnest(` + eventArrays + `)
		WITH ORDINALITY AS t (type, severity, workspace_id, sim_id, device_id, description, ordinal) ORDER BY t.ordinal`)

// InsertEvents writes events without a ledger entry, at the transaction's instant and by one
// user.
func (tx *Tx) InsertEvents(ctx context.Context, by fleet.UserID, events []fleet.Event) error {
	if len(events) == 0 {
		return nil
	}
	if tx.d == Postgres {
		p := params{"at": micros(tx.now), "user_id": orNull(by)}
		p.add(eventArrayNames, Change{Events: events}.eventColumns()...)
		return tx.execNamed(ctx, insertEventsPostgres, p)
	}
	return inChunks(len(events), func(first, size int) error {
		args := make([]any, 0, 10*size)
		for _, e := range events[first : first+size] {
			args = append(args, micros(tx.now), int64(e.Type), int64(fleet.SourceAPI), int64(e.Severity), int64(e.Workspace), orNull(by),
				orNull(e.SIM), orNull(e.Device), nil, e.Description)
		}
		return tx.exec(ctx, insertEventsSQLite[size], args...)
	})
}
