package fleet

import "time"

// Device is the device that a SIM is in; the API calls it an endpoint.
type Device struct {
	ID             DeviceID
	Workspace      WorkspaceID
	Name           string // "" for none, as in the four fields below
	Tags           string // as sent, separated by commas
	IMEI           string // 14 to 16 digits
	IMEILock       bool   // whether the SIM works with this IMEI only
	IPAddress      string // in canonical form
	IPAddressSpace int64  // that the address belongs to, 0 for none; stored but not interpreted
	Status         DeviceStatus
	ServiceProfile int64 // 0 for none, as in TariffProfile
	TariffProfile  int64
	Created        time.Time
	Updated        time.Time // of the last change of the device itself, not counting migrations
}

// DeviceStatus says whether a device may use the network.
type DeviceStatus int8

// The statuses of a device.
const (
	DeviceEnabled  DeviceStatus = 0
	DeviceDisabled DeviceStatus = 1
	DeviceDeleted  DeviceStatus = 2
)

// DeviceStatuses lists every status with its wire name, by id.
var DeviceStatuses = []Named[DeviceStatus]{
	{ID: DeviceEnabled, Name: "Enabled"},
	{ID: DeviceDisabled, Name: "Disabled"},
	{ID: DeviceDeleted, Name: "Deleted"},
}

func (s DeviceStatus) String() string { return NameOf(DeviceStatuses, s) }

// Known reports whether the id is one of DeviceStatuses.
func (s DeviceStatus) Known() bool { return known(DeviceStatuses, s) }
