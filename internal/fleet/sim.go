package fleet

import "time"

// SIM is a card as the inventory keeps it.
type SIM struct {
	ID         SIMID
	ICCID      ICCID
	EID        string // "" for a card that is no eSIM
	IMSI       string
	MSISDN     string
	Status     SIMStatus
	Workspace  WorkspaceID // who has it; the wire's customer_org
	Issuer     WorkspaceID // who issued it; a migration never changes this
	Reseller   WorkspaceID // 0 where none
	Device     DeviceID    // 0 where unattached
	DeviceName string
	Produced   time.Time
	Activated  time.Time // zero until the first activation, then kept
	Version    int64     // number of changes since import
}

// Device is the thing a SIM sits in; the wire calls it an endpoint.
type Device struct {
	ID        DeviceID
	Workspace WorkspaceID
	Name      string
	Status    DeviceStatus
	Created   time.Time
}

// DeviceStatus tells whether a device may use the network.
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

// ProfileKind separates the two lists of named profiles that a device refers to.
type ProfileKind int8

// The kinds of a profile; ids are unique per kind.
const (
	ServiceProfile ProfileKind = 0
	TariffProfile  ProfileKind = 1
)

// ProfileKinds lists every kind with its name in the world file.
var ProfileKinds = []Named[ProfileKind]{
	{ID: ServiceProfile, Name: "Service"},
	{ID: TariffProfile, Name: "Tariff"},
}

// Profile is a named service or tariff profile of a Workspace.
type Profile struct {
	ID        int64
	Workspace WorkspaceID
	Kind      ProfileKind
	Name      string
}

// State is what the planner and the ledger know of the SIM.
func (s SIM) State() SIMState {
	return SIMState{
		ID: s.ID, ICCID: s.ICCID, Status: s.Status, Workspace: s.Workspace,
		Device: s.Device, DeviceName: s.DeviceName, Version: s.Version,
	}
}
