package store

import (
	"context"
	"time"

	"github.com/simferry/simferry/internal/fleet"
)

// TrustedDevice is a device on which a user needs no code until it expires.
type TrustedDevice struct {
	ID              int64
	User            fleet.UserID
	Fingerprint     []byte // hashed
	Name            string
	OperatingSystem string
	Browser         string
	Created         time.Time
	Expires         time.Time
}

var trustDevice = insertion("trusted_devices",
	"user_id fingerprint name operating_system browser created_at expires_at", `
	ON CONFLICT (user_id, fingerprint) DO UPDATE SET name = excluded.name, operating_system = excluded.operating_system,
		browser = excluded.browser, created_at = excluded.created_at, expires_at = excluded.expires_at`)

// TrustDevice stores a device, or renews the trust of a stored one.
func (tx *Tx) TrustDevice(ctx context.Context, d TrustedDevice) error {
	return tx.execNamed(ctx, trustDevice, params{
		"user_id": int64(d.User), "fingerprint": d.Fingerprint, "name": d.Name, "operating_system": d.OperatingSystem,
		"browser": d.Browser, "created_at": micros(tx.now), "expires_at": micros(d.Expires),
	})
}

// TrustedDevices reads the devices of a user that are trusted now, by id.
func (tx *Tx) TrustedDevices(ctx context.Context, user fleet.UserID) ([]TrustedDevice, error) {
	return tx.trusted(ctx, "d.user_id = $1", int64(user))
}

// TrustedDeviceOf finds the device of the user with that name, in lower case, by its
// fingerprint.
func (tx *Tx) TrustedDeviceOf(ctx context.Context, username string, fingerprint []byte) (d TrustedDevice, found bool, err error) {
	list, err := tx.trusted(ctx, "d.user_id = (SELECT id FROM users WHERE username = $1) AND d.fingerprint = $3", username, fingerprint)
	if len(list) == 0 {
		return d, false, err
	}
	return list[0], true, err
}

// trusted reads devices; $2 is now.
func (tx *Tx) trusted(ctx context.Context, condition string, first any, more ...any) ([]TrustedDevice, error) {
	var all []TrustedDevice
	err := tx.queryEach(ctx, `
		SELECT d.id, d.user_id, d.fingerprint, d.name, d.operating_system, d.browser, d.created_at, d.expires_at
		FROM trusted_devices d WHERE `+condition+" AND d.expires_at > $2 ORDER BY d.id",
		append([]any{first, micros(tx.now)}, more...), func(r rows) error {
			var d TrustedDevice
			var created, expires int64
			err := r.Scan(&d.ID, &d.User, &d.Fingerprint, &d.Name, &d.OperatingSystem, &d.Browser, &created, &expires)
			d.Created, d.Expires = fromMicros(created), fromMicros(expires)
			all = append(all, d)
			return err
		})
	return all, err
}

// DeleteTrustedDevice deletes a trusted device; found is false if the user has none of that id.
func (tx *Tx) DeleteTrustedDevice(ctx context.Context, user fleet.UserID, id int64) (found bool, err error) {
	n, err := tx.execRows(ctx, "DELETE FROM trusted_devices WHERE user_id = $1 AND id = $2", int64(user), id)
	return n > 0, err
}
