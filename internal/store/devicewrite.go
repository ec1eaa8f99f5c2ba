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
	SELECT id, workspace, name, tags, imei, lock, ip, status, NULLIF(service, 0), NULLIF(tariff, 0), created, updated, NULLIF($13, ''), NULLIF(space, 0)
	FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
		AS t (id, workspace, name, tags, imei, lock, ip, status, service, tariff, created, space), (SELECT $14::bigint AS updated) u`

var (
	insertDevicesSQLite = valuesText(deviceInsert+"VALUES %s", deviceRow)
	putDevicesSQLite    = valuesText(deviceInsert+"VALUES %s"+deviceUpdate, deviceRow)
)

// InsertDevices creates devices; it fails if an id is Taken. uid identifies the change: servers
// of an earlier version look for it after a lost commit. It may be "".
func (tx *Tx) InsertDevices(ctx context.Context, devices []fleet.Device, uid string) error {
	return tx.writeDevices(ctx, devices, uid, devicesPostgres, insertDevicesSQLite)
}

// PutDevices updates devices, and creates those that do not exist. Existing devices must be
// locked.
func (tx *Tx) PutDevices(ctx context.Context, devices []fleet.Device, uid string) error {
	return tx.writeDevices(ctx, devices, uid, devicesPostgres+deviceUpdate, putDevicesSQLite)
}

// PutDevice is PutDevices for one.
func (tx *Tx) PutDevice(ctx context.Context, d fleet.Device) error {
	return tx.PutDevices(ctx, []fleet.Device{d}, "")
}

// writeDevices sets the creation time of new devices to the transaction's instant, unless they
// have one.
func (tx *Tx) writeDevices(ctx context.Context, devices []fleet.Device, uid, postgres string, sqlite valuesTexts) error {
	if len(devices) == 0 {
		return nil
	}
	if tx.d == Postgres {
		return tx.exec(ctx, postgres, append(tx.deviceArrays(devices), uid, micros(tx.now))...)
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
func (tx *Tx) deviceArrays(devices []fleet.Device) []any {
	n := len(devices)
	texts, numbers, small := make([]string, 4*n), make([]int64, 6*n), make([]int16, 2*n)
	text := func(i int) []string { return texts[i*n : (i+1)*n] }
	number := func(i int) []int64 { return numbers[i*n : (i+1)*n] }
	lock, status := small[:n], small[n:]
	for i, d := range devices {
		text(0)[i], text(1)[i], text(2)[i], text(3)[i] = clean(d.Name), clean(d.Tags), clean(d.IMEI), clean(d.IPAddress)
		number(0)[i], number(1)[i], number(2)[i] = int64(d.ID), int64(d.Workspace), d.ServiceProfile
		number(3)[i], number(4)[i], number(5)[i] = d.TariffProfile, tx.createdAt(d), d.IPAddressSpace
		lock[i], status[i] = int16(flag(d.IMEILock)), int16(d.Status)
	}
	return []any{number(0), number(1), text(0), text(1), text(2), lock, text(3), status, number(2), number(3), number(4), number(5)}
}

const eventInsert = "INSERT INTO events (at, type, source, severity, workspace_id, user_id, sim_id, device_id, ledger_id, description) "

var insertEventsSQLite = valuesText(eventInsert+"VALUES %s", "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")

const insertEventsPostgres = eventInsert + `
	SELECT $1::bigint, t.type, ` + apiSource + `, t.severity, t.workspace_id, $2::bigint, NULLIF(t.sim_id, 0), NULLIF(t.device_id, 0), NULL, t.description
	FROM unnest($3::smallint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])
		WITH ORDINALITY AS t (type, severity, workspace_id, sim_id, device_id, description, ordinal) ORDER BY t.ordinal`

// InsertEvents writes events without a ledger entry, at the transaction's instant and by one
// user.
func (tx *Tx) InsertEvents(ctx context.Context, by fleet.UserID, events []fleet.Event) error {
	if len(events) == 0 {
		return nil
	}
	if tx.d == Postgres {
		return tx.exec(ctx, insertEventsPostgres, append([]any{micros(tx.now), orNull(by)}, Change{Events: events}.eventColumns()...)...)
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
